#!/usr/bin/env bash
# Files of a bucket, served by a real Caddy with the rendered configuration: in a network of its own, where the
# bucket is a small server that notes what it was asked, and answers as such services do.
set -u
cd "$(dirname "$0")/../.." || exit 1
if [ -z "${STEAD_TEST_NETWORK:-}" ]; then
	if ! command -v caddy >/dev/null || ! unshare --net --mount true 2>/dev/null; then
		echo "1..0 # SKIP no caddy, or no namespaces"
		exit 1
	fi
	STEAD_TEST_NETWORK=own exec unshare --net --mount -- "$0" "$@"
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
ip link set lo up
printf '127.0.0.1 localhost s3.example.net stead-media.s3.example.net\n' >"$work/hosts"
mount --bind "$work/hosts" /etc/hosts
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=a bucket' -keyout "$work/key.pem" \
	-addext 'subjectAltName=DNS:stead-media.s3.example.net' -out "$work/cert.pem" 2>/dev/null || exit 1
export SSL_CERT_FILE=$work/cert.pem XDG_DATA_HOME=$work XDG_CONFIG_HOME=$work
PYTHONPATH=tests/lib exec python3 -B - "$work" <<'PY'
import http.client, http.server, socket, ssl, subprocess, sys, threading, time

from tap import done, ok

work = sys.argv[1]

# --- the bucket ---
PICTURE = b"<svg xmlns='http://www.w3.org/2000/svg'>" + b"x" * 4000 + b"</svg>"
LISTING = b"<ListBucketResult><Key>secret name</Key></ListBucketResult>"


