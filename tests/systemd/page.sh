#!/usr/bin/env bash
# A new node whose registry is away, then whose domain has no record: port 80 says so, and it comes up
# by itself when both are there. Another node of the same name never opens.
set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh
. tests/lib/node.sh
lab_up
dir=$(mktemp -d)
first=t-page second=t-page-too
dns_address='' dns_pid=''
cleanup() {
	[ -z "$dns_pid" ] || { kill "$dns_pid"; wait "$dns_pid"; }
	[ -z "$dns_address" ] || ip addr del "$dns_address/32" dev stead-lab
	lab_down
	rm -rf "$dir"
} 2>/dev/null
trap cleanup EXIT

# An authoritative name server of its own beside the nodes; adding an address is atomic, so that two
# tests do not take the same one.
dns_start() {
	local i
	for i in 254 253 252 251; do
		ip addr add 10.77.0.$i/32 dev stead-lab 2>/dev/null && dns_address=10.77.0.$i && break
	done
	[ -n "$dns_address" ] || return 1
	cat >"$dir/nsd.conf" <<-EOF
		server:
		 ip-address: $dns_address
		 username: ""
		 zonesdir: "$dir"
		 pidfile: ""
		 xfrdfile: ""
		 zonelistfile: "$dir/nsd.list"
		 server-count: 1
		remote-control:
		 control-enable: no
		zone:
		 name: "example.test"
		 zonefile: "example.test.zone"
	EOF
	printf '$ORIGIN example.test.\n$TTL 5\n@ SOA ns admin 1 60 60 600 5\n@ NS ns\nns A %s\n' \
		"$dns_address" >"$dir/example.test.zone"
	nsd -d -c "$dir/nsd.conf" >"$dir/nsd.log" 2>&1 &
	dns_pid=$!
}
start() { # NODE DIR
	"$stead" render ignition --dir "$2" -o "$2.ign" && "$lab" node start "$1" "$2.ign" &&
		inside "$1" sh -c "echo nameserver $dns_address >/etc/resolv.conf"
}
page() { # NODE [PATH] [CURL OPTION]...
	local node=$1 path=${2:-/}
	shift $(($# < 2 ? $# : 2))
	curl -sS --noproxy '*' --max-time 10 "$@" "http://$("$lab" node ip "$node")$path"
}
says() { page "$first" | grep -q -- "$1"; }
code() { page "$1" / -o /dev/null -w '%{http_code}' -H "Host: $web"; }
issue() { inside "$1" cat /run/issue.d/50-stead.issue; }

ok "settings are made" make_settings "$dir/one" --set reach=checked
ok "and those of another node with the same name" make_settings "$dir/two" --set reach=checked
"$lab" registry stop
# The bridge comes with the first node.
"$stead" render ignition --dir "$dir/one" -o "$dir/one.ign" 2>/dev/null
ok "a machine takes the config" "$lab" node start $first "$dir/one.ign"
dns_start
ok "a name server runs" kill -0 "$dns_pid"
inside $first sh -c "echo nameserver $dns_address >/etc/resolv.conf"
inside $first systemctl restart --no-block stead-meet.service

ok "port 80 says that an image does not come" until_ok 60 says 'The image of .* has not come yet'
is "with the status for it" "$(code $first)" 503
like "and the console" "$(issue $first)" 'waiting for (prepare.image|meet.domain)'
ok "the registry comes back" "$lab" registry start --listen "$registry"
ok "port 80 names the record to add" until_ok 120 says "$web has no address yet: at your DNS provider add an A record"
set_up() { inside $first test -e /run/stead/setup.done; }
ok "all else is done meanwhile" until_ok 180 set_up
is "the proxy does not run" "$(inside $first podman ps -q --filter name=stead-caddy)" ""
like "status says why" "$(inside $first stead-node status)" 'add an A record'

printf 'node A %s\n' "$("$lab" node ip $first)" >>"$dir/example.test.zone"
kill -HUP "$dns_pid"
# Its next try may be minutes away.
inside $first systemctl restart --no-block stead-meet.service
ok "with the record the node becomes ready" node_ready $first 180
is "port 80 leads to the site" "$(code $first)" 308
ok "which answers from outside" prove $first "$dir"
gone() { ! inside $first test -e /run/stead/page/index.html; }
ok "the page is gone" until_ok 60 gone
ready_console() { issue $first | grep -q ' is ready$'; }
ok "the console says ready" until_ok 60 ready_console

ok "a second machine takes the other config" start $second "$dir/two"
elsewhere() { inside $second stead-node status | grep -q 'another node of stead'; }
ok "it says that somebody else answers" until_ok 180 elsewhere
other_set_up() { inside $second test -e /run/stead/setup.done; }
ok "its set-up is done" until_ok 180 other_set_up
is "and its proxy does not run" "$(inside $second podman ps -q --filter name=stead-caddy)" ""
is "its port 80 is the page" "$(code $second)" 503

ok "maintenance" inside $first stead-node maintenance on
back() { [ "$(code $first)" = 503 ] && says 'is in maintenance'; }
ok "brings the page back" until_ok 60 back
ok "its end" inside $first stead-node maintenance off
ok "brings the site back" node_ready $first 120
is "port 80 leads to the site again" "$(code $first)" 308
is "no unit has given up" "$(inside $first systemctl --failed --no-legend)" ""
tap_done
