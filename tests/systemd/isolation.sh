#!/usr/bin/env bash
# What reaches what, on both engines: containers reach neither metadata services nor private addresses nor the machine
# itself; the inner network has no way out; the world reaches ssh and the site alone, and the site sees who comes.
set -u
cd "$(dirname "$0")/../.."
. tests/lib/tap.sh
. tests/lib/node.sh
. tests/lib/world.sh
lab_up
dir=$(mktemp -d)
trap 'world_down; lab_down; rm -rf "$dir"' EXIT

# Asks all of "ADDRESS,PORT" at once and prints those that answer anything; the list of all is in $targets.
ask='for t; do (printf "GET / HTTP/1.0\r\nHost: x\r\n\r\n" | timeout 5 busybox nc "${t%,*}" "${t#*,}" | grep -q . && echo "$t") & done; wait'
# shellcheck disable=SC2086
from_host() { inside $node sh -c "$ask" _ $targets | sorted; }
# shellcheck disable=SC2086
from_network() { # NETWORK
	inside $node $engine run --rm --pull=never --network="$1" --entrypoint=sh "$image" -c "$ask" _ $targets 2>/dev/null | sorted
}
# shellcheck disable=SC2086
from_caddy() { inside $node $engine exec stead-caddy sh -c "$ask" _ $targets | sorted; }
sorted() { LC_ALL=C sort -u | xargs; }
# What answers once can be reached. What should, and did not, is asked again: the machine may be busy.
reached() { # WANTED COMMAND...
	local wanted=$1 got='' try
	shift
	for try in 1 2 3 4 5; do
		got=$( (tr ' ' '\n' <<<"$got"; "$@" | tr ' ' '\n') | grep . | sorted)
		[ -n "$(comm -23 <(tr ' ' '\n' <<<"$wanted") <(tr ' ' '\n' <<<"$got"))" ] || break
	done
	echo "$got"
}
all() { for address in $1; do echo "$address,$2"; done; } # ADDRESSES PORT
not() { ! "$@"; }
field() { inside $node $engine inspect stead-caddy --format "$1"; }
gateway() { field "{{(index .NetworkSettings.Networks \"stead-ext\").$1}}"; } # Gateway|IPv6Gateway
show() { inside $node systemctl show -P "$2" "$1"; }

# The open ones of all TCP ports.
open_ports() { # ADDRESS
	local six=
	[[ $1 != *:* ]] || six=-6
	in_world nmap $six -n -Pn -p- -T4 --min-rate 10000 --max-retries 2 -oG - "$1" |
		grep -oE '[0-9]+/open/' | cut -d/ -f1 | sort -n | xargs
}

# The address that the proxy sees, while a client of the world holds a connection.
seen_client() { # ADDRESS
	local client seen
	ip netns exec "$world" bash -c 'exec 3<>"/dev/tcp/$0/443" && read -r -t 60 <&3' "$1" >/dev/null 2>&1 &
	client=$!
	until_ok 20 peer_of_proxy >/dev/null
	seen=$(peer_of_proxy)
	kill $client
	wait $client 2>/dev/null
	echo "$seen"
}
peer_of_proxy() {
	inside $node nsenter -t "$(field '{{.State.Pid}}')" -n ss -Htn state established '( sport = :443 )' |
		awk '{ print $4 }' | sed -E 's/:[0-9]+$//; s/[][]//g; s/^::ffff://' | sort -u | grep .
}

