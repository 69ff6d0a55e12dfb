"""A connection to Redis, in its own protocol (RESP 2)."""
import os
import socket
import urllib.parse


class RedisError(Exception):
    pass


def settings(prefix=""):
    """Host, port, user, password, database by REDIS_*; PREFIX_REDIS_* go before it, as in Mastodon's configuration."""
    def of(name):
        return os.environ.get(prefix + "REDIS_" + name) or os.environ.get("REDIS_" + name) or ""

    if of("URL"):
        url = urllib.parse.urlsplit(of("URL"))
        unquote = urllib.parse.unquote
        return (url.hostname or "localhost", url.port or 6379, unquote(url.username or ""), unquote(url.password or ""),
                int(url.path.strip("/") or 0))
    return of("HOST") or "localhost", int(of("PORT") or 6379), of("USER"), of("PASSWORD"), int(of("DB") or 0)


class Redis:
    def __init__(self, prefix=""):
        host, port, user, password, database = settings(prefix)
        self.socket = socket.create_connection((host, port), timeout=15)
        self.socket.settimeout(None)
        self.reader = self.socket.makefile("rb")
        if password:
            self.do("AUTH", *([user] if user else []), password)
        if database:
            self.do("SELECT", database)

    def send(self, *words):
        words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))

    def receive(self):
        line = self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise RedisError("Connection lost")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.reader.read(int(rest) + 2)[:-2].decode()
        return None if rest == b"-1" else [self.receive() for _ in range(int(rest))]

    def do(self, *words):
        self.send(*words)
        return self.receive()
