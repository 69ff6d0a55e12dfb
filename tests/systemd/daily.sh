#!/usr/bin/env bash
# What one does on a node every day, in tier B: looks at the machine, uses the application's tools,
# maintenance, stop and start over reboots; and in the end destroys it, and nothing stays.
set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh
. tests/lib/node.sh
lab_up
dir=$(mktemp -d)
node=t-daily
trap 'lab_down; rm -rf "$dir"' EXIT

on_node() { inside $node "$@"; }
agent() { inside $node stead-node "$@"; }
state_is() { [ "$(agent status --json | jq -r .state)" = "$1" ]; }
is_active() { [ "$(on_node systemctl is-active "$1")" = "$2" ]; }

ok "settings are made" make_settings "$dir/n"
ok "the config is rendered" "$stead" render ignition --dir "$dir/n" -o "$dir/config.ign"
ok "a machine takes the config" "$lab" node start $node "$dir/config.ign"
ok "the node becomes ready" node_ready $node || tap_done

# --- inspect ---
agent inspect >"$dir/inspect"
inspected() { jq -r "$1" "$dir/inspect"; }
is "inspect: the system" "$(inspected '.os.id + " " + .os.version + " " + .arch + " " + .kernel')" \
	"$(on_node sh -c '. /etc/os-release; echo "$ID $VERSION_ID $(uname -m) $(uname -r)"')"
is "inspect: systemd" "$(inspected .systemd)" "$(on_node systemctl --version | awk 'NR == 1 { print $2 }')"
is "inspect: podman, which answers" \
	"$(inspected '.engines[] | select(.name == "podman") | "\(.version) \(.answers)"')" \
	"$(on_node podman --version | awk '{ print $3 }') true"
is "inspect: docker, whose daemon is as it is" \
	"$(inspected '.engines[] | select(.name == "docker") | .answers')" \
	"$(on_node docker version --format '{{.Server.Version}}' >/dev/null 2>&1 && echo true || echo false)"
is "inspect: the tools" "$(inspected '.tools | join(" ")')" "getent journalctl nft systemctl systemd-run"
is "inspect: memory" "$(inspected '.memory_bytes / 1048576 | floor')" \
	"$(on_node awk '/^MemTotal/ { printf "%d", $2 / 1024 }' /proc/meminfo)"
is "inspect: the node's address" "$(inspected '[.addresses[] | select(test("^10\\.77\\."))] | join(" ")')" \
	"$("$lab" node ip $node)"
is "inspect: no address of a container network" "$(inspected '[.addresses[] | select(startswith("10.217."))] | length')" 0
listens() { on_node ss -Hltn | awk '{ sub(/.*:/, "", $4); print $4 }' | sort -nu | tr '\n' ' '; }
is "inspect: the ports that something listens on" \
	"$(inspected '.ports[] | select(.proto == "tcp").port' | sort -nu | tr '\n' ' ')" "$(listens)"
is "inspect: ssh's port is ssh's or systemd's" \
	"$(inspected '[.ports[] | select(.proto == "tcp" and .port == 22).by] | unique | map(IN("sshd", "systemd")) | all')" true
is "inspect: no other firewall" "$(inspected '.firewalls | length')" 0
is "inspect: stead itself" "$(inspected '.stead.app + " " + .stead.domain + " " + .stead.engine')" \
	"snac $web podman"

# --- app ---
ok "app: lists snac's own tools" sh -c '"$@" | grep -q "^adduser  *NAME: "' _ "$lab" node exec $node stead-node app
like "app: runs one in the container" "$(agent app webfinger "@alice@$web" 2>&1; agent app state 2>&1)" 'uptime|server|fifo'
agent app adduser bob >"$dir/bob" 2>&1
ok "app: makes an account" grep -q 'password is' "$dir/bob"
agent app adduser bob >/dev/null 2>&1
is "app: the exit status is the tool's" "$?" 1
ok "app: and deletes it" agent app deluser bob

# --- maintenance ---
ok "maintenance: on" agent maintenance on "a new disk"
ok "maintenance: the application is down" is_active stead-snac.service inactive
is "maintenance: status says so" \
	"$(agent status --json | jq -r '"\(.maintenance) \(.state) \(.waiting_for)"')" \
	"true maintenance stead-node maintenance off (a new disk)"
ok "a reboot" "$lab" node restart $node
prepared() { on_node test -e /run/stead/setup.done; }
ok "maintenance: after the reboot set-up is done" until_ok 120 prepared
is "maintenance: and the application stays down" \
	"$(on_node systemctl is-active stead-snac.service stead-caddy.service stead-app.target | sort -u)" inactive
ok "maintenance: it is still said" state_is maintenance
like "app: works in a container of its own" "$(agent app adduser carol 2>&1)" 'password is'
ok "app: as often as one likes" agent app deluser carol
is "app: which is gone afterwards" "$(on_node podman ps -aq --filter name=stead-app)" ""
ok "maintenance: off" agent maintenance off
ok "maintenance: the node becomes ready" node_ready $node 120
ok "maintenance: and answers" prove $node "$dir"

# --- stop and start ---
ok "stop" agent stop
ok "stop: nothing runs" is "no container" "$(on_node podman ps -q)" ""
ok "stop: the firewall stays" on_node nft list table inet stead
ok "stop: status says so" state_is stopped
ok "a reboot of the stopped node" "$lab" node restart $node
booted() { on_node systemctl is-system-running | grep -qE 'running|degraded'; }
ok "stop: it boots" until_ok 60 booted
is "stop: and stays stopped" "$(on_node systemctl is-active stead.target) $(on_node podman ps -q)" "inactive "
ok "stop: with its firewall" on_node nft list table inet stead
ok "start" agent start
ok "start: the node becomes ready" node_ready $node 120
is "start: also for the next boot" "$(on_node systemctl is-enabled stead.target)" enabled

# --- destroy ---
agent destroy --domain example.com >/dev/null 2>&1
is "destroy: not another domain" "$?" 1
ok "destroy: which changes nothing" agent status
agent destroy --domain $web >"$dir/destroyed" 2>&1
is "destroy" "$?" 0 || sed 's/^/# /' "$dir/destroyed"
is "destroy: no container, no network, no image stays" \
	"$(on_node podman ps -aq) $(on_node podman network ls -q | grep -vx podman) $(on_node podman images -q)" "  "
is "destroy: no firewall" "$(on_node nft list tables | grep stead)" ""
is "destroy: no unit" "$(on_node systemctl list-units --all --plain --no-legend 'stead*')" ""
# The lab's own files have its name.
is "destroy: no file" "$(on_node find / -xdev \( -path /proc -o -path /sys -o -name '*stead-lab' \) -prune -o \
	\( -name '*stead*' -o -lname '*stead*' \) -print)" ""
is "destroy: no data, no /run" "$(on_node sh -c 'ls -d /var/lib/stead /run/stead /etc/stead 2>/dev/null')" ""
is "destroy: what is the machine's stays" "$(on_node cat /etc/hostname)" node.example.test
like "destroy: and it says so" "$(cat "$dir/destroyed")" '^kept /etc/hostname$'
ok "a reboot of what is left" "$lab" node restart $node
ok "it boots" until_ok 60 booted
is "and no unit has failed" "$(on_node systemctl --failed --no-legend)" ""
tap_done
