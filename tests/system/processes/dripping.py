"""A proxy in front of the emulator whose answers to some requests arrive a byte at a time, and never end."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

_PAUSE_S = 0.2
_LONGEST_S = 120.0


@contextmanager
def dripping(url: str, part: str) -> Iterator[str]:
    """Serve what `url` answers, but drip where the path has `part`; gives the proxy's URL."""
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            if part in self.path:
                self._drip()
                return
            headers = {"content-type": "application/json"}
            answer = httpx.request(
                self.command, url + self.path, content=body, headers=headers, timeout=130, trust_env=False
            )
            self.send_response(answer.status_code)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def __getattr__(self, name: str) -> Any:
            if name in ("do_GET", "do_POST", "do_PATCH", "do_DELETE"):
                return self._answer
            raise AttributeError(name)

        def _drip(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", "1000000")
            self.end_headers()
            for _ in range(int(_LONGEST_S / _PAUSE_S)):
                if over.wait(_PAUSE_S):
                    break
                try:
                    self.wfile.write(b" ")
                except OSError:
                    break
            self.close_connection = True

        def log_message(self, *args: Any) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        over.set()
        server.shutdown()
        server.server_close()
