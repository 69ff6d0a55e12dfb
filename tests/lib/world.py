#!/usr/bin/env python3
"""world.py ADDRESS...: stands for servers elsewhere. Each address answers HTTP at port 80 and port 8080, and says
its name to whoever connects to port 53. Prints "ready" when all of them listen."""
import socket
import socketserver
import sys
import threading


class Web(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.recv(4096)
        body = b'you are %s\n' % self.client_address[0].encode()
        self.request.sendall(b'HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s' % (len(body), body))


class Name(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b'HTTP/1.0 200 a name server\r\n\r\n')


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 100


def serve(address, port, handler):
    Server.address_family = socket.AF_INET6 if ':' in address else socket.AF_INET
    server = Server((address, port), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()


for where in sys.argv[1:]:
    serve(where, 80, Web)
    serve(where, 8080, Web)
    serve(where, 53, Name)
print('ready', flush=True)
threading.Event().wait()
