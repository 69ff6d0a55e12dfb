#!/usr/bin/env bash
# stead check --online, in a network of its own: real name servers (nsd), a real mail server (exim), sshd,
# docker-registry and caddy, and small servers that do what no real one does.
if [ "${STEAD_TEST_NETWORK:-}" != own ]; then
	if ! unshare --net --mount true 2>/dev/null; then
		echo "1..0 # SKIP no network namespaces here"
		exit 0
	fi
	STEAD_TEST_NETWORK=own exec unshare --net --mount -- "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
. tests/lib/smtp.sh
servers=()
work=$(mktemp -d)
chmod 755 "$work"
trap 'kill "${servers[@]}" 2>/dev/null; smtp_down; rm -rf "$tmp" "$work"' EXIT
bail() { echo "Bail out! $1"; exit 1; }

# --- the world ---
ip link set lo up
# There is a way to everywhere, and nobody there.
ip link add out type veth peer name away && ip link set out up && ip link set away up && ip addr add 192.0.2.1/24 dev out &&
	ip route add default dev out || bail 'no network'
for address in 192.0.2.53 192.0.2.54 192.0.2.56 192.0.2.57 198.51.100.81 198.51.100.82 198.51.100.83 198.51.100.84 198.51.100.90; do
	ip addr add "$address/32" dev lo
done
nameserver() { # ADDRESS ZONE=FILE…
	local address=$1 pair
	shift
	{
		printf 'server:\n ip-address: %s\n username: ""\n zonesdir: "%s"\n pidfile: ""\n' "$address" "$work"
		printf ' server-count: 1\n xfrdfile: ""\n zonelistfile: "%s/%s.list"\n' "$work" "$address"
		printf ' rrl-ratelimit: 0\nremote-control:\n control-enable: no\n'
		for pair in "$@"; do printf 'zone:\n name: "%s"\n zonefile: "%s"\n' "${pair%%=*}" "${pair#*=}"; done
	} >"$work/$address.conf"
	nsd -d -c "$work/$address.conf" >"$work/$address.log" 2>&1 &
	servers+=($!)
	until_ok 60 answers "$address" || { cat "$work/$address.log"; bail "nsd at $address"; }
}
answers() {
	python3 -c 'import socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(2)
s.sendto(struct.pack(">6H", 1, 0, 1, 0, 0, 0) + b"\0" + struct.pack(">2H", 2, 1), (sys.argv[1], 53))
s.recv(512)' "$1" 2>/dev/null
}
soa='$TTL 5
@ SOA ns. hostmaster. 1 60 60 600 5'
cat >"$work/root" <<-ZONE
	$soa
	@ NS ns.
	ns. A 192.0.2.53
	org. NS ns.
ZONE
cat >"$work/org" <<-ZONE
	$soa
	@ NS ns.
	example NS ns.example
	ns.example A 192.0.2.54
	lame NS ns.example
	lame NS ns1.lame
	ns1.lame A 192.0.2.56
	broken NS ns.broken
	ns.broken A 192.0.2.57
	dead NS ns.dead
	ns.dead A 192.0.2.99
	homeless NS ns.nowhere
	homeless NS ns.example
ZONE
cat >"$work/example" <<-ZONE
	$soa
	@ NS ns.example.org.
	@ MX 10 mx
	ns A 192.0.2.54
	mx A 198.51.100.84
	node A 198.51.100.90
	here A 198.51.100.90
	private A 192.168.1.2
	six AAAA 2001:db8::80
	site A 198.51.100.81
	fediverse A 198.51.100.82
	other A 198.51.100.83
	strange A 198.51.100.84
	forbidden A 198.51.100.90
	forbidden CAA 0 issue "digicert.com"
	allowed A 198.51.100.90
	allowed CAA 0 issue "digicert.com"
	allowed CAA 0 issue "letsencrypt.org; validationmethods=http-01"
	account A 198.51.100.90
	account CAA 0 issue "letsencrypt.org; accounturi=https://x.invalid/1"
	iodef A 198.51.100.90
	iodef CAA 0 iodef "mailto:x@example.org"
	alias CNAME node
	null MX 0 .
	nothing TXT "nothing"
