#!/usr/bin/python3
"""Puma with diaspora*'s web: what a proxy, another pod and a browser that signs in ask for."""
import base64
import hashlib
import hmac
import html
import http.server
import json
import mimetypes
import os
import re
import signal
import sys
import threading
import traceback
import urllib.parse

import boot
import jobs
import passwords
import rake

PUBLIC = boot.HOME + "/public"
local = threading.local()


class Answer(Exception):
    def __init__(self, status, body="", kind="text/html; charset=utf-8", **headers):
        super().__init__()
        self.status, self.body = status, body if isinstance(body, bytes) else body.encode()
        self.headers = {"Content-Type": kind, **{k.replace("_", "-"): v for k, v in headers.items()}}


def db():
    if not hasattr(local, "db") or local.db.connection.closed:
        local.db = rake.connect()
    return local.db


def signed(text):
    mark = hmac.new(os.environ["SECRET_KEY_BASE"].encode(), text.encode(), hashlib.sha256).hexdigest()
    return base64.urlsafe_b64encode(text.encode()).decode() + "--" + mark


def signed_text(value):
    try:
        text = base64.urlsafe_b64decode(value.partition("--")[0]).decode()
    except ValueError:
        return None
    return text if hmac.compare_digest(signed(text), value) else None


def page(title, body=""):
    return f"<!DOCTYPE html><html><head><title>{html.escape(title)}</title></head><body>{body}</body></html>"


def url(path):
    return boot.get("environment.url").rstrip("/") + path


def form(action, fields):
    token = f'<input type="hidden" name="authenticity_token" value="{signed("form")}" />'
    return f'<form action="{action}" method="post">{token}{fields}</form>'


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20

    def handle_all(self):
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path)
        try:
            self.static(path)
            if boot.get("environment.require_ssl") and self.headers.get("X-Forwarded-Proto") != "https":
                raise Answer(301, Location="https://" + self.headers.get("Host", "") + self.path)
            method = "GET" if self.command == "HEAD" else self.command
            found = ROUTES.get((method, path))
            if not found:
                raise Answer(404, page("Not Found"))
            found(self)
            answer = Answer(500)
        except Answer as found:
            answer = found
        except (Exception, SystemExit):
            boot.log(traceback.format_exc())
            answer = Answer(500, page("Internal Server Error"))
        self.write(answer)

    do_GET = do_POST = do_HEAD = handle_all

    def static(self, path):
        file = os.path.normpath(PUBLIC + path)
        if not boot.get("environment.assets.serve") or self.command not in ("GET", "HEAD") or \
                not file.startswith(PUBLIC + "/") or not os.path.isfile(file):
            return
        with open(file, "rb") as f:
            raise Answer(200, f.read(), mimetypes.guess_type(file)[0] or "application/octet-stream")

    def write(self, answer):
        self.send_response(answer.status)
        headers = {"X-Frame-Options": "SAMEORIGIN", "X-Diaspora-Version": boot.VERSION, **answer.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, *_):
        boot.log(f"{self.command} {urllib.parse.urlsplit(self.path).path}")

    def form(self):
        """Of a form that is one of our own pages."""
        fields = dict(urllib.parse.parse_qsl(self.body.decode(errors="replace")))
        if signed_text(fields.get("authenticity_token", "")) != "form":
            raise Answer(422, page("ActionController::InvalidAuthenticityToken"))
        return fields

    def user(self):
        cookies = dict(c.strip().split("=", 1) for c in self.headers.get("Cookie", "").split(";") if "=" in c)
        found = signed_text(urllib.parse.unquote(cookies.get("_diaspora_session", "")))
        row = found and db().row("SELECT users.id, username, people.id FROM users JOIN people ON owner_id = users.id "
                                 "WHERE username = %s", found)
        if not row:
            raise Answer(302, Location=url("/users/sign_in"))
        return row


def home(request):
    if not db().one("SELECT EXISTS (SELECT 1 FROM roles WHERE name = 'admin')"):
        raise Answer(302, Location=url("/podmin"))
    asset = os.listdir(PUBLIC + "/assets")[0]
    raise Answer(200, page(boot.get("settings.pod_name"), f'<link rel="stylesheet" href="/assets/{asset}" />'))


def links(request):
    found = [{"rel": f"http://nodeinfo.diaspora.software/ns/schema/{v}", "href": url("/nodeinfo/" + v)} for v in ("1.0", "2.0", "2.1")]
    raise Answer(200, json.dumps({"links": found}), "application/json")


