#!/usr/bin/env bash
# The domain is this node's, somebody else's, or nobody can say: with real name servers (nsd), in a
# network of its own. 192.0.2.0/24 and 2001:db8::/64 are this machine, 198.51.100.0/24 another one.
if [ "${STEAD_TEST_NETWORK:-}" != own ]; then
	if [ "$(id -u)" = 0 ] && ! unshare --net --mount true 2>/dev/null; then
		echo "1..0 # SKIP no network namespaces here"
		exit 0
	fi
	[ "$(id -u)" != 0 ] || STEAD_TEST_NETWORK=own exec unshare --net --mount -- "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"

if ! command -v nsd >/dev/null; then
	echo "not ok 1 - nsd is installed (tests/lab/packages)"
	echo "1..1"
	exit 1
fi
servers=()
trap 'kill "${servers[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT

network() {
	local address
	ip link set lo up
	for address in 53 54 55; do
		ip addr add 192.0.2.$address/32 dev lo
	done
	unshare --net sleep infinity &
	servers+=($!)
	other=$!
	within 10 eval '[ "$(readlink /proc/$other/ns/net)" != "$(readlink /proc/self/ns/net)" ]' &&
		ip link add here type veth peer name there netns "$other" || return 1
	ip addr add 192.0.2.80/24 dev here
	ip addr add 198.51.100.1/24 dev here
	ip addr add 2001:db8::80/64 dev here nodad
	ip link set here up
	nsenter -t "$other" -n ip link set lo up
	nsenter -t "$other" -n ip link set there up
	for address in 81 83 84 85; do
		nsenter -t "$other" -n ip addr add 198.51.100.$address/24 dev there
	done
	nsenter -t "$other" -n ip route add 192.0.2.0/24 dev there
}

# zone NAME ADDRESS: a zone file from stdin, with its name server at ADDRESS.
zone() {
	{
		printf '$ORIGIN %s.\n$TTL 5\n@ SOA ns hostmaster 1 60 60 600 5\n@ NS ns\nns A %s\n' "$1" "$2"
		cat
	} >"$work/$1.zone"
}
name_server() { # ADDRESS ZONE...
	local address=$1 zone
	shift
	{
		printf 'server:\n ip-address: %s\n username: ""\n zonesdir: "%s"\n pidfile: ""\n' "$address" "$work"
		printf ' server-count: 1\n xfrdfile: ""\n zonelistfile: "%s/%s.list"\n' "$work" "$address"
		printf ' rrl-ratelimit: 0\nremote-control:\n control-enable: no\n'
		for zone in "$@"; do
			printf 'zone:\n name: "%s"\n zonefile: "%s.zone"\n' "$zone" "$zone"
		done
	} >"$work/$address.conf"
	nsd -d -c "$work/$address.conf" >"$work/$address.log" 2>&1 &
	servers+=($!)
	# It has answered once when a query for the first zone comes back.
	within 20 python3 -c 'import socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1)
name = b"".join(bytes([len(p)]) + p.encode() for p in sys.argv[2].split(".")) + b"\0"
s.sendto(struct.pack(">6H", 1, 0, 1, 0, 0, 0) + name + struct.pack(">2H", 6, 1), (sys.argv[1], 53))
assert s.recv(512)[3] & 15 == 0' "$address" "$1" || { cat "$work/$address.log" >&2; return 1; }
}

names() {
	zone test 192.0.2.53 <<-'EOF'
		example NS ns.example
		ns.example A 192.0.2.54
		silent NS ns.silent
		ns.silent A 192.0.2.55
		homeless NS ns.nowhere
		lame NS ns.lame
		ns.lame A 192.0.2.54
	EOF
	zone friend.test 192.0.2.53 <<-'EOF'
		met A 192.0.2.80
	EOF
	zone example.test 192.0.2.54 <<-'EOF'
		met A 192.0.2.80
		met AAAA 2001:db8::80
		six AAAA 2001:db8::80
		alias CNAME met
		abroad CNAME met.friend.test.
		endless CNAME more
		more CNAME endless
		else A 198.51.100.81
		both A 192.0.2.80
		both A 198.51.100.81
		half A 192.0.2.80
		half A 198.51.100.99
		away A 198.51.100.99
		cdn A 198.51.100.83
		node A 198.51.100.84
		error A 198.51.100.85
		text TXT "no address"
	EOF
	name_server 192.0.2.53 test friend.test && name_server 192.0.2.54 example.test || return 1
	# Takes every question and says nothing.
	python3 -c 'import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("192.0.2.55", 53))
while True: s.recv(4096)' &
	servers+=($!)
}

