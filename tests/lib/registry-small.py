#!/usr/bin/env python3
"""Small servers around registries: registry-small.py DIR WHAT...

fill URL     pushes images to a registry that takes them, and prints NAME DIGEST for each
push URL NAME:TAG...
             pushes images for all machines, each another one, and prints NAME:TAG DIGEST
token        a token server for docker-registry (https, DIR/cert.pem): everybody may read open/,
             alice with the password secret also private/; writes its requests to DIR/token.log
busy, trouble, garbage, wrong, huge, elsewhere, slow, lure
             a "registry" that does just that
tags-pages, tags-endless, tags-many, tags-denied, tags-missing, tags-garbage, tags-elsewhere, tags-slow URL
             the registry at URL, but for its lists of tags: two tags a page, pages without end, more
             tags than can be, or just that; tags-elsewhere goes on at another name of itself. They
             write what they are asked to DIR/tags.log
Servers print their port and stay.
"""
import base64
import hashlib
import http.server
import json
import ssl
import subprocess
import sys
import time
import urllib.parse
import urllib.request

INDEX = "application/vnd.oci.image.index.v1+json"
LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
IMAGE = "application/vnd.oci.image.manifest.v1+json"


def sha(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Pusher:
    def __init__(self, url, name):
        self.base = f"{url}/v2/{name}"

    def put(self, url, data, kind):
        request = urllib.request.Request(url, data=data, method="PUT", headers={"Content-Type": kind})
        urllib.request.urlopen(request, timeout=30).close()

    def blob(self, data):
        request = urllib.request.Request(self.base + "/blobs/uploads/", data=b"", method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            where = answer.headers["Location"]
        where = where if "://" in where else self.base.split("/v2/")[0] + where
        self.put(where + ("&" if "?" in where else "?") + "digest=" + sha(data), data, "application/octet-stream")
        return {"digest": sha(data), "size": len(data)}

    def image(self, tag, arch, os="linux", note=""):
        config = self.blob(json.dumps({"architecture": arch, "os": os, "note": note, "rootfs": {"type": "layers", "diff_ids": []}}).encode())
        layer = self.blob(b"\0" * 1024)
        data = json.dumps({"schemaVersion": 2, "mediaType": IMAGE,
                           "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **config},
                           "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", **layer}]}).encode()
        self.put(f"{self.base}/manifests/{tag or sha(data)}", data, IMAGE)
        return {"mediaType": IMAGE, "digest": sha(data), "size": len(data), "platform": {"architecture": arch, "os": os}}

    def index(self, tag, arches, kind=INDEX, note=""):
        data = json.dumps({"schemaVersion": 2, "mediaType": kind,
                           "manifests": [self.image(None, a, note=note) for a in arches]}).encode()
        self.put(f"{self.base}/manifests/{tag}", data, kind)
        return sha(data)


def fill(url):
    both, note = ["amd64", "arm64"], "new" if "--new" in sys.argv else ""
    if note:
        print("caddy", Pusher(url, "docker.io/library/caddy").index("2", both, note=note))
        return
    print("caddy", Pusher(url, "docker.io/library/caddy").index("2", both))
    snac = Pusher(url, "lab.invalid/snac")
    print("snac", snac.image("2.75", "amd64")["digest"])
    print("arm", snac.index("arm", ["arm64"]))
    print("arm-one", snac.image("arm-one", "arm64")["digest"])
    print("list", snac.index("list", both, LIST))
    for name in "open/snac", "private/snac":
        print(name, Pusher(url, name).index("1", both))


