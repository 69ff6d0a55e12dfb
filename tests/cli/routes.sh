#!/usr/bin/env bash
# What routes say, seen through a real Caddy: the rendered configuration of one case, with servers here in the
# place of its processes.
set -u
cd "$(dirname "$0")/../.." || exit 1
if ! command -v caddy >/dev/null; then
	echo "1..0 # SKIP no caddy"
	exit 1
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
PYTHONPATH=tests/lib exec python3 -B - "$work" tests/golden/host/mastodon-domain-s3/expected/tree/etc/stead/config/caddy/Caddyfile <<'PY'
import http.client, http.server, os, re, socket, subprocess, sys, threading, time

from tap import done, ok

work, caddyfile = sys.argv[1:]

gate = threading.Event()


class Backend(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.server.away:
            self.close_connection = True
            return
        if self.headers.get("Upgrade") == "websocket":
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.end_headers()
            self.wfile.write(self.rfile.read(4)[::-1])
            return
        if "slowly" in self.path:  # the second half waits until the first was seen
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"first")
            self.wfile.flush()
            gate.wait(60)
            self.wfile.write(b"second")
            self.close_connection = True
            return
        body = f"{self.server.name} {self.headers['Host']} {self.headers['X-Forwarded-Proto']}".encode()
        self.send_response(404 if "missing" in self.path else 200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "private")
        self.send_header("X-Content-Type-Options", "other")
        if "strict" in self.path:
            self.send_header("Strict-Transport-Security", "max-age=1")
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        left = int(self.headers["Content-Length"])
        while left > 0 and (got := self.rfile.read(min(left, 1 << 20))):
            left -= len(got)
        self.send_response(200 if left == 0 else 400)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    away = False


def backend(name):
    server = Server(("127.0.0.1", 0), Backend)
    server.name = name
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


web, streaming = backend("web"), backend("streaming")
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    port = s.getsockname()[1]
text = open(caddyfile).read()
text = text.replace("admin unix//run/caddy/admin.sock", f"admin off\n\thttp_port {port}")
text = text.replace("web:3000", f"127.0.0.1:{web.server_port}")
text = text.replace("streaming:4000", f"127.0.0.1:{streaming.server_port}")
open(f"{work}/Caddyfile", "w").write(text)
log = open(f"{work}/log", "w")
caddy = subprocess.Popen(["caddy", "run", "--config", f"{work}/Caddyfile", "--adapter", "caddyfile"],
                         stdout=log, stderr=log, env={**os.environ, "XDG_DATA_HOME": work, "XDG_CONFIG_HOME": work})
try:
    for _ in range(3000):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.1)

    def ask(path, host="social.example.org", method="GET", body=None):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        connection.request(method, path, body, {"Host": host})
        answer = connection.getresponse()
        return answer, answer.read().decode()

    def header(answer, name):
        return answer.headers.get_all(name) or []

    answer, body = ask("/")
    ok(answer.status == 200 and body == "web social.example.org https", "the site is answered by web", body)
    ok(header(answer, "Cache-Control") == ["private"], "as it says itself", answer.headers)
    ok(header(answer, "Strict-Transport-Security") == ["max-age=31536000"], "and only over TLS", answer.headers)
    answer, _ = ask("/strict")
    ok(header(answer, "Strict-Transport-Security") == ["max-age=1"], "once, in the application's words", answer.headers)

    for path in "/assets/a", "/avatars/a", "/emoji/a", "/headers/a", "/ocr/a", "/packs/a", "/sounds/a":
        answer, body = ask(path)
        ok(header(answer, "Cache-Control") == ["public, max-age=2419200, must-revalidate"] and body.startswith("web "),
           f"{path} is kept", answer.headers)
    answer, body = ask("/packs/missing")
    ok(answer.status == 404 and header(answer, "Cache-Control") == ["private"] and body.startswith("web "),
       "what is missing is not", answer.status, answer.headers)
    answer, body = ask("/system/a.html")
    ok(header(answer, "Cache-Control") == ["public, max-age=2419200, immutable"] and body.startswith("web "),
       "media are kept", answer.headers)
    for path in "/system/a.html", "/system/missing":
        answer, _ = ask(path)
        ok(header(answer, "X-Content-Type-Options") == ["nosniff"] and
           header(answer, "Content-Security-Policy") == ["default-src 'none'; form-action 'none'"],
           f"{path} is no page to any browser", answer.headers)

    for path in "/api/v1/streaming", "/api/v1/streaming/user":
        ok(ask(path)[1].startswith("streaming "), f"{path} is answered by streaming")
    ok(ask("/api/v1/streamings")[1].startswith("web "), "but nothing that only begins so")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    connection.request("GET", "/api/v1/streaming/slowly", headers={"Host": "social.example.org"})
    answer = connection.getresponse()
    first = answer.read(5)
    gate.set()
    ok(first == b"first" and answer.read() == b"second", "a stream comes as it is sent", first)
    with socket.create_connection(("127.0.0.1", port), 300) as s:
        s.sendall(b"GET /api/v1/streaming/ HTTP/1.1\r\nHost: social.example.org\r\nConnection: Upgrade\r\n"
                  b"Upgrade: websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n")
        head = b""
        while b"\r\n\r\n" not in head:
            head += s.recv(4096)
        s.sendall(b"ping")
        rest = head.split(b"\r\n\r\n", 1)[1]
        while len(rest) < 4 and (got := s.recv(4)):
            rest += got
        ok(b" 101 " in head.split(b"\r\n")[0] and rest == b"gnip", "and a WebSocket goes through", head, rest)

    most = 99 << 20
    ok(ask("/upload", method="POST", body=bytes(most))[0].status == 200, "99 MB can be sent")
    try:
        status = ask("/upload", method="POST", body=bytes(most + 1))[0].status
    except (BrokenPipeError, ConnectionResetError):
        status = "cut off"
    ok(status in (413, 502, 503, 400, "cut off"), "not a byte more", status)

    answer, _ = ask("/.well-known/webfinger?resource=acct:alice@example.org", "example.org")
    ok(answer.status == 301 and header(answer, "Location") ==
       ["https://social.example.org/.well-known/webfinger?resource=acct:alice@example.org"] and
       header(answer, "Access-Control-Allow-Origin") == ["*"], "handles are found from their domain",
       answer.status, answer.headers)
    for path in "/.well-known/host-meta", "/.well-known/nodeinfo", "/@alice":
        answer, _ = ask(path, "example.org")
        ok(answer.status == 301 and header(answer, "Location") == ["https://social.example.org" + path],
           f"{path} of the domain leads to the site", answer.status, answer.headers)

    web.away = True  # what is connected already gets no answer either
    web.shutdown()
    web.server_close()
    answer, body = ask("/")
    ok(answer.status == 503 and header(answer, "Retry-After") == ["10"] and "be back" in body and
       header(answer, "Cache-Control") == ["no-store"], "a process that is away is excused", answer.status, body)
    answer, body = ask("/system/a")
    ok(answer.status == 503 and "immutable" not in str(answer.headers), "and that is not kept", answer.headers)
finally:
    caddy.terminate()
    caddy.wait()
done()
PY