class Bucket(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append((self.command, self.path, self.headers, self.server.sni))
        path = self.path
        if self.server.path_style:
            if not path.startswith("/stead-media/"):
                return self.say(200, b"another bucket")
            path = path[len("/stead-media"):]
        if path == "/" or "?" in path:
            return self.say(200, LISTING)
        if "moved" in path:
            return self.say(301, b"<Error><Endpoint>else</Endpoint></Error>", ("Location", "https://else.example.net/"))
        if "broken" in path:
            return self.say(500, b"<Error>of stead-media</Error>")
        if "slow" in path:
            return self.say(503, b"<Error>SlowDown</Error>")
        if "missing" in path:
            return self.say(404, b"<Error><Code>NoSuchKey</Code></Error>")
        if "picture" not in path:
            return self.say(403, b"<Error><Code>AccessDenied</Code></Error>")
        if self.headers["If-None-Match"] == '"one"':
            return self.say(304, b"")
        asked = self.headers["Range"]
        if asked == "bytes=2-5":
            return self.say(206, PICTURE[2:6], ("Content-Range", f"bytes 2-5/{len(PICTURE)}"))
        if asked:
            return self.say(416, b"<Error>InvalidRange</Error>")
        self.say(200, PICTURE)

    do_HEAD = do_PUT = do_GET

    def say(self, status, body, *headers):
        self.send_response(status)
        for name, value in (("Content-Type", "image/svg+xml"), ("ETag", '"one"'), ("Set-Cookie", "of=bucket"),
                            ("x-amz-request-id", "1"), ("x-amz-meta-owner", "alice"), ("Cache-Control", "private"),
                            ("Access-Control-Allow-Origin", "https://else.example.net"),
                            ("Access-Control-Allow-Credentials", "true"), ("Content-Security-Policy", "default-src *"),
                            ("Strict-Transport-Security", "max-age=1; preload"), *headers):
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status != 304:
            self.wfile.write(body)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


def bucket(port, path_style, tls):
    server = Server(("127.0.0.1", port), Bucket)
    server.asked, server.path_style, server.sni = [], path_style, None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(f"{work}/cert.pem", f"{work}/key.pem")
        context.sni_callback = lambda sock, name, _: setattr(server, "sni", name)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


# --- the proxy ---
def ask(path, method="GET", host="files.example.org", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", 80, timeout=300)
    connection.request(method, path, headers={"Host": host, **{k.replace("_", "-"): v for k, v in headers.items()}})
    answer = connection.getresponse()
    return answer.status, answer.headers, answer.read()


def header(headers, name):
    return headers.get_all(name) or []


def proved(case, server, at, upstream_at, upstream_host, sni):
    """AT: before the names of files here; UPSTREAM_AT: in the question to the bucket."""
    def name(text):
        return f"{case}: {text}"

    def untouched(path, **more):
        before = len(server.asked)
        got = ask(path, **more)
        return got if len(server.asked) == before else (0, {}, b"the bucket was asked")

    status, headers, body = ask(at + "/a/picture.svg", Authorization="Bearer x", Cookie="of=site", X_Amz_Date="1",
                                Referer="https://example.org/@alice", X_Real_IP="192.0.2.7", Forwarded="for=192.0.2.7",
                                Cf_Connecting_Ip="192.0.2.7", True_Client_Ip="192.0.2.7", Fastly_Client_Ip="192.0.2.7",
                                Origin="https://alice.example.org", User_Agent="alice's browser",
                                Accept_Encoding="identity")
    method, path, sent, seen_sni = server.asked[-1]
    ok(status == 200 and body == PICTURE, name("a file comes"), status, body[:80])
    ok((path, sent["Host"], seen_sni) == (upstream_at + "/a/picture.svg", upstream_host, sni), name("from where it is"),
       path, sent, seen_sni)
    ok(not [k for k in sent if k.lower().startswith(("authorization", "cookie", "x-amz", "x-forwarded"))] and
       "127.0.0.1" not in str(sent) and "192.0.2.7" not in str(sent) and "alice" not in str(sent), name("the bucket does not hear who asks"), sent)
    ok([header(headers, h) for h in ("Cache-Control", "Access-Control-Allow-Origin", "X-Content-Type-Options",
                                     "Content-Security-Policy", "Strict-Transport-Security", "Content-Type", "ETag")] ==
       [["public, max-age=2419200, immutable"], ["*"], ["nosniff"], ["default-src 'none'; form-action 'none'"],
        ["max-age=31536000"], ["image/svg+xml"], ['"one"']], name("it is kept, and no page to any browser"), headers)
    ok(not [k for k in headers if k.lower().startswith(("set-cookie", "x-amz", "access-control-allow-cred"))],
       name("what the bucket says to its owner stays away"), headers)
    status, headers, body = ask(at + "/a/picture.svg", "HEAD")
    ok(status == 200 and body == b"" and server.asked[-1][0] == "HEAD" and
       header(headers, "Content-Length") == [str(len(PICTURE))], name("its head alone comes too"), status, headers)
    status, headers, body = ask(at + "/a/picture.svg", Range="bytes=2-5")
    ok(status == 206 and body == PICTURE[2:6] and "immutable" in headers["Cache-Control"], name("and a part"), status)
    ok(ask(at + "/a/picture.svg", If_None_Match='"one"')[0] == 304, name("and that it is the same still"))
    status, headers, body = ask(at + "/a/picture.svg", Range="bytes=9999-")
    ok(status == 416 and b"Error" not in body and "immutable" not in str(headers), name("no part that it does not have"),
       status, body)

    for key in "/a/pict%20ure%2Bpicture.svg", "/picture%3Fx.svg", "/picture%25.svg", "/%C3%A4picture", "/picture..x", "/.picture":
        status, _, body = ask(at + key)
        ok(status == 200 and server.asked[-1][1] == upstream_at + key, name(f"{key} is asked for as it is"), status,
           server.asked[-1][1])
    status, _, body = ask(at + "/%3Flist-type=2")
    ok(status == 404 and server.asked[-1][1] == upstream_at + "/%3Flist-type=2", name("nor one that is hidden in it"),
       status, server.asked[-1][1], body)
    ask(at + "/picture?list-type=2&uploads")
    ok(server.asked[-1][1] == upstream_at + "/picture", name("a question behind the name is not"), server.asked[-1][1])

    for path in ("/", "//", at + "/", at + "/a/", at + "//picture", at + "/./picture", at + "/../picture",
                 at + "/..%2Fpicture", at + "/%2e%2e/picture", at + "/..", at + "/a/../../../picture", at + "/a%2f"):
        status, headers, body = untouched(path)
        ok(status == 404 and body == b"", name(f"{path} is nothing, and not asked for"), status, body)
    status, headers, body = untouched("/?list-type=2")
    ok(status == 404 and body == b"", name("the bucket is not listed"), status, body)
    for method in "POST", "PUT", "DELETE", "OPTIONS", "PATCH":
        ok(untouched(at + "/a/picture.svg", method=method)[0] == 403, name(f"{method} is refused"))

    for what, of_bucket in ("other", 403), ("missing", 404):
        status, headers, body = ask(at + "/" + what)
        ok(status == 404 and body == b"" and "immutable" not in str(headers), name(f"not there: {of_bucket} of the bucket"),
           status, headers, body)
    for what in "moved", "broken", "slow":
        status, headers, body = ask(at + "/" + what)
        ok(status == 503 and b"Error" not in body and not headers["Location"] and headers["Cache-Control"] == "no-store",
           name(f"{what}: not for others to see"), status, headers, body)


def run(case, server, *rest, replace=()):
    text = open(f"tests/golden/host/{case}/expected/tree/etc/stead/config/caddy/Caddyfile").read()
    for old, new in (("admin unix//run/caddy/admin.sock", "admin off"), *replace):
        assert old in text, old
        text = text.replace(old, new)
    open(f"{work}/Caddyfile", "w").write(text)
    with open(f"{work}/log", "w") as log:
        caddy = subprocess.Popen(["caddy", "run", "--config", f"{work}/Caddyfile", "--adapter", "caddyfile"],
                                 stdout=log, stderr=log)
    try:
        for _ in range(3000):
            try:
                socket.create_connection(("127.0.0.1", 80)).close()
                break
            except OSError:
                time.sleep(0.1)
        proved(case, server, *rest)
        server.shutdown()
        server.server_close()
        status, headers, body = ask(rest[0] + "/b/picture.svg")
        ok(status == 503 and headers["Retry-After"] == "10", f"{case}: a bucket that is away is excused", status, body)
    finally:
        caddy.terminate()
        caddy.wait()


run("mastodon-domain-s3", bucket(443, False, True), "", "", "stead-media.s3.example.net", "stead-media.s3.example.net")
# Without TLS of its own, since nobody here can have a certificate of an authority.
run("mastodon-bucket", bucket(9000, True, False), "/pre/fix", "/stead-media/pre/fix", "s3.example.net:9000", None,
    replace=(("auto_https disable_redirects", "auto_https off"), ("\nfiles.example.org {", "\nhttp://files.example.org {"),
             ("\nexample.org {", "\nhttp://example.org {")))
done()
PY