others() {
	nsenter -t "$other" -n python3 -c 'import http.server, threading
def server(address, status, body=b"", **headers):
    class Handler(http.server.BaseHTTPRequestHandler):
        server_version, sys_version = "nginx/1.22", ""
        def do_GET(self):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value.replace("HOST", self.headers["Host"]))
            self.end_headers()
            self.wfile.write(body)
        def log_message(self, *args):
            pass
    one = http.server.ThreadingHTTPServer((address, 80), Handler)
    threading.Thread(target=one.serve_forever).start()
server("198.51.100.81", 404)
server("198.51.100.83", 301, Location="https://HOST/.well-known/stead/node")
server("198.51.100.84", 200, b"0" * 64 + b"\n")
server("198.51.100.85", 502)
print("ready", flush=True)' >"$work/others" 2>/dev/null &
	servers+=($!)
	within 20 grep -q ready "$work/others"
}

# A node of that name, prepared, with its page at port 80.
new_node() { # WEB [CODE for plan.py]...
	local web=$1
	shift
	new_root "p['reach'] = 'checked'; p['web'] = '$web'; server['public'] = True" "$@"
	echo "nameserver 192.0.2.53" >"$ROOT/etc/resolv.conf"
	agent prepare || return 1
	start_page
}
start_page() {
	"$agent_program" --root "$ROOT" page >"$ROOT.page" 2>&1 &
	page=$!
	mounts=() # cleanup of lib.sh
	trap 'kill $page 2>/dev/null; wait $page 2>/dev/null; cleanup' EXIT
	within 20 page_answers
}
stop_page() {
	kill $page
	wait $page
	true
} 2>/dev/null
page_answers() { # [PATH] [CURL OPTION]...
	local path=${1:-/}
	shift
	curl -sS --max-time 5 -o "$ROOT.answer" -w '%{http_code}' "$@" "http://192.0.2.80$path" >"$ROOT.code"
}
is_stamped() { [ -e "$ROOT/run/stead/met.done" ]; }

meets() { # WEB
	new_node "$1" && agent meet || return 1
	is_stamped && progress_is meet.domain "done" || return 1
	python3 -c 'import json, sys
met = json.load(open(sys.argv[1] + "/var/lib/stead/state/met.json"))
assert list(met) == ["v", "web", "lineage", "nonce", "at", "addresses"], met
assert met["web"] == sys.argv[2] and met["lineage"] == "00112233445566778899aabbccddeeff", met
assert met["nonce"] + "\n" == open(sys.argv[1] + "/run/stead/page/.well-known/stead/node").read()
assert met["addresses"] == sys.argv[3:], met' "$ROOT" "$@"
}

settled() { progress_is meet.domain "$1" "$2" || ! kill -0 "$background"; }

# waits WEB STATE TEXT: it goes on trying, says TEXT, and nothing starts.
waits() {
	new_node "$1" || return 1
	in_background meet
	within 30 settled "$2" "$3"
	progress_is meet.domain "$2" "$3" || { cat "$ROOT.log"; return 1; }
	! is_stamped && kill -0 "$background" && [ ! -e "$ROOT/var/lib/stead/state/met.json" ]
}

half() {
	meets half.example.test 192.0.2.80 198.51.100.99 &&
		progress_is meet.domain "done" "leads here, but 198.51.100.99 does not answer"
}

record_comes() {
	waits comes.example.test waiting "comes.example.test has no address yet: at your DNS provider add an A record with 192.0.2.80 and an AAAA record with 2001:db8::80" || return 1
	echo "comes A 192.0.2.80" >>"$work/example.test.zone"
	kill -HUP "${servers[2]}" # nsd reads its zones again
	background_ends 0 && is_stamped
}

resolver_away() {
	new_node met.example.test || return 1
	echo "nameserver 192.0.2.80" >"$ROOT/etc/resolv.conf"
	in_background meet
	within 30 progress_is meet.domain waiting "/etc/resolv.conf do not answer" && ! is_stamped
}

met_before() {
	new_node met.example.test && agent meet || return 1
	# The next boot, without its name servers.
	stop_page
	rm -r "$ROOT/run/stead"
	echo "nameserver 192.0.2.80" >"$ROOT/etc/resolv.conf"
	agent prepare && start_page || return 1
	in_background meet
	within 30 is_stamped && progress_is meet.domain "done" "goes on as before; the name servers" || return 1
	# It goes on asking, and is told.
	kill -0 "$background" || return 1
	echo "nameserver 192.0.2.53" >"$ROOT/etc/resolv.conf"
	background_ends 0
}

