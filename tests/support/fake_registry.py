"""A registry that holds manifests by name alone: in the same process, or on a port of loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.support.loopback import LOOPBACK, FakeHandler, http_server
from tests.support.releases import REPOSITORY, digest


def seeded() -> dict[str, str]:
    """Return the manifests of every release that a test names by a letter, and of `latest`."""
    path = REPOSITORY.partition("/")[2]
    return {f"{path}/{digest(letter)}": digest(letter) for letter in "0123456789abcdef"} | {
        f"{path}/latest": digest("a")
    }


@dataclass
class FakeRegistry(httpx.BaseTransport):
    """
    A registry that answers HEAD of manifests, and nothing else.

    Args:
        manifests: digest by `PATH/REFERENCE`.
        faults: answers to the next requests, instead of the true one: a status, or an error to raise.
        token: bearer token that a client must send; empty for none.
        basic: value of the Basic login that a client must send; empty for none.
        seen: method, path and Authorization of every request.
        holds_every_digest: whether every manifest exists that is named by its digest.
    """

    manifests: dict[str, str] = field(default_factory=seeded)
    faults: list[int | Exception] = field(default_factory=list)
    token: str = ""
    basic: str = ""
    seen: list[tuple[str, str, str]] = field(default_factory=list)
    holds_every_digest: bool = False

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
        held = reference if self.holds_every_digest and reference.startswith("sha256:") else None
        manifest = self.manifests.get(f"{name}/{reference}", held)
        if method != "HEAD" or manifest is None or "vnd.oci.image.index" not in headers.get("accept", ""):
            return 404, {}
        return 200, {"docker-content-digest": manifest}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request of an httpx client in the same process."""
        headers = {key.lower(): value for key, value in request.headers.items()}
        status, answer_headers = self.answer(request.method, request.url.path, headers)
        return httpx.Response(status, headers=answer_headers, request=request)


@contextmanager
def served(registry: FakeRegistry, host: str = LOOPBACK) -> Iterator[str]:
    """Serve a registry until the block ends; gives its URL."""

    class Handler(FakeHandler):
        def answer(self) -> None:
            status, headers = registry.answer(
                self.command, self.path, {key.lower(): value for key, value in self.headers.items()}
            )
            self.reply(status, headers=headers)

    with http_server(Handler, host=host) as url:
        yield url
