"""
A server that counts its requests as Prometheus reads them, stays healthy, and answers some requests with an error.

    python -m tests.support.metered_server ERRORS_EVERY

Every request whose number is a multiple of ERRORS_EVERY is answered with 500; none if it is 0. The server listens on a
free port of loopback, which it prints, and ends when its standard input ends.
"""

import sys
import threading
from http.server import ThreadingHTTPServer

from tests.support.loopback import LOOPBACK, FakeHandler


class MeteredServer(ThreadingHTTPServer):
    """
    The server.

    Args:
        errors_every: number of requests of which one is answered with an error; 0 for none.
    """

    daemon_threads = True

    def __init__(self, errors_every: int) -> None:
        super().__init__((LOOPBACK, 0), Handler)
        self._errors_every = errors_every
        self._lock = threading.Lock()
        # Both series begin at 0: of a series that begins with its first error, `rate` does not count this error.
        self._counts = {"200": 0, "500": 0}

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing of a client that left."""

    def next_status(self) -> int:
        """Count a request, and return the status of its answer."""
        with self._lock:
            number = sum(self._counts.values()) + 1
            status = "500" if self._errors_every and number % self._errors_every == 0 else "200"
            self._counts[status] += 1
        return int(status)

    def metrics(self) -> bytes:
        """Return the counts in the text format of Prometheus."""
        with self._lock:
            lines = [f'http_requests_total{{status="{status}"}} {count}' for status, count in self._counts.items()]
        return "\n".join(["# TYPE http_requests_total counter", *lines, ""]).encode()


class Handler(FakeHandler):
    """Answers `/metrics`, `/health`, and any other path as a request that counts."""

    protocol_version = "HTTP/1.1"
    server: MeteredServer

    def answer(self) -> None:
        """Answer a request."""
        if self.path == "/metrics":
            self.reply(200, self.server.metrics(), {"content-type": "text/plain; version=0.0.4"})
        elif self.path == "/health":
            self.reply(200, b"ok")
        else:
            self.reply(self.server.next_status())


if __name__ == "__main__":
    server = MeteredServer(int(sys.argv[1]))
    print(server.server_address[1], flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
