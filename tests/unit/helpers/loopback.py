"""Servers on the loopback interface that misbehave on request, for the tests of downloads."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Page:
    """How one address behaves. A callable is given the number of the request, from 0."""

    content: bytes | Callable[[int], bytes] = b""
    status: int | Callable[[int], int] = 200
    ranges: bool = True
    cut: Callable[[int], int | None] = lambda n: None  # bytes after which the connection is closed
    stall: Callable[[int], bool] = lambda n: False  # stop sending after `cut`, but keep the connection
    announced: int | None = None  # a false Content-Length
    location: str | None = None
    shift: int = 0  # bytes by which the range that is sent begins behind the one that was asked for
    requests: list[tuple[int, int]] = field(default_factory=list)  # (first byte, bytes sent)


@contextmanager
def http_server(pages: dict[str, Page]) -> Iterator[str]:
    """Serve ``pages`` (path -> behaviour); yield the address. Stalled answers end with the server."""
    ending = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            page = pages[self.path]
            number = len(page.requests)
            content, status = (v(number) if callable(v) else v for v in (page.content, page.status))
            if self.headers.get("Accept-Encoding") != "identity":
                status = 406  # a server may compress, and then bytes have other positions
            start, asked = 0, self.headers.get("Range")
            if status == 200 and page.ranges and asked:
                start = int(asked.removeprefix("bytes=").rstrip("-")) + page.shift
                status = 206 if start < len(content) else 416
            body = b"" if status == 416 else content[start:]
            cut = page.cut(number)
            sent = body if cut is None else body[:cut]
            page.requests.append((start, len(sent)))
            self.send_response(status)
            if status == 206:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            if status == 416:
                self.send_header("Content-Range", f"bytes */{len(content)}")
            if page.location:
                self.send_header("Location", page.location)
            self.send_header("Content-Length", str(len(body) if page.announced is None else page.announced))
            self.end_headers()
            self.wfile.write(sent)
            if page.stall(number):
                self.wfile.flush()
                ending.wait(20)
            self.close_connection = True

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        ending.set()
        server.shutdown()
        server.server_close()


@contextmanager
def ftp_server(path: str, content: bytes, cut: int | None = None) -> Iterator[tuple[str, list[int]]]:
    """Serve ``content`` at ``path``; the first transfer breaks off after ``cut`` bytes.

    Yield the address and the list of first bytes that were asked for.
    """
    starts: list[int] = []

    class Handler(socketserver.StreamRequestHandler):
        def say(self, text):
            self.wfile.write(f"{text}\r\n".encode())

        def handle(self):
            self.say("220 ready")
            rest, passive, binary = 0, None, False
            for line in self.rfile:
                binary |= line.strip() == b"TYPE I"
                command, _, argument = line.decode().strip().partition(" ")
                if command in ("SIZE", "RETR") and argument != path:
                    self.say("550 no such file")
                elif command == "SIZE":
                    self.say(f"213 {len(content)}" if binary else "550 not as text")  # as servers do
                elif command == "PASV":
                    passive = socketserver.socket.create_server(("127.0.0.1", 0))
                    port = passive.getsockname()[1]
                    self.say(f"227 passive (127,0,0,1,{port // 256},{port % 256})")
                elif command == "REST":
                    rest = int(argument)
                    self.say("350 go on")
                elif command == "RETR":
                    self.say("150 coming")
                    end = rest + cut if cut is not None and not starts else len(content)
                    starts.append(rest)
                    data, _ = passive.accept()
                    data.sendall(content[rest:end])
                    data.close()
                    passive.close()
                    self.say("226 done" if end == len(content) else "426 broken off")
                    rest = 0
                else:
                    self.say(
                        {"USER": "331 name", "PASS": "230 in", "TYPE": "200 type"}.get(command, "502 what")
                    )

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield f"ftp://127.0.0.1:{server.server_address[1]}", starts
        finally:
            server.shutdown()
