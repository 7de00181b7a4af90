"""Servers that send a byte at a time: every exchange of a session ends as a whole."""

import contextlib
import functools
import time
from collections.abc import Callable

import httpx
import pytest

from deploy import session
from deploy.compute_engine import granted_permissions
from deploy.compute_engine.client import Compute
from deploy.compute_engine.fallback_template import compare_fallback
from deploy.config import Config
from deploy.errors import CloudError, DeployError
from deploy.registry.client import Registry
from deploy.release.record import Fallback
from deploy.retry import Time
from deploy.session import Session
from lib.image_reference import Reference
from tests.unit.lib.slow_server import SlowServer, serve_slowly

LIMIT_S = 0.6
LATEST_S = 20.0  # a whole answer with a byte every 0.1 s would need 24 s and more
DIGEST = "sha256:" + "1" * 64
REQUESTS: dict[str, Callable[[Session], object]] = {
    "compute": lambda opened: opened.managed.compute.get("zones/z/instanceGroupManagers/g"),
    "resource manager": lambda opened: opened.read_permissions(),
    "registry": lambda opened: opened.registry.resolve(Reference("127.0.0.1/team/app", digest=DIGEST)),
}


@pytest.mark.parametrize("asked", REQUESTS)
@pytest.mark.parametrize("part", ["headers", "body"])
def test_exchange_with_a_slow_server_ends_at_the_deadline(
    asked: str, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exchange with a server that sends one byte at a time ends with an error at the deadline."""
    monkeypatch.setattr(session, "EXCHANGE_S", LIMIT_S)
    monkeypatch.setattr(session, "WAIT_EXCHANGE_S", LIMIT_S)
    monkeypatch.setattr(session, "Compute", functools.partial(Compute, budget_s=0.0))
    monkeypatch.setattr(session, "Registry", functools.partial(Registry, budget_s=0.0))
    monkeypatch.setattr(granted_permissions, "_BUDGET_S", 0.0)
    status, drip = b"HTTP/1.1 200 OK\r\n", b"x-drip: 1\r\n" * 30
    body = SlowServer(at_once=status + b"content-length: 300\r\n\r\n", slowly=b" " * 300)
    dripped = {"headers": SlowServer(slowly=status + drip), "body": body}[part]
    if asked == "registry" and part == "body":
        dripped = SlowServer(at_once=status, slowly=drip)  # HEAD has no body
    with serve_slowly(dripped) as server:
        settings = Config(
            project="p",
            zone="z",
            group="g",
            repository="127.0.0.1/team/app",
            compute_url=f"{server.url}compute/v1",
            registry_url=server.url,
        )
        opened = session.open_session(settings, None)
        began_s = time.monotonic()
        with pytest.raises((CloudError, DeployError), match=r"no complete response within 0\.6 s"):
            REQUESTS[asked](opened)
        assert time.monotonic() - began_s < LATEST_S


@pytest.mark.parametrize("answer_s", [0.1, 3.0, 9.0, 9.9, 60.0])
@pytest.mark.parametrize("status", [404, 503])
def test_template_of_a_fallback_is_read_for_at_most_ten_seconds(answer_s: float, status: int) -> None:
    """The read before an automatic rollback ends after ten seconds, with slow failed answers too."""
    elapsed_s = [0.0]

    def slow(request: httpx.Request) -> httpx.Response:
        elapsed_s[0] += min(answer_s, request.extensions["deadline_s"])
        if answer_s > request.extensions["deadline_s"]:
            raise httpx.ReadTimeout("late", request=request)
        return httpx.Response(status, json={"error": {"code": status, "message": "x"}})

    def sleep(seconds: float) -> None:
        elapsed_s[0] += seconds

    clock = Time(lambda: elapsed_s[0], sleep)
    compute = Compute(httpx.Client(transport=httpx.MockTransport(slow)), "http://api", "p", dict, clock)
    fallback = Fallback("projects/p/global/instanceTemplates/t", "1")
    with contextlib.suppress(CloudError):
        assert compare_fallback(compute, fallback) == "template 't' was deleted"
    assert elapsed_s[0] <= 10.0 + 1.0
