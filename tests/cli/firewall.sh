#!/bin/bash
# The rendered firewall at work: a machine, a container on each network, and "the world", in four network namespaces.
set -u
cd "$(dirname "$0")/../.." || exit 1
rules=tests/golden/host
tmp=$(mktemp -d)
id=stead-fw-$$
pids=()
cleanup() {
    [ ${#pids[@]} = 0 ] || kill "${pids[@]}" 2>/dev/null
    for n in machine ext int world; do ip netns del $id-$n 2>/dev/null; done
    rm -rf "$tmp"
}
trap cleanup EXIT

in_ns() { # NAME COMMAND…
    local n=$1
    shift
    ip netns exec "$id-$n" "$@"
}
link() { # NAME IFNAME MACHINE4 MACHINE6 OTHER4 OTHER6
    ip -n $id-machine link add "$2" type veth peer name eth0 netns "$id-$1"
    ip -n $id-machine addr add "$3" dev "$2"
    ip -n $id-machine addr add "$4" dev "$2" nodad
    ip -n "$id-$1" addr add "$5" dev eth0
    ip -n "$id-$1" addr add "$6" dev eth0 nodad
    ip -n $id-machine link set "$2" up
    ip -n "$id-$1" link set eth0 up
    ip -n "$id-$1" route add default via "${3%/*}"
    ip -n "$id-$1" -6 route add default via "${4%/*}"
}
serve() { # NAMESPACE PORT…: connections on these ports are taken, on every address
    local n=$1
    shift
    # Not by in_ns: the shell that a function runs in behind & would be ended, and the server stay.
    ip netns exec "$id-$n" python3 -c '
import selectors, socket, sys
selector = selectors.DefaultSelector()
for port in sys.argv[1:]:
    s = socket.create_server(("::", int(port)), family=socket.AF_INET6, dualstack_ipv6=True)
    selector.register(s, selectors.EVENT_READ)
print("up", flush=True)
while True:
    for key, _ in selector.select():
        key.fileobj.accept()[0].close()
' "$@" >"$tmp/$n.up" &
    pids+=($!)
    for _ in $(seq 6000); do
        [ -s "$tmp/$n.up" ] && return
        sleep 0.05
    done
    echo "Bail out! no server in $n"
    exit 1
}
set -e
for n in machine ext int world; do
    ip netns add $id-$n
    ip -n $id-$n link set lo up
done
in_ns machine sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
link ext stead-ext 10.217.2.1/24 fd11:2:3:2::1/64 10.217.2.2/24 fd11:2:3:2::2/64
link int stead-int 10.217.1.1/24 fd11:2:3:1::1/64 10.217.1.2/24 fd11:2:3:1::2/64
link world eth0 192.168.5.1/24 2001:db8:5::1/64 192.168.5.2/24 2001:db8:5::2/64
ip -n $id-machine route add default via 192.168.5.2
ip -n $id-machine -6 route add default via 2001:db8:5::2
for a in 198.51.100.7 10.9.9.9 10.20.30.40 172.20.0.1 100.64.3.3 169.254.169.254 100.100.100.200 192.0.0.192 \
    168.63.129.16 2001:db8:1::1 fd99::1 fd00:ec2::254; do
    ip -n $id-world addr add $a dev lo
done
set +e
serve world 53 80 443 587 32526
serve machine 22 53 80 443 8080 9000
serve int 443
serve ext 443

count=0 failed=0
# probe FROM WHAT <<< lines "ADDRESS PORT open|shut": all at once, since a dropped packet is only told by waiting.
probe() {
    local line
    in_ns "$1" python3 -c '
import concurrent.futures, socket, sys
def reach(row):
    address, port, wanted = row.split()
    # What should be open gets time on a slow machine; what should be shut has one try.
    for _ in range(20 if wanted == "open" else 1):
        try:
            socket.create_connection((address, int(port)), timeout=1.5).close()
            return row, "open"
        except OSError:
            pass
    return row, "shut"
rows = [l for l in sys.stdin.read().splitlines() if l]
with concurrent.futures.ThreadPoolExecutor(len(rows)) as pool:
    for row, got in pool.map(reach, rows):
        print("ok" if row.endswith(got) else "not ok", row)
' >"$tmp/probe"
    while read -r line; do
        count=$((count + 1))
        case $line in
        ok*) echo "ok $count - $2:${line#ok}" ;;
        *) echo "not ok $count - $2:${line#not ok}" && failed=1 ;;
        esac
    done <"$tmp/probe"
}

