"""A Loki that stores pushed logs: POST /loki/api/v1/push adds to them, and GET / returns them as text."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar


def unpack(block: bytes) -> bytes:
    """
    Undo Snappy's block format, which no standard library knows.

    Source: https://github.com/google/snappy/blob/main/format_description.txt
    """
    at = 0
    while block[at] & 0x80:  # skip the length
        at += 1
    at += 1
    out = bytearray()
    while at < len(block):
        tag, at = block[at], at + 1
        kind, size = tag & 3, tag >> 2
        if kind == 0:  # literal bytes; from 60 on, the size follows in 1 to 4 bytes
            if size >= 60:
                width = size - 59
                size, at = int.from_bytes(block[at : at + width], "little"), at + width
            out += block[at : at + size + 1]
            at += size + 1
            continue
        if kind == 1:  # a copy of 4 to 11 earlier bytes
            back, at, size = (tag >> 5) << 8 | block[at], at + 1, (size & 7) + 3
        else:
            width = 2 if kind == 2 else 4
            back, at = int.from_bytes(block[at : at + width], "little"), at + width
        for _ in range(size + 1):
            out.append(out[-back])
    return bytes(out)


class Loki(BaseHTTPRequestHandler):
    """The routes of both methods."""

    received: ClassVar[list[bytes]] = []

    def do_POST(self) -> None:
        """Store a push: a protobuf message, which contains labels and lines as plain text."""
        self.received.append(unpack(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def do_GET(self) -> None:
        """Return everything that was pushed."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"\n".join(self.received))

    def log_message(self, *_: object) -> None:
        """Print nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Loki).serve_forever()