met_before_but_moved() {
	new_node else.example.test || return 1
	cat >"$ROOT/var/lib/stead/state/met.json" <<-EOF
		{"v":1,"web":"else.example.test","lineage":"00112233445566778899aabbccddeeff","nonce":"x",
		 "at":"2026-01-01T00:00:00Z","addresses":[]}
	EOF
	agent_is_refused
}
agent_is_refused() {
	in_background meet
	within 30 progress_is meet.domain failed "answers 404 (nginx" && ! is_stamped && kill -0 "$background"
}

met_under_another_name() {
	new_node silent.test || return 1
	cat >"$ROOT/var/lib/stead/state/met.json" <<-EOF
		{"v":1,"web":"silent.test","lineage":"ffff2233445566778899aabbccddeeff","nonce":"x",
		 "at":"2026-01-01T00:00:00Z","addresses":[]}
	EOF
	in_background meet
	within 30 progress_is meet.domain waiting "does not answer" && ! is_stamped
}

# A new plan in the same boot: port 80 may be the proxy's by now, so nobody is asked again.
same_boot() {
	new_node met.example.test && agent meet || return 1
	stop_page
	new_plan "p['reach'] = 'checked'; p['web'] = 'met.example.test'; server['public'] = True" \
		"server['stop_s'] = 11"
	agent meet && [ "$(cat "$ROOT/run/stead/met.done")" = "$(sha256sum <"$ROOT/etc/stead/node.json" | cut -d' ' -f1)" ]
}

unchecked() {
	new_root && agent meet && is_stamped && [ ! -e "$ROOT/var/lib/stead" ]
}

# What is open to the world waits for it, and gets port 80 from the page; what is not does not.
opens() {
	new_node comes2.example.test "import copy; inner = copy.deepcopy(server); inner['name'] = 'inner'" \
		"inner['unit'] = 'stead-inner.service'; inner['public'] = False; p['processes'].append(inner)" || return 1
	agent setup && agent wait --before inner || return 1
	in_background meet
	within 30 progress_is meet.domain waiting "has no address yet" || return 1
	meet=$background
	in_background wait --before server
	within 10 progress_is start.server waiting "comes2.example.test has no address yet" || return 1
	page_answers && [ "$(cat "$ROOT.code")" = 503 ] || return 1
	echo "comes2 A 192.0.2.80" >>"$work/example.test.zone"
	kill -HUP "${servers[2]}"
	background_ends 0 || return 1
	wait "$meet" || return 1
	! page_answers 2>/dev/null && python3 -c 'import socket
socket.create_server(("0.0.0.0", 80))' || return 1
	# It has ended: the page is back, and lets go again.
	agent wait --after server && within 20 page_answers && [ "$(cat "$ROOT.code")" = 503 ] || return 1
	agent wait --before server && ! page_answers 2>/dev/null
}

# --- the page itself ---

pages() {
	new_node '<b>.example.test' "p['web'] = 'a&b.example.test'" || return 1
	page_answers / && [ "$(cat "$ROOT.code")" = 503 ] && grep -q 'a&amp;b.example.test is' "$ROOT.answer" || return 1
	! grep -qi '<script\|stead-server\|registry.example\|secret' "$ROOT.answer" || return 1
	cmp "$ROOT.answer" "$ROOT/run/stead/page/index.html" || return 1
	curl -sS -D "$ROOT.head" -o /dev/null http://192.0.2.80/users/alice || return 1
	grep -qi '^retry-after: 10' "$ROOT.head" && grep -qi '^cache-control: no-store' "$ROOT.head" || return 1
	curl -sS -I http://192.0.2.80/ | grep -q '^HTTP/1.1 503' || return 1
	page_answers / -X POST -d x && [ "$(cat "$ROOT.code")" = 405 ] || return 1
	page_answers / -H "x: $(head -c 9000 /dev/zero | tr '\0' x)" && [ "$(cat "$ROOT.code")" = 431 ] || return 1
	page_answers /.well-known/stead/node && [ "$(cat "$ROOT.code")" = 503 ] || return 1
	page_answers /../../progress.json --path-as-is && [ "$(cat "$ROOT.code")" = 503 ] || return 1
	! grep -q '"steps"' "$ROOT.answer" || return 1
	curl -sS -o /dev/null 'http://[2001:db8::80]/' || return 1
	# Who listens is nobody, and sees nothing else.
	child=$(pgrep -o -P "$page") || return 1
	grep -q $'^Uid:\t65534\t65534\t65534\t65534' /proc/"$child"/status &&
		grep -q $'^CapEff:\t0000000000000000' /proc/"$child"/status &&
		[ "$(readlink /proc/"$child"/root)" = "$ROOT/run/stead/page" ]
}

