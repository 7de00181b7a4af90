"""A registry that holds manifests by name alone: in this process, or on a port of loopback."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from tests.unit.deploy.rig import REPOSITORY, digest


def seeded() -> dict[str, str]:
    """The repository of the rig, with every release that a test calls by a letter, and `latest`."""
    path = REPOSITORY.partition("/")[2]
    return {f"{path}/{digest(letter)}": digest(letter) for letter in "0123456789abcdef"} | {
        f"{path}/latest": digest("a")
    }


@dataclass
class FakeRegistry(httpx.BaseTransport):
    """
    Answers HEAD of manifests, and nothing else.

    Args:
        manifests: Digest by `PATH/REFERENCE`.
        faults: Answers to the next requests, instead of the true one: a status, or an error to raise.
        token: Bearer that is asked for; empty for none.
        basic: login by Basic that is asked for; empty for none.
        seen: Every request: method, path, Authorization.
    """

    manifests: dict[str, str] = field(default_factory=seeded)
    faults: list[int | Exception] = field(default_factory=list)
    token: str = ""
    basic: str = ""
    seen: list[tuple[str, str, str]] = field(default_factory=list)

    def answer(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str]]:
        """Return status and headers; the distribution specification gives a HEAD no body."""
        self.seen.append((method, path, headers.get("authorization", "")))
        if self.faults:
            fault = self.faults.pop(0)
            if isinstance(fault, Exception):
                raise fault
            return fault, {}
        if self.token and headers.get("authorization") != f"Bearer {self.token}":
            return 401, {"www-authenticate": "Bearer"}
        if self.basic and headers.get("authorization") != f"Basic {self.basic}":
            return 401, {"www-authenticate": 'Basic realm="registry"'}
        name, _, reference = path.removeprefix("/v2/").partition("/manifests/")
        found = self.manifests.get(f"{name}/{reference}")
        if method != "HEAD" or found is None or "vnd.oci.image.index" not in headers.get("accept", ""):
            return 404, {}
        return 200, {"docker-content-digest": found}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        headers = {key.lower(): value for key, value in request.headers.items()}
        status, answered = self.answer(request.method, request.url.path, headers)
        return httpx.Response(status, headers=answered, request=request)


@contextmanager
def served(registry: FakeRegistry) -> Iterator[str]:
    """Serve a registry on loopback while the block lasts; gives its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            status, headers = registry.answer(
                "HEAD", self.path, {key.lower(): value for key, value in self.headers.items()}
            )
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