ZONE
for zone in lame homeless; do
	cat >"$work/$zone" <<-ZONE
		$soa
		@ NS ns.example.org.
		@ A 198.51.100.90
		node A 198.51.100.90
	ZONE
done
nameserver 192.0.2.53 .=root org=org
nameserver 192.0.2.54 example.org=example lame.org=lame homeless.org=homeless
nameserver 192.0.2.56 example.org=example

mkdir "$work/mail"
smtp_up "$work/mail" || { cat "$work"/mail/log/*; bail 'no mail server'; }
export SSL_CERT_FILE=$smtp_ca

cat >"$work/others.py" <<'PY'
import http.server, json, socket, ssl, socketserver, struct, sys, threading
def server(address, port, answer, cert=None):
    class Handler(http.server.BaseHTTPRequestHandler):
        server_version, sys_version = "small/1.0", ""
        def do_GET(self):
            status, body = answer(self.path)
            body = body.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        do_HEAD = do_GET
        def log_message(self, *args):
            pass
    one = http.server.ThreadingHTTPServer((address, port), Handler)
    if cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert + "/cert.pem", cert + "/key.pem")
        one.socket = context.wrap_socket(one.socket, server_side=True)
    threading.Thread(target=one.serve_forever, daemon=True).start()
class Late(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(404)
        self.end_headers()
    do_HEAD = do_GET
    def date_time_string(self, timestamp=None):
        return "Thu, 01 Jan 2026 00:00:00 GMT"
    def log_message(self, *args):
        pass
late = http.server.ThreadingHTTPServer(("192.0.2.1", 5001), Late)
threading.Thread(target=late.serve_forever, daemon=True).start()
def fediverse(path):
    if path == "/.well-known/nodeinfo":
        return 200, json.dumps({"links": [
            {"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": "https://127.0.0.1/elsewhere"},
            {"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": "https://fediverse.example.org/nodeinfo/2.0"}]})
    if path == "/nodeinfo/2.0":
        return 200, json.dumps({"software": {"name": "mastodon", "version": "4.3.1\u001b[31m"}})
    return 404, "no"
cert = sys.argv[1]
server("198.51.100.82", 80, lambda path: (301, ""))
server("198.51.100.82", 443, fediverse, cert)
server("198.51.100.83", 80, lambda path: (200, "0123456789abcdef" * 4 + "\n"))
class Strange(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.recv(4096)
        self.request.sendall(b"SSH-2.0-x\r\n")
strange = socketserver.ThreadingTCPServer(("198.51.100.84", 80), Strange)
threading.Thread(target=strange.serve_forever, daemon=True).start()
# Where backups go: a server for restic, and one for buckets.
server("198.51.100.84", 8000, lambda path: ({"/repository/config": 200, "/closed/config": 401, "/odd/config": 500}.get(path, 404), ""))
server("198.51.100.84", 8001, lambda path: ({"/there": 403, "/moved": 301}.get(path, 404), ""))
# A name server that knows its zone (SOA, 6), has an address (A, 1; no AAAA, 28) for all names but one, and fails
# at all else.
class Failing(socketserver.BaseRequestHandler):
    def handle(self):
        data, sock = self.request
        end = data.index(b"\0", 12) + 5
        kind, name = struct.unpack(">H", data[end - 4:end - 2])[0], data[12:end - 4]
        if kind == 1 and not name.startswith(b"\4fail"):
            rcode, record = 0, b"\xc0\x0c" + struct.pack(">2HIH", 1, 1, 5, 4) + bytes([198, 51, 100, 90])
        elif kind == 6:
            soa = b"\0\0" + struct.pack(">5I", 1, 60, 60, 600, 5)
            rcode, record = 0, b"\xc0\x0c" + struct.pack(">2HIH", 6, 1, 5, len(soa)) + soa
        else:
            rcode, record = 0 if kind == 28 else 2, b""
        sock.sendto(data[:2] + struct.pack(">H4H", 0x8400 | rcode, 1, bool(record), 0, 0) + data[12:end] + record,
                    self.client_address)
failing = socketserver.ThreadingUDPServer(("192.0.2.57", 53), Failing)
threading.Thread(target=failing.serve_forever, daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
PY
python3 "$work/others.py" "$work/mail" >"$work/others" 2>&1 &
servers+=($!)
printf '{\n\tadmin off\n\tauto_https off\n}\nhttp://site.example.org:80 {\n\tbind 198.51.100.81\n\trespond 404\n}\n' >"$work/Caddyfile"
XDG_DATA_HOME=$work XDG_CONFIG_HOME=$work caddy run --config "$work/Caddyfile" --adapter caddyfile >"$work/caddy.log" 2>&1 &
servers+=($!)
until_ok 60 grep -q ready "$work/others" || { cat "$work/others"; bail 'small servers'; }
until_ok 60 curl -sS -o /dev/null http://198.51.100.81/ || { cat "$work/caddy.log"; bail 'caddy'; }

# online CODE NAME [SETTING=VALUE…]: a node with these settings, checked.
printf %s "$smtp_password" >"$tmp/password"
online() {
	local code=$1 name=$2 setting sets=() given=" ${*:3} "
	shift 2
	for setting in app=snac images.snac=lab.invalid/snac:2.75 domain=node.example.org admin.name=alice \
		admin.email=alice@example.net mail=none backup=none "images.mirror=http://192.0.2.1:5000"; do
		[[ "$given" == *" ${setting%%=*}="* || "$given" == *" ${setting%%=*}."* ]] || sets+=(--set "$setting")
	done
	for setting in "$@"; do
		case $setting in
		mail.password=* | media.*_key=*) sets+=(--secret "$setting") ;;
		*) sets+=(--set "$setting") ;;
		esac
	done
	rm -rf "$tmp/n"
	"$stead" init --dir "$tmp/n" "${sets[@]}" --yes </dev/null >"$tmp/out" 2>"$tmp/err" || { cat "$tmp/err"; bail init; }
	run "$code" "$name" check --online --resolver 192.0.2.53 --dir "$tmp/n"
}
saw() { ok "$1" grep -qE "^$2 +$3 +.*$4" "$tmp/out" || sed 's/^/#   /' "$tmp/out"; } # NAME PROBE STATE TEXT

# --- names ---
online 0 'a domain that waits for its node'
saw 'who answers for it' domain ok 'node.example.org lies in example.org is answered for by ns.example.org'
saw 'where it leads, and who says so' address ok '198.51.100.90, says ns.example.org'
saw 'anybody may issue certificates' caa ok 'anybody'
saw 'no mail, so no MX' mx skipped ''
saw 'nobody is there yet' site ok '198.51.100.90: nobody'
saw 'media stay' media skipped ''
saw 'no backups' backup skipped ''
out_has 'it is located' "$tmp/n/stead.yaml:"
run 0 'as JSON' check --online --resolver 192.0.2.53 --dir "$tmp/n" --format=json
ok 'JSON has each probe' jq -e '.probes | length == 10 and (map(.name) | index("domain") == 0) and all(.[]; .state and .seen)' "$tmp/out"
run 0 'without --online nothing is asked' check --dir "$tmp/n" --format=json
ok 'and no probes are told of' jq -e 'has("probes") | not' "$tmp/out"

online 1 'a domain that nobody has' domain=nobody.org
saw 'it is said' domain error 'there is no domain nobody.org'
out_has 'with its code' 'error[dns.no-domain]'
is 'once' "$(grep -c 'error\[' "$tmp/out")" 1
online 0 'a lame name server' domain=lame.org
saw 'others answer' domain warning 'lame.org is answered for by ns.example.org'
out_has 'it is named' 'warning[dns.lame]: the name server ns1.lame.org (192.0.2.56) knows nothing about lame.org'
online 0 'a name server without an address' domain=homeless.org
out_has 'it is named' 'warning[dns.homeless]: ns.nowhere.org, a name server of homeless.org, has no address'
online 1 'nobody answers for a domain' domain=dead.org
out_has 'that is an error' 'error[dns.dead]: none of the name servers of dead.org answers for it'
out_has 'the silent one is named' 'warning[dns.silent]: the name server ns.dead.org (192.0.2.99) of dead.org does not answer'
online 0 'a name server that fails' domain=fail.broken.org
out_has 'it is not known where the name leads' 'warning[dns.unknown]'
online 0 'a name server that fails at CAA' domain=broken.org
saw 'the address is known' address ok '198.51.100.90'
out_has 'whether certificates may be issued is not' 'warning[dns.caa-unknown]: whether broken.org has CAA records is not known'
online 1 'no address' domain=nothing.example.org
out_has 'it is said' "error[dns.no-address]: nothing.example.org has no address"
out_has 'and what to do' 'add an A or AAAA record'
files() { # CODE NAME HOST
	online "$1" "$2" machine.host=198.51.100.90 media.store.s3.endpoint=http://s3.example.org media.store.s3.bucket=files \
		media.store.s3.serve=true "media.store.s3.public_host=$3" "media.access_key=@$tmp/password" "media.secret_key=@$tmp/password"
}
files 0 'files that the node serves' alias.example.org
saw 'it is said where they lead' media ok 'alias.example.org leads to 198.51.100.90, and the node serves it'
files 0 'files that lead elsewhere' site.example.org
out_has 'it is said' 'warning[dns.other-machine]: site.example.org leads to 198.51.100.81, and machine.host is 198.51.100.90'
out_has 'and what that means' 'it has no certificate until it leads to 198.51.100.90'
files 1 'files without an address' nothing.example.org
out_has 'it is said' 'error[dns.no-address]: nothing.example.org has no address'
files 1 'files whose name forbids the authority' forbidden.example.org
out_has 'it is said' "error[dns.caa]: the CAA record of forbidden.example.org lets only 'digicert.com' issue certificates"
online 0 'a private address' domain=private.example.org
out_has 'it is said' 'warning[dns.private]: private.example.org leads to 192.168.1.2'
saw 'who is there is not asked' site ok '192.168.1.2: not asked'
online 0 'IPv6 alone' domain=six.example.org
out_has 'a note' 'note[dns.no-ipv4]'
online 0 'an alias' domain=alias.example.org
saw 'is followed' address ok '198.51.100.90'
online 0 'another machine' machine.host=203.0.113.7
out_has 'both are named' 'warning[dns.other-machine]: node.example.org leads to 198.51.100.90, and machine.host is 203.0.113.7'
online 0 'another machine, as it is written for ssh' machine.host=core@203.0.113.7:2222
out_has 'its address is known' 'leads to 198.51.100.90, and machine.host is 203.0.113.7'
online 0 'the same address, written otherwise' domain=six.example.org machine.host=root@2001:DB8:0::80
fails 'is the same' grep -q other-machine "$tmp/out"

# --- CAA ---
online 1 'CAA forbids' domain=forbidden.example.org
out_has 'it is said who may' "error[dns.caa]: the CAA record of forbidden.example.org lets only 'digicert.com' issue"
out_has 'the record to add' 'issue "letsencrypt.org"'
online 0 'CAA allows' domain=allowed.example.org
saw 'it is said' caa ok 'digicert.com, letsencrypt.org'
online 1 'CAA for an account' domain=account.example.org
out_has 'is of no use' 'error[dns.caa]'
online 0 'CAA about other things' domain=iodef.example.org
saw 'says nothing' caa ok 'says nothing of who may issue'
online 0 'no authority, no CAA' domain=forbidden.example.org tls=internal
saw 'it is not asked' caa skipped ''

# --- who is there ---
online 1 'a web site' domain=site.example.org
out_has 'it is said' 'error[occupant.site]: site.example.org leads to 198.51.100.81, and that is something else, which answers 404 (Caddy)'
online 1 'a server of the fediverse' domain=fediverse.example.org
out_has 'which one' 'error[occupant.fediverse]: fediverse.example.org leads to 198.51.100.82, and that is a server of the fediverse already: mastodon 4.3.1'
fails 'no word of a stranger goes to the terminal' grep -q $'\033' "$tmp/out"
online 1 'another node' domain=other.example.org
out_has 'it is said' 'error[occupant.node]: other.example.org leads to 198.51.100.83, and that is a node of stead that is not known in this folder'
# The folder's own host: ssh is a stand-in that runs the node's command here, below a /run of our own.
mount -t tmpfs run /run && mkdir -p /run/stead/page/.well-known/stead "$work/bin" || bail 'no /run'
printf '#!/bin/sh\n[ ! -e "%s/away" ] || exit 255\nwhile [ "$1" != -- ]; do shift; done\nshift\necho good morning\nexec sh -c "$*"\n' \
	"$work" >"$work/bin/ssh"
chmod +x "$work/bin/ssh"
PATH=$work/bin:$PATH
own_host() { # NONCE
	mkdir -p "$tmp/n/.stead/host"
	echo '{"agent":"/a","web":"other.example.org","handle":"h","issuer":"acme","domain":"other.example.org","on":"root@h"}' \
		>"$tmp/n/.stead/host/target.json"
	printf 'Host stead\n' >"$tmp/n/.stead/host/ssh_config"
	echo "$1" >/run/stead/page/.well-known/stead/node
}
nonce=$(printf '0123456789abcdef%.0s' 1 2 3 4)
own_host "$nonce"
run 0 'the node itself' check --online --resolver 192.0.2.53 --dir "$tmp/n"
saw 'it is known by its nonce' site ok '198.51.100.83: this node'
own_host "${nonce//0/f}"
run 1 'a node that is not this one' check --online --resolver 192.0.2.53 --dir "$tmp/n"
out_has 'it is said' 'and that is another node of stead'
: >"$work/away"
run 0 'a node, and this one cannot be asked' check --online --resolver 192.0.2.53 --dir "$tmp/n"
saw 'both are said' site ok "a node of stead \(this folder's does not say"
rm "$work/away"
online 1 'no HTTP' domain=strange.example.org
out_has 'it is said' 'something that speaks no HTTP at port 80'

# --- mail ---
mail=(mail.host=localhost mail.user=hello mail.password=@"$tmp/password" mail.from=hello@example.org)
online 0 'mail works' "${mail[@]}" mail.port="$port_starttls"
saw 'from here, and the node asks again' mail ok "takes mail from this computer: STARTTLS, login as 'hello'; 'stead up' and 'stead mail test'"
saw 'the sender takes mail' mx ok 'example.org takes mail by 10 mx.example.org'
ok 'no message was sent' test -z "$(find "$smtp_maildir" -type f)"
online 0 'TLS at once' "${mail[@]}" mail.port="$port_tls" mail.tls=tls
saw 'it is said' mail ok 'mail from this computer: TLS'
printf wrong >"$tmp/wrong"
online 1 'a wrong password' "${mail[@]/#mail.password=*/mail.password=@$tmp/wrong}" mail.port="$port_starttls"
out_has 'it is located and said' "error[mail.login]: localhost:$port_starttls refuses the login of 'hello': 535"
fails 'the password is not shown' grep -qF wrong "$tmp/out"
online 0 'nobody listens' "${mail[@]}" mail.port="$port_closed"
out_has 'a warning: it may be otherwise there' "warning[mail.unreachable]: this computer is refused a connection to localhost:$port_closed"
online 1 'no such server' "${mail[@]/mail.host=*/mail.host=mail.nobody.org}"
out_has 'it is said' 'error[mail.unknown-host]: this computer finds no address for mail.nobody.org'
online 1 'an expired certificate' "${mail[@]}" mail.port="$port_expired"
out_has 'it is said' 'error[mail.certificate]: the certificate of localhost'
online 1 'no STARTTLS' "${mail[@]}" mail.port="$port_plain"
out_has 'it is said' 'error[mail.no-starttls]'
small_server garbage
online 1 'no mail server' "${mail[@]}" mail.port="$small_port"
out_has 'it is said' 'error[mail.not-smtp]'
online 0 'a sender whose domain takes none' "${mail[@]/%@example.org/@null.example.org}" mail.port="$port_starttls"
out_has 'null MX' 'warning[dns.null-mx]'
online 0 'a sender whose domain says nothing' "${mail[@]/%@example.org/@nothing.example.org}" mail.port="$port_starttls"
out_has 'no MX' 'warning[dns.no-mx]: nothing.example.org has no MX record'

