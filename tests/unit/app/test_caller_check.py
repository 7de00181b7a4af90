"""The check of a caller's token in the application: 401 before a body is read, and the paths that stay open."""

import asyncio
import logging
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from app.caller_check import OPEN_PATHS, CallerCheck
from app.callers import Callers
from tests.unit.app.app_environment import AppEnvironment
from tests.unit.app.raw_connections import answer_of
from tests.unit.app.servers import serving

OLD, NEW = "old-token-of-the-backend-" + "o" * 16, "new-token-of-the-backend-" + "n" * 16
API = ("/api/checklists/sync", "/api/checklists/7", "/api/easycontract/sync", "/api/easycontract/7")
_WARNING = "AI_SERVER_TOKENS is empty: the server accepts requests without a token"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def answers(environment: AppEnvironment, *requests: tuple[str, str, dict[str, Any]]) -> list[httpx.Response]:
    """Send requests one after the other, each a method, a path and arguments of httpx."""

    async def scenario() -> list[httpx.Response]:
        async with environment.client() as client:
            return [await client.request(method, path, **arguments) for method, path, arguments in requests]

    return asyncio.run(scenario())


@pytest.mark.parametrize("tokens", [OLD, f"{OLD},{NEW}", f"{NEW},{OLD}"], ids=["one", "two", "the other way round"])
def test_each_token_of_the_setting_is_valid(tokens: str) -> None:
    """With one token this token is valid, and with two tokens both; every other request of the API gets 401."""
    environment = AppEnvironment({"ai_server_tokens": tokens})
    given = {OLD: bearer(OLD), NEW: bearer(NEW), "another": bearer("x" * 40), "none": {}}
    received = answers(environment, *(("POST", API[0], {"json": {}, "headers": headers}) for headers in given.values()))
    accepted = {name for name, answer in zip(given, received, strict=True) if answer.status_code == 200}
    assert accepted == set(tokens.split(","))
    assert {answer.status_code for answer in received} == {200, 401}


def test_refusal_has_the_envelope_and_the_challenge() -> None:
    """Every path outside the table of open paths answers 401, in the envelope of errors, with the scheme of tokens."""
    paths = (*API, "/", "/absent", "/health/", "//health", "/Health", "/health%2F", "/metrics/absent")
    methods = ("GET", "POST", "DELETE", "OPTIONS")
    environment = AppEnvironment({"ai_server_tokens": OLD})
    for answer in answers(environment, *((method, path, {}) for path in paths for method in methods)):
        assert (answer.status_code, answer.headers.get("WWW-Authenticate")) == (401, "Bearer"), answer.request
        error = {"code": "UNAUTHORIZED", "message": "유효한 인증 토큰이 필요합니다."}
        assert answer.json() == {"detail": {"error": error}}


def test_open_paths_need_no_token() -> None:
    """Health checks, the collector of metrics and a reader of the version or description send no token."""
    environment = AppEnvironment({"ai_server_tokens": OLD})
    received = answers(environment, *(("GET", path, {}) for path in sorted(OPEN_PATHS)))
    assert {answer.status_code for answer in received} == {200}
    assert {"/health", "/livez", "/readyz", "/version", "/metrics"} < OPEN_PATHS


def test_server_without_tokens_is_open_and_logs_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    """A server without tokens accepts a request with any token or none, and warns once at its start."""
    with caplog.at_level(logging.WARNING, "app.main"):
        received = answers(
            AppEnvironment(),
            ("POST", API[0], {"json": {}}),
            ("POST", API[0], {"json": {}, "headers": bearer("anything")}),
        )
    assert [answer.status_code for answer in received] == [200, 200]
    assert [record.getMessage() for record in caplog.records if record.name == "app.main"] == [_WARNING]


def test_server_with_tokens_logs_no_warning_and_no_token(caplog: pytest.LogCaptureFixture) -> None:
    """Neither the start of a server with tokens nor a refused request puts a token into the log."""
    with caplog.at_level(logging.DEBUG):
        answers(AppEnvironment({"ai_server_tokens": OLD}), ("POST", API[0], {"json": {}, "headers": bearer(NEW)}))
    assert _WARNING not in caplog.text
    assert OLD not in caplog.text
    assert NEW not in caplog.text


def test_refusal_reads_no_body() -> None:
    """A request without a valid token reaches neither the application nor its own body."""

    async def application(_: Scope, __: Receive, ___: Send) -> None:
        raise AssertionError("the application got the request")

    async def receive() -> Message:
        raise AssertionError("the body was read")

    async def send(message: Message) -> None:
        sent.append(message)

    sent: list[Message] = []
    scope = {"type": "http", "method": "POST", "path": API[2], "headers": [(b"authorization", b"Basic x")]}
    asyncio.run(CallerCheck(application, Callers([OLD]))(scope, receive, send))
    assert sent[0]["status"] == 401


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """The address of a server with a token."""
    with serving(AppEnvironment({"ai_server_tokens": OLD}).app()) as url:
        parts = urlsplit(url)
        yield str(parts.hostname), int(parts.port or 0)


def _head(path: str, body_bytes: int, *lines: str) -> bytes:
    head = (f"POST {path} HTTP/1.1", "Host: server", f"Content-Length: {body_bytes}", *lines)
    return "\r\n".join((*head, "Content-Type: application/json", "", "")).encode()


@pytest.mark.parametrize("line", ["Accept: */*", "Expect: 100-continue"])
def test_refusal_comes_before_the_body(address: tuple[str, int], line: str) -> None:
    """The head of a request with 50 MiB gets 401 alone, and no invitation to send the body."""
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(_head(API[2], 50 * 2**20, line))
        assert connection.recv(2**16).startswith(b"HTTP/1.1 401 ")


def test_connection_of_a_refused_request_is_used_again(address: tuple[str, int]) -> None:
    """A caller that sends a body after the refusal can read it, and send a valid request on the same connection."""
    with socket.create_connection(address, timeout=10) as connection:
        assert answer_of(connection, _head(API[0], 2)).startswith(b"HTTP/1.1 401 ")
        connection.sendall(b"{}")
        request = _head(API[0], 2, f"Authorization: Bearer {OLD}") + b"{}"
        assert answer_of(connection, request).startswith(b"HTTP/1.1 200 ")
