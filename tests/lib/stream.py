#!/usr/bin/env python3
"""stream.py WEB ADDRESS PORT CA_FILE TOKEN_FILE STREAM

Listens to one of Mastodon's streams over a WebSocket. Prints `open` when it is, then the payload of the first update,
and ends with 0. Ends with 1 and the answer's first line when the socket does not open. Without TOKEN_FILE (`-`) it asks
without a token.
"""
import base64
import json
import os
import socket
import ssl
import sys

web, address, port, ca, token_file, stream = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
connection = context.wrap_socket(socket.create_connection((address, int(port)), timeout=300), server_hostname=web)
head = [f"GET /api/v1/streaming?stream={stream} HTTP/1.1", f"Host: {web}", "Connection: Upgrade", "Upgrade: websocket",
        "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode()]
if token_file != "-":
    with open(token_file) as f:
        head.append("Authorization: Bearer " + f.read().strip())
connection.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
reader = connection.makefile("rb")
first = reader.readline().decode().strip()
while reader.readline().strip():
    pass
if " 101 " not in first:
    print(first)
    sys.exit(1)
print("open", flush=True)
while True:
    kind, size = reader.read(2)
    if size == 126:
        size = int.from_bytes(reader.read(2), "big")
    elif size == 127:
        size = int.from_bytes(reader.read(8), "big")
    data = reader.read(size)
    if kind & 15 == 8:
        print("closed")
        sys.exit(1)
    if kind & 15 == 1 and json.loads(data)["event"] == "update":
        print(json.loads(data)["payload"])
        sys.exit(0)