# --- images, and the time ---
docker_registry() {
	printf 'version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: %s/registry\nhttp:\n  addr: 192.0.2.1:5000\n' \
		"$work" >"$work/registry.yml"
	docker-registry serve "$work/registry.yml" >"$work/registry.log" 2>&1 &
	servers+=($!)
	until_ok 60 curl -s -o /dev/null http://192.0.2.1:5000/v2/
}
# push NAME TAG ARCH: an image without layers, as docker-registry takes it.
push() {
	python3 - "$@" <<-'PY'
		import hashlib, json, sys, urllib.request
		name, tag, arch = sys.argv[1:]
		base = "http://192.0.2.1:5000"
		def send(method, url, data, kind):
		    request = urllib.request.Request(url, data, {"Content-Type": kind}, method=method)
		    return urllib.request.urlopen(request)
		config = json.dumps({"architecture": arch, "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}).encode()
		digest = "sha256:" + hashlib.sha256(config).hexdigest()
		where = send("POST", f"{base}/v2/{name}/blobs/uploads/", b"", "application/octet-stream").headers["Location"]
		send("PUT", where + ("&" if "?" in where else "?") + "digest=" + digest, config, "application/octet-stream")
		kind = "application/vnd.docker.distribution.manifest.v2+json"
		manifest = json.dumps({"schemaVersion": 2, "mediaType": kind, "layers": [], "config": {
		    "mediaType": "application/vnd.docker.container.image.v1+json", "size": len(config), "digest": digest}}).encode()
		send("PUT", f"{base}/v2/{name}/manifests/{tag}", manifest, kind)
	PY
}
image_of() { "$stead" render tree "$tmp/tree.$1" --dir "$tmp/n" >"$tmp/out" 2>"$tmp/err" && grep -rhoE '^Image=.*' "$tmp/tree.$1"; }
docker_registry || { cat "$work/registry.log"; bail 'no registry'; }
online 1 'images that are not there'
out_has 'it is located and said' 'error[registry.missing]'
saw 'the clock is that of the registry' clock ok "this computer's clock agrees with that of http://192.0.2.1:5000/v2/"
mapfile -t images < <(image_of 1 | sed 's/^Image=192.0.2.1:5000.//' | sort -u)
is 'the application and the proxy' "${#images[@]}" 2
for image in "${images[@]}"; do push "${image%:*}" "${image##*:}" amd64 || bail 'push'; done
online 0 'images that are there'
saw 'it is said' images ok '2 images for x86_64, at 192.0.2.1:5000'
push lab.invalid/snac 2.76 amd64 || bail 'push'
online 0 'a newer version'
out_has 'it is said' "note[registry.newer]: 2.76 is newer than 'lab.invalid/snac:2.75', for snac"
online 0 'a newer version, and no channel' updates.app=none
saw 'nobody asks' images ok '2 images for x86_64, at 192.0.2.1:5000'
python3 tests/lib/registry-small.py "$work" tags-denied http://192.0.2.1:5000 >"$work/port" &
servers+=($!)
until_ok 60 test -s "$work/port" || bail 'no registry without lists'
online 0 'a registry that lists no tags' "images.mirror=http://127.0.0.1:$(cat "$work/port")"
out_has 'it is said' "note[registry.tags]: what is newer than 'lab.invalid/snac:2.75' is not known: 127.0.0.1:"
for image in "${images[@]}"; do push "${image%:*}" "${image##*:}" arm64; done
online 1 'images for another machine'
out_has 'it is said' 'error[registry.arch]: the image '
for image in "${images[@]}"; do push "${image%:*}" "${image##*:}" amd64; done

online 1 'a registry that is none, with another time' images.mirror=http://192.0.2.1:5001
out_has 'the time is said' "warning[clock.off]: this computer's clock is "
out_has 'what answers is said' 'error[registry.'

# --- where backups go ---
mkdir -p "$work/backups/repository/keys" "$work/backups/other" "$work/backups/empty" "$tmp/home/.ssh"
touch "$work/backups/repository/config" "$work/backups/other/photo.jpg"
chmod 700 "$tmp/home/.ssh"
ssh-keygen -q -t ed25519 -N '' -f "$work/host_key" && ssh-keygen -q -t ed25519 -N '' -f "$tmp/home/.ssh/id_ed25519"
cp "$tmp/home/.ssh/id_ed25519.pub" "$work/authorized_keys"
printf '%s\n' "HostKey $work/host_key" 'ListenAddress 198.51.100.90:2222' "AuthorizedKeysFile $work/authorized_keys" \
	'PermitRootLogin yes' 'StrictModes no' 'PasswordAuthentication no' 'Subsystem sftp internal-sftp' 'PidFile none' \
	'UsePAM no' >"$work/sshd_config"
mkdir -p /run/sshd
/usr/sbin/sshd -D -f "$work/sshd_config" -E "$work/sshd.log" &
servers+=($!)
until_ok 60 bash -c 'exec 3<>/dev/tcp/198.51.100.90/2222' 2>/dev/null || { cat "$work/sshd.log"; bail 'no sshd'; }
# ssh looks into the home of the account, whatever HOME says: a stand-in names the key, and is ssh for the rest.
printf '#!/bin/sh\nexec /usr/bin/sftp -i "%s" -oIdentitiesOnly=yes "$@"\n' "$tmp/home/.ssh/id_ed25519" >"$work/bin/sftp"
chmod +x "$work/bin/sftp"
PATH=$work/bin:$PATH
backup() { online "$1" "$2" "backup.to=sftp://root@198.51.100.90:2222/$work/backups/$3"; }
backup 1 'a host that is not known' empty
out_has 'it is said' 'error[backup.host-key]: the key of 198.51.100.90 is not known'
known=$(printf '[198.51.100.90]:2222 %s\n' "$(cut -d' ' -f1,2 "$work/host_key.pub")")
again() { # CODE NAME: the same, with known_hosts beside stead.yaml
	printf '%s\n' "$known" >"$tmp/n/known_hosts"
	run "$1" "$2" check --online --resolver 192.0.2.53 --dir "$tmp/n"
}
again 0 'a host whose key is beside stead.yaml'
saw 'an empty folder' backup ok "takes the login; '.*/empty' is empty"
ok 'nothing is left there' test -z "$(ls -A "$work/backups/empty")"
mv "$tmp/n" "$tmp/odd \"%h\" folder"
run 0 'in a folder with an odd name' check --online --resolver 192.0.2.53 --dir "$tmp/odd \"%h\" folder"
saw 'it is found too' backup ok "takes the login; '.*/empty' is empty"
mv "$tmp/odd \"%h\" folder" "$tmp/n"
sed -i 's#/empty#/nothing#' "$tmp/n/stead.yaml"
again 0 'a folder that is not there'
saw 'is made later' backup ok 'is not there yet, the first backup makes it'
sed -i 's#/backups/nothing#/backups/repository#' "$tmp/n/stead.yaml"
again 0 'a repository'
saw 'is one' backup ok 'is a repository of restic: whose it is'
sed -i 's#/backups/repository#/backups/other#' "$tmp/n/stead.yaml"
again 1 'other files'
out_has 'are said to be there' "error[backup.other-files]"
sed -i 's#/backups/other#/backups/empty#; s#:2222/#:2224/#' "$tmp/n/stead.yaml"
sed 's/:2222/:2224/; s/internal-sftp/internal-sftp -R/' "$work/sshd_config" >"$work/sshd_read_only"
/usr/sbin/sshd -D -f "$work/sshd_read_only" -E "$work/sshd.log" &
servers+=($!)
until_ok 60 bash -c 'exec 3<>/dev/tcp/198.51.100.90/2224' 2>/dev/null || { cat "$work/sshd.log"; bail 'no sshd'; }
known=${known/2222/2224} again 1 'a folder that may only be read'
out_has 'it is said' 'error[backup.read-only]: the login may not write to'
sed -i 's#:2224/#:2222/#' "$tmp/n/stead.yaml"
: >"$work/authorized_keys"
again 1 'a login that is refused'
out_has 'is said to be' 'error[backup.login]: 198.51.100.90 refuses the login'
online 0 'nobody listens there' backup.to=sftp://root@198.51.100.90:2223/x
out_has 'it is said' 'warning[backup.unreachable]: 198.51.100.90 is not reached'
online 0 'a server for restic that is not there' backup.to=rest:http://alice:secret1@198.51.100.90:8000/x
out_has 'it is said' 'warning[backup.unreachable]: http://198.51.100.90:8000/x/config is not reached'
fails 'without the login in it' grep -q 'http://alice' <(grep -v '^ ' "$tmp/out")

rest=rest:http://alice:secret1@198.51.100.84:8000
online 0 'a repository at a server for restic' "backup.to=$rest/repository"
saw 'is one' backup ok 'http://198.51.100.84:8000/repository is a repository of restic'
online 0 'a server for restic without one' "backup.to=$rest/new/"
saw 'it will have one' backup ok 'there is no repository yet'
online 1 'a server for restic that refuses the login' "backup.to=$rest/closed"
out_has 'it is said' 'error[backup.login]: http://198.51.100.84:8000/closed refuses the login (401)'
fails 'without the password' grep -q secret1 <(grep -v '^ ' "$tmp/out")
online 0 'a server that is none for restic' "backup.to=$rest/odd"
out_has 'it is said' 'warning[backup.answer]: http://198.51.100.84:8000/odd answers 500, which no server for restic does'
s3=s3:http://198.51.100.84:8001
online 0 'a bucket' "backup.to=$s3/there/prefix"
saw 'is there' backup ok 'http://198.51.100.84:8001/there answers 403 without keys'
online 1 'no bucket' "backup.to=$s3/nowhere"
out_has 'it is said' 'error[backup.missing]: there is no bucket http://198.51.100.84:8001/nowhere'
online 0 'a bucket of another region' "backup.to=$s3/moved"
out_has 'it is said' 'warning[backup.answer]: http://198.51.100.84:8001/moved sends everybody elsewhere (301)'

# --- nobody at all ---
run 3 'a resolver that is away' check --online --resolver 192.0.2.99 --dir "$tmp/n"
out_has 'once' 'error[online.offline]: nothing can be asked: the name server 192.0.2.99 does not answer'
is 'and no more than once' "$(grep -c 'error\[\|warning\[' "$tmp/out")" 1
run 2 'a resolver that is none' check --online --resolver example.org --dir "$tmp/n"
unshare --net "$stead" check --online --resolver 192.0.2.53 --dir "$tmp/n" </dev/null >"$tmp/out" 2>"$tmp/err"
is 'offline: exit code 3' $? 3
out_has 'it is said' 'this computer is offline'

tap_done
