#!/usr/bin/env bash
# A whole node in tier B: what was rendered is what is there, it answers, its secrets stay where they
# belong, and it comes back from a killed process, a stopped target, a reboot and power cuts.
set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh
. tests/lib/node.sh
lab_up
dir=$(mktemp -d)
node=t-node
trap 'lab_down; rm -rf "$dir"' EXIT

ok "settings are made" make_settings "$dir/n"
ok "the config is rendered" "$stead" render ignition --dir "$dir/n" -o "$dir/config.ign"
ok "the config is for its owner only" test "$(stat -c %a "$dir/config.ign")" = 600
ok "a machine takes the config" "$lab" node start $node "$dir/config.ign"
ok "the node becomes ready" node_ready $node || {
	inside $node journalctl --no-pager -n 80 | sed 's/^/# /'
	tap_done
}
ok "it answers from outside" prove $node "$dir"

# --- what was rendered is what is there ---
"$stead" render tree "$dir/tree" --dir "$dir/n" >"$dir/list" 2>/dev/null
as_rendered() {
	local kind mode owner path bad=0
	while read -r kind mode owner path; do
		case $kind in
		file | dir)
			[ "$(inside $node stat -c '%04a %u:%g' "$path")" = "$mode $owner" ] || {
				echo "$path: wanted $mode $owner, is $(inside $node stat -c '%04a %u:%g' "$path")"
				bad=1
			}
			;;&
		file)
			inside $node cat "$path" | cmp - "$dir/tree$path" || bad=1
			;;
		unit)
			[ "$(inside $node systemctl is-enabled "$mode")" = "$owner" ] || {
				echo "$mode is not $owner"
				bad=1
			}
			;;
		esac
	done <"$dir/list"
	return $bad
}
ok "the list of what is rendered is not empty" test "$(wc -l <"$dir/list")" -gt 20
ok "files, modes, owners and units are as rendered" as_rendered
is "the admin's key is there" \
	"$(inside $node cat /home/core/.ssh/authorized_keys.d/ignition)" "$(cat "$dir/n.key.pub")"
is "the host name is set" "$(inside $node cat /etc/hostname)" node.example.test
is "no unit has failed" "$(inside $node systemctl --failed --no-legend)" ""
is "the data folder is closed" "$(inside $node stat -c '%a %u:%g' /var/lib/stead)" "700 0:0"
is "the volume is the process's" \
	"$(inside $node stat -c '%a %u:%g' /var/lib/stead/data/snac/data)" "700 10001:10001"
is "the sentinel names domain and lineage" \
	"$(inside $node cat /var/lib/stead/sentinel.json | jq -r '.domain + " " + .lineage')" \
	"$web $(sed -n 's/^lineage: *//p' "$dir/n/stead.lock" | tr -d '"')"

# --- containers are as hard as the settings say ---
inspect() { inside $node podman inspect stead-"$1" --format "$2"; }
for p in snac caddy; do
	is "$p: no new privileges, root read-only" \
		"$(inspect $p '{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.SecurityOpt}}')" "true [no-new-privileges]"
	is "$p: does not run as root" \
		"$(inside $node sh -c "awk '/^Uid/ {print \$2}' /proc/\$(podman inspect stead-$p --format '{{.State.Pid}}')/status")" \
		"$([ $p = snac ] && echo 10001 || echo 10080)"
	is "$p: no engine socket inside" \
		"$(inside $node podman exec stead-$p sh -c 'ls /run/podman /var/run/docker.sock 2>/dev/null')" ""
done
is "snac keeps no capability" \
	"$(inside $node sh -c "awk '/^Cap(Prm|Eff|Bnd|Amb)/ {print \$2}' /proc/\$(podman inspect stead-snac --format '{{.State.Pid}}')/status" | sort -u)" \
	0000000000000000
active_at() { inside $node systemctl show -P ActiveEnterTimestampMonotonic "$1"; }
ok "the firewall was there before the network and the first container" \
	test "$(active_at stead-firewall.service)" -lt "$(active_at stead-ext-network.service)"
ok "the firewall's table is loaded" inside $node nft list table inet stead

# --- no secret where it does not belong ---
inside $node stead-node login --json | jq -r .password >"$dir/words"
sed -n '/BEGIN/,/END/p' "$dir/n/stead.secrets.yaml" | grep -v -- '-----' | tr -d ' "' | head -n 3 | tail -n 1 >>"$dir/words"
ok "there are secrets to look for" test "$(grep -c '........' "$dir/words")" -ge 2
leaks() {
	inside $node journalctl --no-pager -o export
	inside $node ps axeww -o args
	for c in $(inside $node podman ps -aq); do inside $node podman inspect "$c"; done
	inside $node podman logs stead-snac
	inside $node podman logs stead-caddy
	inside $node stead-node status --json
	inside $node stead-node status
	inside $node find /etc /run /var/lib/stead /usr/local -xdev -type f -perm /044 ! -path '/var/lib/stead/data/*' -exec cat {} +
	cat "$dir/list" "$dir/n/stead.yaml" "$dir/n/stead.lock"
}
leaks >"$dir/everything" 2>&1
ok "there is plenty to search" test "$(wc -c <"$dir/everything")" -gt 100000
fails "no secret in journal, arguments, containers, status or readable files" \
	grep -aFf "$dir/words" "$dir/everything"

# --- it comes back ---
inside $node sh -c 'kill -9 $(podman inspect stead-snac --format "{{.State.Pid}}")'
ok "a killed process is started again" until_ok 60 inside $node sh -c \
	'systemctl is-active stead-snac && stead-node status'
inside $node systemctl stop stead-app.target
stopped() { [ "$(inside $node systemctl is-active stead-snac stead-caddy | sort -u)" = inactive ]; }
ok "a stopped target stops the processes" until_ok 60 stopped
inside $node systemctl start stead-app.target
ok "and starts them again" node_ready $node 120
ok "a reboot" "$lab" node restart $node
ok "is survived" node_ready $node 120
ok "with the same owner, login and posts" prove $node "$dir"
is "a job that is done is not done again" \
	"$(inside $node sh -c 'cat /var/lib/stead/state/jobs/setup.json' | jq -r '[.steps[].attempt] | max')" 1
tap_done