probe ext "without rules all can be reached" <<'ROWS'
198.51.100.7 443 open
192.168.5.2 443 open
169.254.169.254 80 open
fd99::1 443 open
10.217.1.2 443 open
10.217.2.1 22 open
ROWS
probe world "without rules all can be reached" <<'ROWS'
192.168.5.1 8080 open
10.217.2.2 443 open
ROWS

in_ns machine nft -f $rules/snac-acme/expected/tree/etc/stead/firewall.nft
probe ext "from a container" <<'ROWS'
198.51.100.7 443 open
2001:db8:1::1 443 open
192.168.5.2 443 shut
10.9.9.9 443 shut
172.20.0.1 443 shut
100.64.3.3 443 shut
fd99::1 443 shut
169.254.169.254 80 shut
169.254.169.254 53 open
100.100.100.200 80 shut
192.0.0.192 80 shut
fd00:ec2::254 80 shut
fd00:ec2::254 53 open
168.63.129.16 80 shut
168.63.129.16 32526 shut
168.63.129.16 443 open
10.20.30.40 587 open
10.20.30.40 443 shut
10.217.1.2 443 shut
fd11:2:3:1::2 443 shut
10.217.2.1 53 open
fd11:2:3:2::1 53 open
10.217.2.1 22 shut
fd11:2:3:2::1 22 shut
10.217.2.1 443 shut
10.217.2.1 8080 shut
192.168.5.1 22 shut
ROWS

in_ns machine nft -f $rules/quarantined/expected/tree/etc/stead/firewall.nft
probe ext "from a quarantined container" <<'ROWS'
198.51.100.7 443 shut
2001:db8:1::1 443 shut
198.51.100.7 53 shut
10.20.30.40 587 shut
192.168.5.2 443 shut
169.254.169.254 53 shut
fd00:ec2::254 53 shut
10.217.1.2 443 shut
10.217.2.1 53 open
fd11:2:3:2::1 53 open
10.217.2.1 22 shut
ROWS
probe world "to a quarantined machine" <<'ROWS'
192.168.5.1 22 open
192.168.5.1 443 open
192.168.5.1 8080 shut
ROWS
in_ns machine nft -f $rules/snac-acme/expected/tree/etc/stead/firewall.nft

probe int "from a data service" <<'ROWS'
192.168.5.2 443 shut
10.217.2.2 443 shut
10.217.1.1 53 open
10.217.1.1 22 shut
ROWS
probe world "from the world" <<'ROWS'
192.168.5.1 22 open
192.168.5.1 80 open
192.168.5.1 443 open
192.168.5.1 9000 open
192.168.5.1 8080 shut
192.168.5.1 53 shut
2001:db8:5::1 443 open
2001:db8:5::1 8080 shut
10.217.2.2 443 shut
10.217.1.2 443 shut
fd11:2:3:2::2 443 shut
ROWS
# As podman publishes a port.
in_ns machine nft -f - <<'NFT'
table inet engine {
	chain publish {
		type nat hook prerouting priority dstnat;
		iifname "eth0" meta nfproto ipv4 tcp dport 444 dnat ip to 10.217.2.2:443
		iifname "eth0" meta nfproto ipv6 tcp dport 444 dnat ip6 to [fd11:2:3:2::2]:443
	}
}
NFT
probe world "a published port" <<'ROWS'
192.168.5.1 444 open
2001:db8:5::1 444 open
ROWS
probe machine "the machine itself" <<'ROWS'
192.168.5.2 443 open
169.254.169.254 80 open
10.217.2.2 443 open
127.0.0.1 8080 open
::1 8080 open
ROWS

in_ns machine nft -f $rules/snac-upstream/expected/tree/etc/stead/firewall.nft
probe ext "with lan: allow" <<'ROWS'
192.168.5.2 443 open
fd99::1 443 open
169.254.169.254 80 shut
fd00:ec2::254 80 shut
10.217.1.2 443 shut
10.217.2.1 22 shut
ROWS
probe world "behind an upstream proxy" <<'ROWS'
192.168.5.1 80 open
192.168.5.1 443 shut
ROWS

echo "1..$count"
exit $failed
