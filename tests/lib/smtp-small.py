#!/usr/bin/env python3
"""smtp-small.py WHAT: a server on loopback that does what no mail server should. Prints its port."""
import socket
import sys
import threading

GREETING = b"220 localhost ESMTP\r\n"
EHLO = b"250-localhost\r\n250 HELP\r\n"

# What is said at once, then one answer for each line that comes; None: say nothing ever more.
# "END" closes the connection.
SCRIPTS = {
    "silent": [None],
    "ssh": [b"SSH-2.0-OpenSSH_9.2\r\n", None],
    "garbage": [bytes(range(256)) * 64, None],
    "not-welcome": [b"554-go\r\n554 away\x1b[31m\r\n", "END"],
    "busy": [b"421 too many of you\r\n", "END"],
    "hangs-up": [GREETING, "END"],
    "slow": [GREETING, None],
    "echo": [
        GREETING,
        b"250-localhost\r\n250 AUTH PLAIN\r\n",
        "ECHO",
    ],
}


def serve(connection, script):
    lines = connection.makefile("rb")
    for number, step in enumerate(script):
        line = lines.readline() if number > 0 else b""
        if step is None:
            lines.read()  # until the other side has enough
            return
        if step == "END":
            return
        connection.sendall(b"535 no: " + line if step == "ECHO" else step)
    lines.read()


def main():
    what = sys.argv[1]
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0 if what == "full" else 16)
    port = listener.getsockname()[1]
    held = []
    if what == "full":
        # Once its queue is full the kernel answers nobody any more, as behind a firewall that drops.
        for _ in range(4):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(("127.0.0.1", port))
            held.append(s)
        print(port, flush=True)
        threading.Event().wait()
    print(port, flush=True)
    while True:
        connection, _ = listener.accept()

        def run(c=connection):
            with c:
                serve(c, SCRIPTS[what])

        threading.Thread(target=run, daemon=True).start()


main()