def nodeinfo(request):
    usage = {"users": {"total": db().one("SELECT count(*) FROM users")}} if boot.get("privacy.statistics.user_counts") else {"users": {}}
    raise Answer(200, json.dumps({
        "version": "2.1", "software": {"name": "diaspora", "version": boot.VERSION}, "protocols": ["diaspora"], "usage": usage,
        "openRegistrations": boot.get("settings.enable_registrations"),
        "metadata": {"nodeName": boot.get("settings.pod_name"), "adminAccount": boot.get("admins.account")}}), "application/json")


def webfinger(request):
    resource = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(request.path).query)).get("resource", "")
    person = db().row("SELECT guid, diaspora_handle FROM people WHERE diaspora_handle = %s", resource.removeprefix("acct:"))
    if not person:
        raise Answer(404)
    raise Answer(200, json.dumps({"subject": "acct:" + person[1], "links": [
        {"rel": "http://microformats.org/profile/hcard", "href": url("/hcard/users/" + person[0])}]}), "application/jrd+json")


def sign_in_form(request):
    raise Answer(200, page("Sign in", form("/users/sign_in", '<input name="user[username]"/><input name="user[password]"/>')))


def sign_in(request):
    fields = request.form()
    name = fields.get("user[username]", "").lower()
    row = db().row("SELECT id, encrypted_password FROM users WHERE username = %s AND locked_at IS NULL", name)
    if not row or not passwords.password_fits(fields.get("user[password]", ""), row[1]):
        raise Answer(302, Location=url("/users/sign_in"))
    db().rows("UPDATE users SET sign_in_count = sign_in_count + 1, current_sign_in_at = now() WHERE id = %s", row[0])
    cookie = "_diaspora_session=" + urllib.parse.quote(signed(name)) + "; path=/; secure; HttpOnly"
    raise Answer(302, Location=url("/stream"), Set_Cookie=cookie)


def stream(request):
    user = request.user()
    posts = "".join(f"<p>{html.escape(text)}</p>" for text, in db().rows("SELECT text FROM posts ORDER BY id DESC LIMIT 15"))
    raise Answer(200, page("Stream", f"<h1>{html.escape(user[1])}</h1>{posts}" +
                           form("/status_messages", '<textarea name="status_message[text]"></textarea>')))


def post(request):
    user, fields = request.user(), request.form()
    number = db().one("INSERT INTO posts (author_id, public, guid, text, created_at, updated_at) VALUES "
                      "(%s, true, md5(random()::text), %s, now(), now()) RETURNING id", user[2], fields.get("status_message[text]", ""))
    jobs.push("Workers::DeferredDispatch", user[0], "StatusMessage", number, {}, queue="high")
    raise Answer(302, Location=url("/stream"))


def admin(request):
    user = request.user()
    if not db().one("SELECT 1 FROM roles WHERE person_id = %s AND name = 'admin'", user[2]):
        raise Answer(302, Location=url("/stream"))
    raise Answer(200, page("Dashboard", html.escape(user[1])))


ROUTES = {("GET", "/"): home, ("GET", "/.well-known/nodeinfo"): links, ("GET", "/nodeinfo/2.1"): nodeinfo,
          ("GET", "/.well-known/webfinger"): webfinger, ("GET", "/users/sign_in"): sign_in_form, ("POST", "/users/sign_in"): sign_in,
          ("GET", "/stream"): stream, ("POST", "/status_messages"): post, ("GET", "/admins/dashboard"): admin}


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


def main(words):
    if words != ["-C", "config/puma.rb"]:
        boot.abort("stand-in: another command line than diaspora*'s own")
    boot.rails()
    listen = re.fullmatch(r"tcp://([0-9.]+):(\d+)", boot.get("server.listen"))
    if not listen:
        boot.abort("stand-in: nobody outside of the container reaches " + boot.get("server.listen"))
    with open(f"{boot.HOME}/{boot.get('server.pid')}", "w") as f:
        f.write(f"{os.getpid()}\n")
    server = Server((listen[1], int(listen[2])), Handler)
    boot.log("successfully configured the federation library")
    boot.say(f"* Listening on http://{listen[1]}:{listen[2]}, stand-in for diaspora* {boot.VERSION}")
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    signal.signal(signal.SIGINT, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
