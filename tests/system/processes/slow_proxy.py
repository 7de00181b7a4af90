"""A proxy in front of the emulator whose answers to some requests arrive a byte at a time, and never end."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.support.loopback import FakeHandler, http_server

_PAUSE_S = 0.2
_LONGEST_S = 120.0


@contextmanager
def slow_proxy(url: str, part: str) -> Iterator[str]:
    """
    Forward requests until the block ends; gives the proxy's URL.

    Args:
        url: URL of the server that answers.
        part: part of the paths whose answers never end.
    """
    is_over = threading.Event()

    class Handler(FakeHandler):
        def answer(self) -> None:
            body = self.read_body()
            if part in self.path:
                self._drip()
                return
            headers = {"content-type": "application/json"}
            answer = httpx.request(
                self.command, url + self.path, content=body, headers=headers, timeout=130, trust_env=False
            )
            self.reply(answer.status_code, answer.content, headers)

        def _drip(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", "1000000")
            self.end_headers()
            for _ in range(int(_LONGEST_S / _PAUSE_S)):
                if is_over.wait(_PAUSE_S):
                    break
                try:
                    self.wfile.write(b" ")
                except OSError:
                    break
            self.close_connection = True

    with http_server(Handler) as proxy_url:
        try:
            yield proxy_url
        finally:
            is_over.set()