isolation() {
	local address unit wanted public site ssh names all_names
	ok "$engine: settings are made" make_settings "$dir/$engine" --set machine.engine="$engine"
	"$stead" render ignition --dir "$dir/$engine" -o "$dir/$engine.ign" 2>/dev/null
	ok "$engine: a machine takes the config" "$lab" node start $node "$dir/$engine.ign"
	ok "$engine: the node becomes ready" node_ready $node || return
	ok "$engine: there is a world outside" world_up $node || return
	image=$(inside $node cat /etc/stead/node.json | jq -r '.processes[] | select(.name == "caddy").image')

	# --- out ---
	# Each is asked from everywhere; what the machine itself reaches shows that all of it is there to be reached.
	public="$(all "$public4 $public6" 80)"
	site="$(all "$node4 $node6" 80)"
	ssh="$(all "$node4 $node6 $(gateway Gateway) $(gateway IPv6Gateway)" 22)"
	# The machine's name servers may be private: docker's containers ask them, podman's ask the machine.
	all_names="$(all "$metadata $private" 53)"
	names="$all_names"
	[ $engine = docker ] || names="$(all "$metadata" 53)"
	targets="$public $site $ssh $all_names $(all "$metadata" 80) $(all "$private" 80)"
	wanted=$(echo $targets | tr ' ' '\n' | sorted)
	is "$engine: the machine reaches everything" "$(reached "$wanted" from_host)" "$wanted"
	wanted=$(echo $public $site $names | tr ' ' '\n' | sorted)
	is "$engine: the outer network reaches the world, the site and name servers only" \
		"$(reached "$wanted" from_network stead-ext)" "$wanted"
	is "$engine: the inner network reaches none of it" "$(from_network stead-int)" ""
	# A container on both must not be the way around.
	targets="$public $ssh $all_names $(all "$metadata" 80) $(all "$private" 80)"
	wanted=$(echo $public $names | tr ' ' '\n' | sorted)
	is "$engine: a container on both reaches no more" "$(reached "$wanted" from_caddy)" "$wanted"

	# --- in ---
	for address in $node4 $node6; do
		is "$engine: of $address the world reaches these ports" "$(open_ports $address)" "22 80 443"
	done
	is "$engine: the proxy sees who comes over IPv4" "$(seen_client $node4)" $public4
	is "$engine: the proxy sees who comes over IPv6" "$(seen_client $node6)" $public6
	ip -n "$world" route add 10.217.2.0/24 via $node4
	address=$(field '{{(index .NetworkSettings.Networks "stead-ext").IPAddress}}')
	ok "$engine: the machine reaches a container at $address" inside $node timeout 60 bash -c ": </dev/tcp/$address/443"
	ok "$engine: who sends packets for it to the machine does not" not in_world timeout 5 bash -c ": </dev/tcp/$address/443"
	address=$(field '{{(index .NetworkSettings.Networks "stead-ext").GlobalIPv6Address}}')
	ip -n "$world" route add "$address" via $node6
	ok "$engine: the machine reaches a container at $address" inside $node timeout 60 bash -c ": </dev/tcp/$address/443"
	ok "$engine: who sends packets for it to the machine does not" not in_world timeout 5 bash -c ": </dev/tcp/$address/443"

	# --- in quarantine ---
	sed -i '1i reach: quarantined' "$dir/$engine/stead.yaml"
	"$stead" render tree "$dir/$engine.tree" --dir "$dir/$engine" >/dev/null 2>&1
	ok "$engine: the rules of a quarantined node are loaded" inside $node nft -f - <"$dir/$engine.tree/etc/stead/firewall.nft"
	targets="$public $site $ssh $names"
	wanted=$(echo $site | tr ' ' '\n' | sorted)
	is "$engine: in quarantine a container reaches the node's own site and nothing else" \
		"$(reached "$wanted" from_network stead-ext)" "$wanted"
	ok "$engine: in quarantine the site still answers the world" in_world timeout 60 bash -c ": </dev/tcp/$node4/443"

	# --- from the beginning ---
	for unit in stead-ext-network stead-snac stead-caddy; do
		ok "$engine: the firewall was there before $unit.service began" \
			test "$(show stead-firewall.service ActiveEnterTimestampMonotonic)" -lt \
			"$(show $unit.service InactiveExitTimestampMonotonic)"
	done
}

for engine in podman docker; do
	node=t-isolation-$engine
	isolation
	world_down
	"$lab" node stop $node
done
tap_done