def push(url, names):
    for name in names:
        path, tag = name.rsplit(":", 1)
        print(name, Pusher(url, path).index(tag, ["amd64", "arm64"], note=name))


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def sign(folder, access):
    der = ssl.PEM_cert_to_DER_cert(open(folder + "/cert.pem").read())
    now = int(time.time())
    head = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der).decode()]}
    claims = {"iss": "lab", "sub": "", "aud": "lab registry", "exp": now + 300, "nbf": now - 60, "iat": now,
              "jti": "1", "access": access}
    text = b64(json.dumps(head).encode()) + b"." + b64(json.dumps(claims).encode())
    signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", folder + "/key.pem"], input=text,
                            stdout=subprocess.PIPE, check=True).stdout
    return (text + b"." + b64(signed)).decode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"
    folder = what = upstream = ""

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def token(self):
        query = urllib.parse.parse_qs(urllib.parse.urlparse(self.path).query)
        scope = query.get("scope", [""])[0]
        _kind, name, _actions = (scope.split(":") + ["", ""])[:3]
        login = self.headers.get("Authorization")
        alice = "Basic " + base64.b64encode(b"alice:secret").decode()
        with open(self.folder + "/token.log", "a") as log:
            log.write(f"{scope} {'alice' if login == alice else 'nobody' if login is None else 'somebody'}\n")
        if login not in (None, alice):
            return self.answer(401, b'{"errors":[{"code":"UNAUTHORIZED","message":"wrong password"}]}')
        may = name.startswith("open/") or login == alice
        access = [{"type": "repository", "name": name, "actions": ["pull"]}] if may else []
        self.answer(200, json.dumps({"token": sign(self.folder, access)}).encode())

    def lure(self):
        """As localhost it sends to 127.0.0.1, which wants a token; what it gets for that goes to DIR/lure.log."""
        own = f"http://127.0.0.1:{self.server.server_address[1]}"
        with open(self.folder + "/lure.log", "a") as log:
            log.write(f"{self.path} {self.headers.get('Authorization')}\n")
        if self.path.startswith("/v2/"):
            return self.answer(302, Location=own + "/lured")
        self.answer(401, WWW_Authenticate=f'Bearer realm="{own}/token",service="x"')

    def tags(self):
        url, kind = urllib.parse.urlparse(self.path), self.what[len("tags-"):]
        if not url.path.endswith("/tags/list"):
            return self.answer(307, Location=self.upstream + self.path)
        with open(self.folder + "/tags.log", "a") as log:
            log.write(f"{self.headers.get('Host')} {self.path}\n")
        if kind in ("denied", "missing"):
            return self.answer(401 if kind == "denied" else 404, b'{"errors":[{"message":"no lists here"}]}')
        if kind == "garbage":
            return self.answer(200, b"<html>tags, tags, tags</html>")
        if kind == "slow":
            time.sleep(600)
        if kind == "many":
            return self.answer(200, json.dumps({"tags": [f"v1.0.{n}" for n in range(100001)]}).encode())
        with urllib.request.urlopen(self.upstream + url.path, timeout=30) as answer:
            everything = sorted(json.load(answer)["tags"])
        after = urllib.parse.parse_qs(url.query).get("last", [""])[0]
        rest = [tag for tag in everything if tag > after]
        link = f"{url.path}?n=2&last={rest[1]}" if len(rest) > 2 else None
        if kind == "endless":
            link = url.path + "?n=2"
        elif kind == "elsewhere":
            link = f"http://127.0.0.1:{self.server.server_address[1]}{self.path}"
        headers = {"Link": f'<{link}>; rel="next"'} if link else {}
        self.answer(200, json.dumps({"tags": rest[:2]}).encode(), **headers)

    def do_GET(self):
        body = b'{"schemaVersion":2,"manifests":[]}'
        if self.what == "token":
            self.token()
        elif self.what == "busy":
            self.answer(429, b'{"errors":[{"code":"TOOMANYREQUESTS"}]}', Retry_After="120")
        elif self.what == "trouble":
            self.answer(503, b'{"errors":[{"message":"\\u001b[31mback at noon"}]}')
        elif self.what == "garbage":
            self.answer(200, b"<html>welcome to this hotel's network</html>")
        elif self.what == "wrong":
            self.answer(200, body, Docker_Content_Digest="sha256:" + "0" * 64)
        elif self.what == "huge":
            self.answer(200, b" " * (5 * 1024 * 1024))
        elif self.what == "elsewhere":
            self.answer(302, Location=self.path)
        elif self.what == "lure":
            self.lure()
        elif self.what.startswith("tags-"):
            self.tags()
        elif self.what == "slow":
            time.sleep(600)

    do_HEAD = do_GET


def main(folder, what, *rest):
    if what == "fill":
        return fill(rest[0])
    if what == "push":
        return push(rest[0], rest[1:])
    Handler.folder, Handler.what, Handler.upstream = folder, what, "".join(rest)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if what == "token":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*[a for a in sys.argv[1:] if a != "--new"])
