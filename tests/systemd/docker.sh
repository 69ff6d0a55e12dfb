#!/usr/bin/env bash
# A whole node whose engine is docker, in tier B: it answers from outside, its containers are as hard as podman's, what
# they print is in the journal once, and it comes back from a killed process, a restart of docker, a reboot and a power
# cut. And the layout of Flatcar, which brings docker.
set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh
. tests/lib/node.sh
lab_up
dir=$(mktemp -d)
node=t-docker
trap 'lab_down; rm -rf "$dir"' EXIT

ok "settings are made" make_settings "$dir/n" --set machine.engine=docker
ok "the config is rendered" "$stead" render ignition --dir "$dir/n" -o "$dir/config.ign"
ok "a machine takes the config" "$lab" node start $node "$dir/config.ign"
ok "the node becomes ready" node_ready $node || {
	inside $node journalctl --no-pager -n 80 | sed 's/^/# /'
	tap_done
}
ok "it answers from outside" prove $node "$dir"
is "no unit has failed" "$(inside $node systemctl --failed --no-legend)" ""
is "docker runs both containers" "$(inside $node docker ps --format '{{.Names}}' | sort | xargs)" "stead-caddy stead-snac"
is "podman runs none" "$(inside $node podman ps -aq)" ""

# --- containers are as hard as the settings say ---
inspect() { inside $node docker inspect stead-"$1" --format "$2"; }
of_process() { # NAME FIELD...: what the kernel says
	inside $node awk -v "key=^($2):" '$0 ~ key { print $2 }' "/proc/$(inspect "$1" '{{.State.Pid}}')/status" | sort -u
}
for p in snac caddy; do
	is "$p: no new privileges, root read-only" \
		"$(inspect $p '{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.SecurityOpt}}')" "true [no-new-privileges]"
	is "$p: the kernel says so" "$(of_process $p NoNewPrivs)" 1
	is "$p: does not run as root" "$(of_process $p Uid)" "$([ $p = snac ] && echo 10001 || echo 10080)"
	ok "$p: cannot write to its root" inside $node docker exec stead-$p sh -c '! touch /usr/x /etc/x 2>/dev/null'
	ok "$p: but to its scratch folders" inside $node docker exec stead-$p touch /tmp/x /run/x /var/tmp/x
	is "$p: no engine socket inside" "$(inside $node docker exec stead-$p sh -c 'ls /var/run/docker.sock /run/docker.sock 2>/dev/null')" ""
done
is "snac keeps no capability" "$(of_process snac 'Cap(Prm|Eff|Bnd|Amb)')" 0000000000000000
is "caddy may have one, to bind low ports" "$(of_process caddy CapBnd)" 0000000000000400
is "limits are asked for" "$(inside $node systemctl cat stead-snac stead-caddy | grep -c -- '--pids-limit=2048')" 2
is "nobody is in docker's group" "$(inside $node getent group docker | cut -d: -f4)" ""

# --- what it prints is in the journal, once and under its unit's name; the login is nowhere ---
is "the journal has what snac says at its start, once" \
	"$(inside $node journalctl --no-pager -o cat SYSLOG_IDENTIFIER=stead-snac + CONTAINER_NAME=stead-snac | grep -c 'httpd start')" 1
inside $node stead-node login --json | jq -r .password >"$dir/words"
ok "there is a login to look for" grep -q '........' "$dir/words"
{
	inside $node journalctl --no-pager -o export
	inside $node docker inspect stead-snac stead-caddy
	inside $node cat /etc/systemd/system/stead-snac.service /etc/stead/node.json
} >"$dir/everything" 2>&1
ok "no login in journal, containers and units" test "$(grep -acFf "$dir/words" "$dir/everything")" = 0

# --- it comes back ---
restarts() { inside $node systemctl show -P NRestarts stead-snac; }
inside $node sh -c 'kill -9 $(docker inspect stead-snac --format "{{.State.Pid}}")'
again() { [ "$(restarts)" = 1 ] && inside $node systemctl is-active stead-snac && inside $node stead-node status; }
ok "a killed process is started again" until_ok 60 again
inside $node systemctl stop stead-app.target
stopped() { [ "$(inside $node systemctl is-active stead-snac stead-caddy | sort -u)" = inactive ]; }
ok "a stopped target stops the processes" until_ok 60 stopped
is "and nothing of them is left" "$(inside $node docker ps -aq)" ""
inside $node systemctl start stead-app.target
ok "and starts them again" node_ready $node 120
inside $node systemctl restart docker.service
ok "a restart of docker is survived" node_ready $node 120
ok "with the same owner, login and posts" prove $node "$dir"
ok "a reboot" "$lab" node restart $node
ok "is survived" node_ready $node 120
ok "a power cut" "$lab" node kill $node
ok "is survived too" node_ready $node 120
ok "with the same owner, login and posts" prove $node "$dir"
is "a job that is done is not done again" \
	"$(inside $node sh -c 'cat /var/lib/stead/state/jobs/setup.json' | jq -r '[.steps[].attempt] | max')" 1
"$lab" node stop $node

# --- Flatcar ---
node=t-flatcar
ok "flatcar: settings are made" make_settings "$dir/f"
sed -i 's/os: fcos$/os: flatcar/' "$dir/f/stead.yaml"
ok "flatcar: the config is rendered" "$stead" render ignition --dir "$dir/f" -o "$dir/flatcar.ign"
ok "flatcar: a machine takes the config" "$lab" node start $node "$dir/flatcar.ign"
ok "flatcar: the node becomes ready" node_ready $node
is "flatcar: on docker" "$(inside $node jq -r .engine /etc/stead/node.json)" docker
is "flatcar: the agent is where it can be" "$(inside $node sh -c 'command -v stead-node')" /opt/bin/stead-node
ok "flatcar: it answers from outside" prove $node "$dir"
tap_done
