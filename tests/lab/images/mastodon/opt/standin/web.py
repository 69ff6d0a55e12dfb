#!/usr/bin/python3
"""Puma with Mastodon's web: what a proxy, a browser that signs in, a client and another server ask for."""
import base64
import html
import http.server
import ipaddress
import json
import mimetypes
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import traceback
import urllib.parse

import boot
import database
import jobs
import migrate
import secrets_of
from redis import Redis

PUBLIC = boot.HOME + "/public"
# Rails' own list and Mastodon's; TRUSTED_PROXY_IP takes its place.
PROXIES = "127.0.0.0/8 ::1 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7"
OOB = "urn:ietf:wg:oauth:2.0:oob"


class Answer(Exception):
    """Ends the request: status, what kind of body, headers."""

    def __init__(self, status, body=b"", kind="text/html; charset=utf-8", **headers):
        super().__init__()
        if isinstance(body, (dict, list)):
            body, kind = json.dumps(body), "application/json; charset=utf-8"
        self.status, self.body = status, body.encode() if isinstance(body, str) else body
        self.headers = {"Content-Type": kind, **{k.replace("_", "-"): v for k, v in headers.items()}}


def page(title, body=""):
    return f"<!DOCTYPE html><html><head><title>{title}</title></head><body>{body}</body></html>"


def not_found(*_):
    raise Answer(404, page("The page you are looking for isn't here"))


def error(status, text, **headers):
    raise Answer(status, {"error": text}, **headers)


# Shared by all threads; a connection each, as Rails' pool gives them.
local = threading.local()


def db():
    if not hasattr(local, "db") or local.db.connection.closed:
        local.db = database.Database()
    return local.db


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = float(boot.env("PERSISTENT_TIMEOUT", "20"))

    # --- what stands before the application: hosts, TLS, static files ---

    def handle_all(self):
        self.read_body()
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        try:
            self.before(path)
            self.route(path)
            answer = Answer(500)
        except Answer as found:
            answer = found
        except (Exception, SystemExit):
            traceback.print_exc()
            answer = Answer(500, open(PUBLIC + "/500.html", "rb").read())
        self.write(answer)

    do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = handle_all

    def before(self, path):
        if path == "/health" or path.startswith("/health/"):
            raise Answer(200, "OK", "text/plain; charset=utf-8")
        host = self.headers.get("Host", "").lower()
        hosts = {boot.domain(), boot.web(), *filter(None, boot.env("ALTERNATE_DOMAINS").split(","))}
        if host.partition(":")[0] not in hosts:
            raise Answer(403, f"<h1>Blocked hosts: {html.escape(host)}</h1>")
        if self.headers.get("X-Forwarded-Proto") != "https":
            raise Answer(301, Location=f"https://{host}{self.path}")
        self.secure = True
        if self.command in ("GET", "HEAD") and boot.env("RAILS_SERVE_STATIC_FILES") == "true":
            self.static(path)

    def static(self, path):
        file = os.path.normpath(PUBLIC + path)
        if not file.startswith(PUBLIC + "/") or not os.path.isfile(file):
            return
        ttl, end = (7, "must-revalidate") if path.startswith("/sw.js") else (28, "must-revalidate")
        headers = {"X_Content_Type_Options": "nosniff"}
        if path.startswith("/system"):
            end = "immutable"
            headers["Content_Security_Policy"] = "default-src 'none'; form-action 'none'"
        headers["Cache_Control"] = f"public, max-age={ttl * 86400}, {end}"
        with open(file, "rb") as f:
            raise Answer(200, f.read(), mimetypes.guess_type(file)[0] or "application/octet-stream", **headers)

    def read_body(self):
        self.secure = False
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.path).query))
        kind = self.headers.get("Content-Type", "")
        self.form = dict(self.query)
        if kind.startswith("application/json"):
            self.form.update(json.loads(self.body or b"{}"))
        elif kind.startswith("multipart/form-data"):
            self.form.update(parts_of(self.body, kind.partition("boundary=")[2].strip('"')))
        else:
            self.form.update(urllib.parse.parse_qsl(self.body.decode(errors="replace")))

    def write(self, answer):
        self.send_response(answer.status)
        headers = dict(answer.headers)
        if self.secure:
            headers.setdefault("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
            headers.setdefault("X-Frame-Options", "DENY")
            headers.setdefault("X-Content-Type-Options", "nosniff")
            headers.setdefault("X-XSS-Protection", "0")
            headers.setdefault("Referrer-Policy", "same-origin")
            headers.setdefault("Content-Security-Policy", "default-src 'none'; form-action 'none'" if answer.status >= 300
                               else f"base-uri 'none'; default-src 'none'; connect-src 'self' wss://{boot.web()}")
            headers.setdefault("Cache-Control", "private, no-store")
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, *_):
        boot.say(f"method={self.command} path={urllib.parse.urlsplit(self.path).path}")

    def remote_ip(self):
        """The last address of X-Forwarded-For that is no proxy of ours."""
        trusted = [ipaddress.ip_network(n) for n in (boot.env("TRUSTED_PROXY_IP", PROXIES)).replace(",", " ").split()]
        chain = [*(self.headers.get("X-Forwarded-For", "").replace(" ", "").split(",")), self.client_address[0]]
        for address in reversed([a for a in chain if a]):
            ip = ipaddress.ip_address(address)
            ip = getattr(ip, "ipv4_mapped", None) or ip
            if not any(ip in net for net in trusted):
                break
        return str(ip)

    # --- the application ---

    def route(self, path):
        for method, start, answer in ROUTES:
            if method == (self.command if self.command != "HEAD" else "GET") and path.startswith(start):
                rest = path[len(start):]
                if not rest or start.endswith("/") and start != "/":
                    answer(self, *([rest] if rest else []))
        not_found()

    def user(self):
        """The user of a token."""
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        row = db().row("SELECT users.id, accounts.id, username, scopes FROM oauth_access_tokens "
                       "JOIN users ON users.id = resource_owner_id JOIN accounts ON accounts.id = users.account_id "
                       "WHERE token = %s AND revoked_at IS NULL", token)
        if not row:
            error(401, "The access token is invalid")
        return row

    def signed_in(self):
        """The user of a session, or None."""
        cookies = dict(c.strip().split("=", 1) for c in self.headers.get("Cookie", "").split(";") if "=" in c)
        session = secrets_of.signed_text(urllib.parse.unquote(cookies.get("_mastodon_session", "")))
        return session and db().one("SELECT user_id FROM session_activations WHERE session_id = %s", session)

    def minds_forgery(self):
        """Forms must come from our own pages, and from our own origin."""
        origin = self.headers.get("Origin")
        if secrets_of.signed_text(self.form.get("authenticity_token", "")) != "form" or origin not in (None, f"https://{boot.web()}"):
            raise Answer(422, page("The change you wanted was rejected (ActionController::InvalidAuthenticityToken)"))


