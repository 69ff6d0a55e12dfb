"""The server: maintenance while it migrates, then what a proxy, a browser that signs in and a client ask for."""
import base64
import hashlib
import html
import http.cookies
import http.server
import json
import os
import queue
import secrets
import signal
import socket
import struct
import sys
import threading
import urllib.parse

import store

OOB = "urn:ietf:wg:oauth:2.0:oob"
lock = threading.Lock()
listeners = []


class State:
    ready = False
    db = None
    admins = set()  # of the start: what the tool changes later is not in the server's memory
    known = {}  # passwords, from their first use on
    sessions = {}  # cookie: user


class Answer(Exception):
    def __init__(self, status, body=b"", kind="text/html; charset=utf-8", **headers):
        super().__init__()
        if isinstance(body, (dict, list)):
            body, kind = json.dumps(body), "application/json; charset=utf-8"
        self.status, self.body = status, body.encode() if isinstance(body, str) else body
        self.headers = {"Content-Type": kind, **{k.replace("_", "-"): v for k, v in headers.items()}}


def error(status, text):
    raise Answer(status, {"error": text})


def rows(text, *values):
    with lock:
        return State.db.execute(text, values).fetchall()


def handle_domain():
    return store.setting("ACCOUNT_DOMAIN") or store.setting("HOST")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def handle_all(self):
        self.url = urllib.parse.urlsplit(self.path)
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.query = dict(urllib.parse.parse_qsl(self.url.query))
        self.form = dict(self.query)
        if self.headers.get("Content-Type", "").startswith("application/json"):
            self.form.update(json.loads(self.body or b"{}"))
        else:
            self.form.update(urllib.parse.parse_qsl(self.body.decode(errors="replace")))
        try:
            self.route()
            answer = None
        except Answer as found:
            answer = found
        if answer:
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

    do_GET = do_HEAD = do_POST = handle_all

    def route(self):
        path = self.url.path
        if path == "/livez":
            raise Answer(200)
        if not State.ready:
            raise Answer(503, "<h1>Maintenance</h1>", Retry_After="120", Cache_Control="no-store")
        if path == "/readyz":
            rows("SELECT 1 FROM accounts LIMIT 1")
            raise Answer(200)
        found = ROUTES.get((self.command, path))
        if not found:
            error(404, "Not Found")
        found(self)

    # --- what everybody may ask ---

    def webfinger(self):
        name = self.query.get("resource", "").removeprefix("acct:")
        user, _, domain = name.partition("@")
        if domain not in (handle_domain(), store.setting("HOST")) or \
                not rows("SELECT 1 FROM accounts WHERE username = ? AND domain IS NULL", user):
            error(404, "Not Found")
        raise Answer(200, json.dumps({
            "subject": f"acct:{user}@{handle_domain()}",
            "links": [{"rel": "self", "type": "application/activity+json", "href": f"https://{store.setting('HOST')}/users/{user}"}],
        }), "application/jrd+json; charset=utf-8")

    def nodeinfo_links(self):
        base = f"https://{store.setting('HOST')}/nodeinfo/"
        raise Answer(200, {"links": [{"rel": f"http://nodeinfo.diaspora.software/ns/schema/{v}", "href": base + v} for v in ("2.0", "2.1")]})

    def nodeinfo(self):
        raise Answer(200, {"version": self.url.path[-3:], "software": {"name": "gotosocial", "version": "0.19.2"},
                           "protocols": ["activitypub"], "services": {"inbound": [], "outbound": []},
                           "openRegistrations": store.setting("ACCOUNTS_REGISTRATION_OPEN") == "true",
                           "usage": {"users": {"total": 0}, "localPosts": 0}, "metadata": {}})

    def client_ip(self):
        """Not the real one's: who the server thinks is asking, by the proxies it trusts."""
        import ipaddress
        trusted = [ipaddress.ip_network(net) for net in store.setting("TRUSTED_PROXIES").split(",")]
        here = [self.client_address[0], *reversed([a.strip() for a in self.headers.get("X-Forwarded-For", "").split(",") if a.strip()])]
        for address in here:
            if not any(ipaddress.ip_address(address) in net for net in trusted):
                break
        raise Answer(200, {"ip": address, "proto": self.headers.get("X-Forwarded-Proto"), "host": self.headers.get("Host")})

    # --- signing in ---

    def new_app(self):
        client, secret = store.ulid(), secrets.token_hex(16)
        with lock:
            State.db.execute("INSERT INTO applications VALUES (?, ?, ?, ?, ?)",
                             (store.ulid(), self.form["client_name"], self.form["redirect_uris"], client, secret))
        raise Answer(200, {"client_id": client, "client_secret": secret, "name": self.form["client_name"]})

    def session(self):
        cookie = http.cookies.SimpleCookie(self.headers.get("Cookie", "")).get("gotosocial-" + store.setting("HOST"))
        return State.sessions.get(cookie.value) if cookie else None

    def sign_in_form(self):
        raise Answer(200, '<form action="/auth/sign_in" method="POST"><input name="username"><input name="password"></form>')

    def sign_in(self):
        found = rows("SELECT id, encrypted_password FROM users WHERE email = ?", self.form.get("username", ""))
        stored = State.known.setdefault(found[0][0], found[0][1]) if found else None
        if not stored or not store.is_password(self.form.get("password", ""), stored):
            error(401, "Unauthorized: email/password combination was incorrect")
        cookie = secrets.token_hex(32)
        State.sessions[cookie] = found[0][0]
        raise Answer(302, Location="/oauth/authorize", Set_Cookie=f"gotosocial-{store.setting('HOST')}={cookie}; Path=/; Secure; HttpOnly")

    def authorize_form(self):
        if not self.session():
            raise Answer(303, Location="/auth/sign_in")
        raise Answer(200, '<form action="/oauth/authorize" method="POST"><button>Allow</button></form>')

    def authorize(self):
        user, client = self.session(), self.form.get("client_id", "")
        if not user or not rows("SELECT 1 FROM applications WHERE client_id = ?", client):
            error(401, "Unauthorized")
        code = secrets.token_hex(24)
        with lock:
            State.db.execute("INSERT INTO tokens (id, client_id, user_id, code) VALUES (?, ?, ?, ?)", (store.ulid(), client, user, code))
        raise Answer(302, Location="/oauth/oob?code=" + code)

    def oob(self):
        raise Answer(200, f"<code>{html.escape(self.query.get('code', ''))}</code>")

    def token(self):
        found = rows("SELECT tokens.id FROM tokens JOIN applications USING (client_id) "
                     "WHERE code = ? AND client_id = ? AND client_secret = ?",
                     self.form.get("code"), self.form.get("client_id"), self.form.get("client_secret"))
        if not found:
            error(401, "Unauthorized")
        access = secrets.token_urlsafe(32)
        with lock:
            State.db.execute("UPDATE tokens SET access = ?, code = NULL WHERE id = ?", (access, found[0][0]))
        raise Answer(200, {"access_token": access, "token_type": "Bearer", "scope": "read write"})

    def user(self):
        access = self.headers.get("Authorization", "").removeprefix("Bearer ") or self.query.get("access_token") \
            or self.headers.get("Sec-WebSocket-Protocol", "")
        found = access and rows("SELECT users.id, username, account_id FROM tokens JOIN users ON users.id = user_id "
                                "JOIN accounts ON accounts.id = account_id WHERE access = ?", access)
        return found[0] if found else error(401, "Unauthorized: token not supplied or not valid")

    def verify(self):
        user, name, account = self.user()
        raise Answer(200, {"id": account, "username": name, "acct": name,
                           "role": {"name": "admin" if user in State.admins else "user"}})

    def post(self):
        _, name, account = self.user()
        status = {"id": store.ulid(), "content": "<p>" + html.escape(self.form["status"]) + "</p>", "account": {"username": name}}
        with lock:
            State.db.execute("INSERT INTO statuses VALUES (?, ?, ?)", (status["id"], account, status["content"]))
        for listener in list(listeners):
            listener.put(status)
        raise Answer(200, status)

    def media(self):
        self.user()
        if len(self.body) > int(store.setting("MEDIA_LOCAL_MAX_SIZE")):
            error(413, "Request Entity Too Large")
        raise Answer(200, {"id": store.ulid(), "bytes": len(self.body)})

    def stream(self):
        self.user()
        if self.headers.get("Upgrade", "").lower() != "websocket":
            error(400, "Bad Request: not a websocket handshake")
        key = self.headers.get("Sec-WebSocket-Key", "") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        self.wfile.flush()
        self.close_connection = True
        mine = queue.SimpleQueue()
        listeners.append(mine)
        try:
            while True:
                text = json.dumps({"stream": ["user"], "event": "update", "payload": json.dumps(mine.get())}).encode()
                self.wfile.write((bytes([0x81, len(text)]) if len(text) < 126 else b"\x81\x7e" + struct.pack(">H", len(text))) + text)
                self.wfile.flush()
        except OSError:
            pass
        finally:
            listeners.remove(mine)

    def log_message(self, form, *args):
        print(f'level=INFO msg="{self.command} {self.url.path}: {args[1] if len(args) > 1 else ""}"', flush=True)