# A connection that says nothing takes a place for 10 s and no longer; others are served meanwhile.
crowd() {
	new_node met.example.test || return 1
	python3 -c 'import socket, time
held = [socket.create_connection(("192.0.2.80", 80)) for _ in range(40)]
start = time.monotonic()
s = socket.create_connection(("192.0.2.80", 80)); s.settimeout(5)
s.sendall(b"GET / HT"); s.sendall(b"TP/1.1\r\nHost: x\r\n\r\n")
assert s.recv(4096).startswith(b"HTTP/1.1 503 "), "served"
for one in held:
    one.settimeout(30)
    assert one.recv(10) == b"", "closed"
# ever more clients than places
held = [socket.create_connection(("192.0.2.80", 80)) for _ in range(100)]
for one in held:
    one.sendall(b"GET / HTTP/1.0\r\n\r\n")
for one in held:
    one.settimeout(30)
    assert one.recv(4096).startswith(b"HTTP/1.1 503 ")'
}

console() {
	new_node nothing.example.test || return 1
	in_background meet
	issue=$ROOT/run/issue.d/50-stead.issue
	echo "active active 0" >"$ENGINE/units/stead.target"
	within 30 grep -q "waiting for meet.domain: nothing.example.test has no address yet" "$issue" || return 1
	[ "$(grep -c ^stead: "$issue")" = 2 ] || return 1
	within 20 grep -q "at your DNS provider add an A record" "$ROOT/run/stead/page/index.html" || return 1
	stop_background
	agent setup && agent wait --before server & before=$!
	start_server
	touch "$ROOT/run/stead/port80"
	sha256sum <"$ROOT/etc/stead/node.json" | cut -d' ' -f1 >"$ROOT/run/stead/met.done"
	wait $before && agent wait server || return 1
	echo "active running 0" >"$ENGINE/units/stead-server.service"
	agent ready || return 1
	within 40 grep -qx "stead: server is ready" "$issue" && grep -qx "stead: https://nothing.example.test/" "$issue" || return 1
	[ ! -e "$ROOT/run/stead/page/index.html" ]
}

# It ends when it would tell about a plan of yesterday.
other_plan() {
	new_node met.example.test || return 1
	new_plan "p['reach'] = 'checked'; p['web'] = 'other.example.test'"
	touch "$ROOT/run/stead/x"
	within 20 eval '! kill -0 $page' && wait $page
}

network && names && others || {
	echo "not ok 1 - a network with name servers"
	echo "1..1"
	exit 1
}
tap "met, by IPv4 and IPv6" meets met.example.test 192.0.2.80 2001:db8::80
tap "met, IPv6 only" meets six.example.test 2001:db8::80
tap "met, by a CNAME" meets alias.example.test 192.0.2.80 2001:db8::80
tap "met, by a CNAME into another zone" meets abroad.example.test 192.0.2.80
tap "met, and one address is silent" half
tap "elsewhere: a web server" waits else.example.test failed "else.example.test leads to 198.51.100.81, and that is something else, which answers 404 (nginx"
tap "elsewhere: another node" waits node.example.test failed "is another node of stead"
tap "elsewhere: one address of two" waits both.example.test failed "leads to 198.51.100.81"
tap "no answer: nobody at the address" waits away.example.test waiting "away.example.test leads to 198.51.100.99 does not answer"
tap "no answer: how to say that it is right" waits cdn.example.test waiting "write 'reach: unchecked' into stead.yaml"
tap "no answer: a CDN that redirects to https" waits cdn.example.test waiting "sends everybody to https"
tap "no answer: a server's error" waits error.example.test waiting "answers with error 502 (nginx"
tap "no record, then one" record_comes
tap "no record of that type" waits text.example.test waiting "text.example.test has no address yet"
tap "no domain" waits nobody.test waiting "there is no domain nobody.test: the name servers of .test do not know it: is it spelled right, registered"
tap "a name server is silent" waits www.silent.test waiting "the name server ns.silent.test (192.0.2.55) of silent.test does not answer"
tap "a name server without an address" waits homeless.test waiting "the name servers of homeless.test (ns.nowhere.test) have no address"
tap "a name server that knows nothing of it" waits lame.test waiting "the name server ns.lame.test (192.0.2.54) knows nothing about lame.test"
tap "CNAMEs without end" waits endless.example.test waiting "endless.example.test has no address yet"
tap "the system's name servers are away" resolver_away
tap "met before, and now nobody can say" met_before
tap "met before, and now somebody else's" met_before_but_moved
tap "met before as another lineage" met_under_another_name
tap "met in this boot" same_boot
tap "unchecked" unchecked
tap "the process that is open to the world waits, and gets port 80" opens
tap "the page" pages
tap "the page in a crowd" crowd
tap "the console, until the node is ready" console
tap "the page ends with its plan" other_plan
tap_end
