#!/usr/bin/python3
"""Mastodon's streaming: health, metrics, and what is published in Redis to WebSockets and event streams."""
import base64
import hashlib
import http.server
import json
import os
import queue
import signal
import struct
import sys
import threading
import time
import urllib.parse

import database
import dotenv
from redis import Redis

dotenv.load_javascript("/opt/mastodon/.env.production")

CHANNELS = {"user": "timeline:{account}", "public": "timeline:public", "public:local": "timeline:public:local",
            "public:remote": "timeline:public:remote", "user:notification": "timeline:{account}:notifications"}
PATHS = {"/api/v1/streaming/" + name.replace(":", "/"): name for name in CHANNELS}
clients, count = {}, threading.Lock()


def subscriber():
    """One connection for all channels; what comes goes to who listens."""
    while True:
        try:
            redis = Redis()
            redis.send("PSUBSCRIBE", "timeline:*")
            while True:
                kind, *_, channel, message = redis.receive()
                if kind == "pmessage":
                    for queue_ in list(clients.get(channel, ())):
                        queue_.put(json.loads(message))
        except Exception as error:
            print(f"Redis Client Error! {error}", flush=True)
            time.sleep(1)


def account_of(token):
    if not token:
        return None, "Missing access token"
    db = database.Database()
    try:
        account = db.one("SELECT users.account_id FROM oauth_access_tokens JOIN users ON resource_owner_id = users.id "
                         "WHERE token = %s AND revoked_at IS NULL", token)
    finally:
        db.connection.close()
    return account, "" if account else "Invalid access token"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def plain(self, status, text, **headers):
        self.send_response(status)
        for name, value in {"Content-Type": "text/plain", "Content-Length": len(text), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path == "/api/v1/streaming/health":
            return self.plain(200, "OK")
        if url.path == "/metrics":
            number = sum(len(c) for c in clients.values())
            return self.plain(200, f"# TYPE connected_clients gauge\nconnected_clients {number}\n")
        upgrade = self.headers.get("Upgrade", "").lower() == "websocket"
        name = query.get("stream", "") if upgrade else PATHS.get(url.path)
        if not upgrade and not name:
            return self.plain(400 if url.path.startswith("/api/v1/streaming") else 404, '{"error":"Unknown channel requested"}')
        protocol = self.headers.get("Sec-WebSocket-Protocol", "")
        token = self.headers.get("Authorization", "").removeprefix("Bearer ") or query.get("access_token") or protocol
        account, wrong = account_of(token)
        if wrong:
            return self.plain(401, "", X_Error_Message=wrong, Connection="close")
        self.close_connection = True
        if upgrade:
            return self.socket_of(name, account, protocol)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "private, no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.out(b":)\n")
        self.follow(name, account, lambda m: f"event: {m['event']}\ndata: {json.dumps(m['payload'])}\n\n".encode(), b":thump\n")

    def out(self, data):
        self.wfile.write(data)
        self.wfile.flush()

    def socket_of(self, name, account, protocol):
        key = self.headers.get("Sec-WebSocket-Key", "") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        if protocol:
            self.send_header("Sec-WebSocket-Protocol", protocol)
        self.end_headers()
        self.wfile.flush()

        def message(m):
            text = json.dumps({"stream": name.split(":") if ":" in name else [name], "event": m["event"],
                               "payload": json.dumps(m["payload"])}).encode()
            head = bytes([0x81, len(text)]) if len(text) < 126 else b"\x81\x7e" + struct.pack(">H", len(text))
            return head + text

        if name:
            self.follow(name, account, message, b"\x89\x00")

    def follow(self, name, account, form, beat):
        if name not in CHANNELS:
            return
        channel, mine = CHANNELS[name].format(account=account), queue.SimpleQueue()
        with count:
            clients.setdefault(channel, []).append(mine)
        try:
            # Whoever publishes to a feed that nobody reads is spared the work.
            Redis().do("SET", f"subscribed:{channel}", "1", "EX", 1080)
            while True:
                try:
                    self.out(form(mine.get(timeout=15)))
                except queue.Empty:
                    self.out(beat)
        except OSError:
            pass
        finally:
            with count:
                clients[channel].remove(mine)

    def log_message(self, *_):
        print(f"request {urllib.parse.urlsplit(self.path).path}", flush=True)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


def main():
    for name in ("DB_PORT", "DB_POOL", "REDIS_PORT", "REDIS_DB"):
        value = os.environ.get(name) or "0"
        if not value.isdigit():
            sys.exit(f"Error: Invalid {name} environment variable: {value}")
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))
    # PORT and BIND of Rails do not belong here.
    server = Server((os.environ.get("BIND") or "127.0.0.1", int(os.environ.get("PORT") or 4000)), Handler)
    threading.Thread(target=subscriber, daemon=True).start()
    time.sleep(float(os.environ.get("STANDIN_BOOT_S") or "0.5"))
    print(f"Streaming API now listening on {server.server_address[0]}:{server.server_address[1]}", flush=True)
    server.serve_forever(poll_interval=0.1)


if __name__ == "__main__":
    main()
