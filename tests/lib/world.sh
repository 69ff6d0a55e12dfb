# A piece of the world outside of one node, for tests: source it behind node.sh. A network namespace with a wire to
# the node, on which servers answer that exist nowhere: a public one, a private one, and the metadata services of
# providers. IPv4 and IPv6.
# shellcheck shell=bash

world=stead-world-$$
node4=203.0.113.2 node6=2001:db8:9::2 # the node's own addresses there
public4=203.0.113.1 public6=2001:db8:9::1
private='192.168.99.1 fd99::1'
metadata='169.254.169.254 100.100.100.200 192.0.0.192 168.63.129.16 fd00:ec2::254'

# world_up NODE: lays the wire and starts the servers.
world_up() {
	local ns address
	ns=$(cat "$STEAD_LAB_RUN/node/$1/netns")
	ip netns add "$world" || return
	ip link add wan0 netns "$ns" type veth peer name wan0 netns "$world" || return
	ip -n "$ns" addr add $node4/24 dev wan0
	ip -n "$ns" addr add $node6/64 dev wan0 nodad
	ip -n "$ns" link set wan0 up
	ip -n "$world" link set lo up
	ip -n "$world" addr add $public4/24 dev wan0
	ip -n "$world" addr add $public6/64 dev wan0 nodad
	ip -n "$world" link set wan0 up
	for address in $private $metadata; do
		ip -n "$world" addr add "$address" dev lo nodad 2>/dev/null || ip -n "$world" addr add "$address" dev lo
		case $address in
		*:*) ip -n "$ns" route add "$address" via $public6 ;;
		*) ip -n "$ns" route add "$address" via $public4 ;;
		esac || return
	done
	# shellcheck disable=SC2086
	ip netns exec "$world" "$top/tests/lib/world.py" $public4 $public6 $private $metadata >"$STEAD_LAB_RUN/world.log" 2>&1 &
	echo $! >"$STEAD_LAB_RUN/world.pid" # a file: the caller may be a subshell
	until_ok 20 grep -q ready "$STEAD_LAB_RUN/world.log"
}

in_world() { ip netns exec "$world" "$@"; }

world_down() {
	[ ! -e "$STEAD_LAB_RUN/world.pid" ] || kill "$(cat "$STEAD_LAB_RUN/world.pid")"
	rm -f "$STEAD_LAB_RUN/world.pid"
	ip netns del "$world"
} >/dev/null 2>&1