def parts_of(body, boundary):
    """Fields and files of a multipart body; a file is (name, bytes)."""
    for part in body.split(b"--" + boundary.encode())[1:-1]:
        head, _, value = part.partition(b"\r\n\r\n")
        names = dict(w.strip().split("=", 1) for w in head.decode().replace("\r\n", ";").split(";") if "=" in w)
        value = value[:-2]
        name = names.get("name", "").strip('"')
        yield name, (names["filename"].strip('"'), value) if "filename" in names else value.decode()


def token():
    return base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")


def form(action, fields, button, **values):
    values["authenticity_token"] = secrets_of.signed("form")
    hidden = "".join(f'<input type="hidden" name="{k}" value="{html.escape(v)}" />' for k, v in values.items())
    return f'<form action="{action}" method="post">{hidden}{fields}<button type="submit">{button}</button></form>'


# Pages

def home(request):
    asset = os.listdir(PUBLIC + "/packs/assets")[0]
    raise Answer(200, page(boot.domain(), f'stand-in for Mastodon {boot.VERSION}<script src="/packs/assets/{asset}"></script>'))


def sign_in_form(request, status=200):
    raise Answer(status, page("Login", form("/auth/sign_in", '<input name="user[email]"/><input name="user[password]"/>', "Log in")))


def sign_in(request):
    request.minds_forgery()
    row = db().row("SELECT id, encrypted_password, confirmed_at, approved, disabled FROM users WHERE email = lower(%s)",
                   request.form.get("user[email]", ""))
    if not row or not secrets_of.password_fits(request.form.get("user[password]", ""), row[1]) or row[4]:
        sign_in_form(request, 422)
    session = os.urandom(16).hex()
    db().rows("INSERT INTO session_activations (session_id, user_agent, ip, user_id, created_at, updated_at) "
              "VALUES (%s, %s, %s, %s, now(), now())", session, request.headers.get("User-Agent", ""), request.remote_ip(), row[0])
    db().rows("UPDATE users SET sign_in_count = sign_in_count + 1, last_sign_in_at = current_sign_in_at, current_sign_in_at = now() "
              "WHERE id = %s", row[0])
    cookie = "_mastodon_session=" + urllib.parse.quote(secrets_of.signed(session))
    raise Answer(303, Location=f"https://{boot.web()}/", Set_Cookie=cookie + "; path=/; secure; HttpOnly; SameSite=Lax")


