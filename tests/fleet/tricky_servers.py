"""Servers that try to get round the rules for calls: one that redirects, and a name server that changes its mind."""

import socket
import struct
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address


@contextmanager
def http_server(location=""):
    """A server on every loopback address; `asked` has the paths."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.path)
            self.send_response(302 if location else 200)
            self.send_header("Content-Length", "0")
            if location:
                self.send_header("Location", location)
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *args):
            """Quiet."""

    with ThreadingHTTPServer(("", 0), Handler) as server:
        server.asked, server.daemon_threads = [], True
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@contextmanager
def dns_stub(*addresses):
    """A name server on loopback that gives each question the next address, with a life of 0 seconds."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(10)

        def serve():
            for address in addresses:
                question, asker = sock.recvfrom(512)
                head = question[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0)
                record = struct.pack("!HHHIH", 0xC00C, 1, 1, 0, 4) + ip_address(address).packed
                sock.sendto(head + question[12:] + record, asker)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield sock.getsockname()
        thread.join(10)


def resolve_with(monkeypatch, stub):
    """The system's resolver reads /etc/resolv.conf, which a test may not write: so names alone are asked of the stub
    here, over real UDP. Everything behind getaddrinfo is the product's own."""
    real = socket.getaddrinfo

    def getaddrinfo(host, port, *args, **options):
        if not host.endswith(".example.org") or options.get("flags", 0) & socket.AI_NUMERICHOST:
            return real(host, port, *args, **options)
        labels = b"".join(bytes([len(label)]) + label.encode() for label in host.split("."))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(5)
            sock.sendto(struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0\0\x01\0\x01", stub)
            answer = sock.recv(512)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (socket.inet_ntoa(answer[-4:]), port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