ROUTES = {
    ("GET", "/.well-known/webfinger"): Handler.webfinger,
    ("GET", "/.well-known/nodeinfo"): Handler.nodeinfo_links,
    ("GET", "/nodeinfo/2.0"): Handler.nodeinfo,
    ("GET", "/nodeinfo/2.1"): Handler.nodeinfo,
    ("GET", "/standin/client"): Handler.client_ip,
    ("POST", "/api/v1/apps"): Handler.new_app,
    ("GET", "/auth/sign_in"): Handler.sign_in_form,
    ("POST", "/auth/sign_in"): Handler.sign_in,
    ("GET", "/oauth/authorize"): Handler.authorize_form,
    ("POST", "/oauth/authorize"): Handler.authorize,
    ("GET", "/oauth/oob"): Handler.oob,
    ("POST", "/oauth/token"): Handler.token,
    ("GET", "/api/v1/accounts/verify_credentials"): Handler.verify,
    ("POST", "/api/v1/statuses"): Handler.post,
    ("POST", "/api/v1/media"): Handler.media,
    ("GET", "/api/v1/streaming"): Handler.stream,
}


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    address_family = socket.AF_INET
    request_queue_size = 64


def prepare():
    State.db = store.connect()
    store.migrate(State.db)
    base = store.setting("STORAGE_LOCAL_BASE_PATH")
    if not store.writable(base):
        store.fail(f"error opening storage backend: error opening disk storage: {base} cannot be written")
    if store.setting("WAZERO_COMPILATION_CACHE"):
        with open(store.setting("WAZERO_COMPILATION_CACHE") + "/compiled", "w") as file:
            file.write("ffmpeg\n")
    host = store.setting("HOST")
    if not rows("SELECT 1 FROM applications WHERE client_id = 'instance'"):
        State.db.execute("INSERT INTO accounts (id, username, uri) VALUES (?, ?, ?)", (store.ulid(), host, f"https://{host}/users/{host}"))
        State.db.execute("INSERT INTO applications VALUES (?, ?, ?, 'instance', ?)",
                         (store.ulid(), host + " instance application", f"https://{host}", secrets.token_hex(16)))
    State.admins = {user for user, in rows("SELECT id FROM users WHERE admin")}
    State.ready = True
    print('level=INFO msg="compiling WebAssembly"', flush=True)


def run():
    try:
        prepare()
    except BaseException as error:
        print(f"level=ERROR msg={error}", file=sys.stderr, flush=True)
        os._exit(1)


def start():
    server = Server((store.setting("BIND_ADDRESS"), int(store.setting("PORT"))), Handler)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    threading.Thread(target=run, daemon=True).start()
    server.serve_forever()
    return 0