def ask_for_password(request):
    request.minds_forgery()
    email = request.form.get("user[email]", "").lower()
    if db().one("SELECT 1 FROM users WHERE email = %s", email):
        jobs.push("ActionMailer::MailDeliveryJob", email, "Mastodon: Reset password instructions",
                  f"https://{boot.web()}/auth/password/edit?reset_password_token={token()}", queue="mailers")
    raise Answer(303, Location=f"https://{boot.web()}/auth/sign_in")


def ask_for_password_form(request):
    raise Answer(200, page("Reset password", form("/auth/password", '<input name="user[email]"/>', "Reset password")))


# OAuth

def register_app(request):
    get = request.form.get
    if not get("client_name") or not get("redirect_uris"):
        error(422, "Validation failed: Application Name can't be blank, Redirect URI can't be blank")
    uid, secret = token(), token()
    number = db().one("INSERT INTO oauth_applications (name, uid, secret, redirect_uri, scopes, created_at, updated_at) "
                      "VALUES (%s, %s, %s, %s, %s, now(), now()) RETURNING id",
                      get("client_name"), uid, secret, get("redirect_uris"), get("scopes", "read"))
    raise Answer(200, {"id": str(number), "name": get("client_name"), "client_id": uid, "client_secret": secret,
                       "redirect_uri": get("redirect_uris"), "scopes": get("scopes", "read").split()})


def app_of(request):
    row = db().row("SELECT id, secret, scopes, redirect_uri FROM oauth_applications WHERE uid = %s", request.form.get("client_id", ""))
    if not row:
        raise Answer(401, {"error": "invalid_client", "error_description": "Client authentication failed"})
    return row


def scopes_of(request, app):
    scopes = request.form.get("scope") or "read"
    if not set(scopes.split()) <= set(app[2].split()):
        raise Answer(400, {"error": "invalid_scope"})
    return scopes


def authorize_form(request):
    if not request.signed_in():
        raise Answer(302, Location=f"https://{boot.web()}/auth/sign_in")
    scopes = scopes_of(request, app_of(request))
    raise Answer(200, page("Authorization required", form(
        "/oauth/authorize", "", "Authorize", response_type="code", scope=scopes, client_id=request.form["client_id"],
        redirect_uri=request.form.get("redirect_uri", OOB), state=request.form.get("state", ""))))


def authorize(request):
    request.minds_forgery()
    user, app = request.signed_in(), app_of(request)
    if not user:
        raise Answer(302, Location=f"https://{boot.web()}/auth/sign_in")
    code, target = token(), request.form.get("redirect_uri", OOB)
    if target not in app[3].split():
        raise Answer(400, {"error": "invalid_grant"})
    db().rows("INSERT INTO oauth_access_grants (token, expires_in, redirect_uri, created_at, scopes, application_id, resource_owner_id) "
              "VALUES (%s, 600, %s, now(), %s, %s, %s)", code, target, scopes_of(request, app), app[0], user)
    end = f"https://{boot.web()}/oauth/authorize/native" if target == OOB else target
    raise Answer(302, Location=f"{end}?code={code}")


def give_token(request):
    app, get = app_of(request), request.form.get
    if get("client_secret") != app[1]:
        raise Answer(401, {"error": "invalid_client"})
    user, scopes = None, None
    if get("grant_type") == "client_credentials":
        scopes = scopes_of(request, app)
    elif get("grant_type") == "authorization_code":
        row = db().row("UPDATE oauth_access_grants SET revoked_at = now() WHERE token = %s AND application_id = %s "
                       "AND redirect_uri = %s AND revoked_at IS NULL AND created_at > now() - interval '10 minutes' "
                       "RETURNING resource_owner_id, scopes", get("code"), app[0], get("redirect_uri"))
        if not row:
            raise Answer(400, {"error": "invalid_grant"})
        user, scopes = row
    else:
        # 'password' is gone since 4.4.
        raise Answer(400, {"error": "unsupported_grant_type"})
    text = token()
    db().rows("INSERT INTO oauth_access_tokens (token, created_at, scopes, application_id, resource_owner_id) "
              "VALUES (%s, now(), %s, %s, %s)", text, scopes, app[0], user)
    raise Answer(200, {"access_token": text, "token_type": "Bearer", "scope": scopes, "created_at": jobs.now_ms() // 1000})


# The client API

def account_json(account, name):
    url = f"https://{boot.web()}/@{name}"
    return {"id": str(account), "username": name, "acct": name, "url": url}


def verify_credentials(request):
    user, account, name, _ = request.user()
    role = db().row("SELECT user_roles.id, name FROM user_roles JOIN users ON role_id = user_roles.id WHERE users.id = %s", user)
    raise Answer(200, account_json(account, name) | {"role": {"id": str(role[0]), "name": role[1]} if role else None})


def status_json(row):
    number, text, account, name = row
    media = db().rows("SELECT id, file_file_name FROM media_attachments WHERE status_id = %s", number)
    return {"id": str(number), "content": f"<p>{html.escape(text)}</p>", "account": account_json(account, name),
            "media_attachments": [media_json(*m) for m in media]}


STATUSES = ("SELECT statuses.id, text, accounts.id, username FROM statuses JOIN accounts ON accounts.id = account_id "
            "WHERE statuses.deleted_at IS NULL ")


def post_status(request):
    _, account, name, _ = request.user()
    text = request.form.get("status", "")
    media = [request.form[k] for k in ("media_ids[]", "media_ids") if k in request.form]
    if not text and not media:
        error(422, "Validation failed: Text can't be blank")
    with db().transaction():
        # A name of its own, and the identity in it.
        number = db().one("INSERT INTO statuses (text, account_id, local, created_at, updated_at) "
                          "VALUES (%s, %s, true, now(), now()) RETURNING id", text, account)
        db().rows("UPDATE statuses SET uri = %s WHERE id = %s", f"https://{boot.web()}/users/{name}/statuses/{number}", number)
        for m in media:
            db().rows("UPDATE media_attachments SET status_id = %s WHERE id = %s AND account_id = %s", number, m, account)
    jobs.push("DistributionWorker", number)
    raise Answer(200, status_json(db().row(STATUSES + "AND statuses.id = %s", number)))


def show_status(request, number=""):
    row = number.isdigit() and db().row(STATUSES + "AND statuses.id = %s", number)
    if not row:
        error(404, "Record not found")
    raise Answer(200, status_json(row))


def home_timeline(request):
    _, account, _, _ = request.user()
    raise Answer(200, [status_json(r) for r in db().rows(STATUSES + "AND account_id = %s ORDER BY 1 DESC LIMIT 20", account)])


def public_timeline(request):
    raise Answer(200, [status_json(r) for r in db().rows(STATUSES + "ORDER BY 1 DESC LIMIT 20")])


def media_path(number, name):
    digits = f"{number:018d}"
    return f"/system/media_attachments/files/{'/'.join(digits[i:i + 3] for i in range(0, 18, 3))}/original/{name}"


def media_json(number, name):
    return {"id": str(number), "type": "image", "url": f"https://{boot.web()}{media_path(number, name)}"}


def upload(request):
    _, account, _, _ = request.user()
    file = request.form.get("file")
    if not isinstance(file, tuple):
        error(422, "Validation failed: File can't be blank")
    name = os.urandom(8).hex() + os.path.splitext(file[0])[1].lower()
    number = db().one("INSERT INTO media_attachments (account_id, file_file_name, file_file_size, created_at, updated_at) "
                      "VALUES (%s, %s, %s, now(), now()) RETURNING id", account, name, len(file[1]))
    place = PUBLIC + media_path(number, name)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    # What is worked on lies in TMPDIR first.
    with tempfile.NamedTemporaryFile() as f:
        f.write(file[1])
        f.flush()
        shutil.copyfile(f.name, place)
    raise Answer(200, media_json(number, name))


def instance(request):
    raise Answer(200, {
        "domain": boot.domain(), "version": boot.VERSION, "title": setting("site_title", "Mastodon"),
        "configuration": {"urls": {"streaming": boot.env("STREAMING_API_BASE_URL", f"wss://{boot.web()}")},
                          "vapid": {"public_key": boot.env("VAPID_PUBLIC_KEY")}},
        "registrations": {"enabled": setting("registrations_mode", "none") != "none"}}, Cache_Control="public, max-age=300")


def setting(name, default):
    value = db().one("SELECT value FROM settings WHERE var = %s", name)
    return value[4:].strip().strip("'") if value else default


# Other servers

def local_account(name):
    return db().row("SELECT id, username FROM accounts WHERE lower(username) = lower(%s) AND domain IS NULL", name)


def webfinger(request):
    name, _, host = request.query.get("resource", "").removeprefix("acct:").partition("@")
    account = host.lower() in (boot.domain(), boot.web()) and local_account(name)
    if not account:
        raise Answer(404)
    url = f"https://{boot.web()}"
    raise Answer(200, json.dumps({"subject": f"acct:{account[1]}@{boot.domain()}", "links": [
        {"rel": "self", "type": "application/activity+json", "href": f"{url}/users/{account[1]}"}]}),
        "application/jrd+json; charset=utf-8", Access_Control_Allow_Origin="*")


def actor(request, name=""):
    account = local_account(name)
    if not account:
        raise Answer(404)
    url = f"https://{boot.web()}/users/{account[1]}"
    key = migrate.keys(db(), account[0])[1]
    raise Answer(200, json.dumps({"@context": "https://www.w3.org/ns/activitystreams", "id": url, "type": "Person",
                                  "preferredUsername": account[1], "inbox": url + "/inbox",
                                  "publicKey": {"id": url + "#main-key", "owner": url, "publicKeyPem": key}}),
                 "application/activity+json; charset=utf-8")


def nodeinfo_links(request):
    raise Answer(200, {"links": [{"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0",
                                  "href": f"https://{boot.web()}/nodeinfo/2.0"}]}, Access_Control_Allow_Origin="*")


def nodeinfo(request):
    users = db().one("SELECT count(*) FROM users WHERE confirmed_at IS NOT NULL AND approved AND NOT disabled")
    raise Answer(200, {"version": "2.0", "software": {"name": "mastodon", "version": boot.VERSION}, "protocols": ["activitypub"],
                       "usage": {"users": {"total": users}}, "openRegistrations": setting("registrations_mode", "none") != "none"})


def host_meta(request):
    raise Answer(200, '<?xml version="1.0" encoding="UTF-8"?>\n<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">'
                 f'<Link rel="lrdd" template="https://{boot.web()}/.well-known/webfinger?resource={{uri}}"/></XRD>',
                 "application/xrd+xml; charset=utf-8")


# Method, start of the path (whole, unless it ends with a slash), function.
ROUTES = [
    ("GET", "/", home),
    ("GET", "/about", home),
    ("GET", "/auth/sign_in", sign_in_form), ("POST", "/auth/sign_in", sign_in),
    ("GET", "/auth/password/new", ask_for_password_form), ("POST", "/auth/password", ask_for_password),
    ("GET", "/oauth/authorize", authorize_form), ("POST", "/oauth/authorize", authorize), ("POST", "/oauth/token", give_token),
    ("POST", "/api/v1/apps", register_app),
    ("GET", "/api/v1/accounts/verify_credentials", verify_credentials),
    ("POST", "/api/v1/statuses", post_status), ("GET", "/api/v1/statuses/", show_status),
    ("GET", "/api/v1/timelines/home", home_timeline), ("GET", "/api/v1/timelines/public", public_timeline),
    ("POST", "/api/v2/media", upload),
    ("GET", "/api/v1/instance", instance), ("GET", "/api/v2/instance", instance),
    ("GET", "/.well-known/webfinger", webfinger), ("GET", "/.well-known/nodeinfo", nodeinfo_links),
    ("GET", "/.well-known/host-meta", host_meta), ("GET", "/nodeinfo/2.0", nodeinfo), ("GET", "/users/", actor),
]


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main(words):
    if words != ["-C", "config/puma.rb"]:
        boot.abort("stand-in: only `puma -C config/puma.rb` is Mastodon's")
    boot.rails()
    address = (boot.env("BIND", "127.0.0.1"), int(boot.env("PORT", "3000")))
    if ":" in address[0]:
        Server.address_family = socket.AF_INET6
    try:
        server = Server(address, Handler)
    except OSError as problem:
        boot.abort(str(problem))
    boot.say(f"Puma starting in cluster mode...\n* stand-in for Mastodon {boot.VERSION}\n* Listening on http://{address[0]}:{address[1]}")

    # Requests that are answered end first.
    def stop(*_):
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    main(sys.argv[1:])
