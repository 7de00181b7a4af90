"""The transport of calls to other services, with a server on this computer."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import Receive, Scope, Send

from app.clients.ocr import Ocr, OcrPolicy
from app.clients.outbound import Destination, Outbound
from app.clients.transport import ServiceClient
from app.errors import OutboundError
from tests.unit.app.app_environment import fake_settings
from tests.unit.app.internet import Server
from tests.unit.app.scripted_service import NO_WAITS
from tests.unit.app.servers import serving
from tests.unit.app.service_clients import service_client


async def mirror(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the request."""
    request = Request(scope, receive)
    if scope["path"] == "/redirect":
        await RedirectResponse("/")(scope, receive, send)
        return
    answer = {
        "method": request.method,
        "path": scope["raw_path"].decode(),
        "headers": dict(request.headers),
        "body": (await request.body()).decode(),
        "client": request.client.port if request.client else None,
    }
    await JSONResponse(answer, headers={"Set-Cookie": "a=b"})(scope, receive, send)


async def mirrored(client: ServiceClient, url: str) -> dict[str, Any]:
    """Return a request as the server got it."""
    headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
    response = await client.request("POST", url, headers=headers, body='{"a": "가"}'.encode(), deadline_s=20)
    request: dict[str, Any] = json.loads(await response.read())
    response.release()
    return request


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The URL of a server that answers with the request."""
    with serving(mirror, lifespan="off") as url:
        yield url


def test_request_arrives_unchanged(url: str) -> None:
    """The server gets method, path, headers and body as they are, and no cookie of an earlier answer."""

    async def scenario() -> list[dict[str, Any]]:
        async with service_client() as client:
            return [await mirrored(client, f"{url}/a%2Fb%3A%EA%B0%80?x=%20") for _ in range(2)]

    first, second = asyncio.run(scenario())
    assert (first["method"], first["path"], first["body"]) == ("POST", "/a%2Fb%3A%EA%B0%80", '{"a": "가"}')
    assert (first["headers"]["idempotency-key"], first["headers"]["content-type"]) == ("k", "application/json")
    assert first["headers"]["accept-encoding"] == "gzip, deflate"
    assert "cookie" not in second["headers"]
    assert first["client"] == second["client"], "the connection was not used again"


def test_redirect_is_returned(url: str) -> None:
    """A redirect is not followed."""

    async def scenario() -> tuple[int, str]:
        async with service_client() as client:
            response = await client.request("GET", f"{url}/redirect", headers={}, body=b"", deadline_s=20)
            response.release()
            return response.status, response.headers["Location"]

    assert asyncio.run(scenario()) == (307, "/")


def test_proxy_of_the_environment_is_ignored(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY has no effect."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    async def scenario() -> dict[str, Any]:
        async with service_client() as client:
            return await mirrored(client, url)

    assert asyncio.run(scenario())["method"] == "POST"


def test_form_of_a_page_arrives_complete(url: str) -> None:
    """Upstage gets the fields and the picture as a form."""

    async def scenario() -> dict[str, Any]:
        async with service_client() as client:
            ocr = Ocr(client, fake_settings(ocr_url=url), OcrPolicy(period_s=0.001), NO_WAITS)
            return await ocr.read(b"picture", "image/png", "page-1.png")

    request = asyncio.run(scenario())
    assert request["headers"]["content-type"].startswith("multipart/form-data; boundary=")
    assert all(text in request["body"] for text in ("picture", "page-1.png", "document-parse"))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"junk\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 2**20 + b"\r\n\r\n",
    ],
    ids=["nothing", "junk", "half", "chunk", "header"],
)
def test_broken_answer_is_an_outbound_error(answer: bytes) -> None:
    """Each kind of invalid HTTP raises OutboundError after all attempts."""

    async def scenario() -> None:
        server = Server(answer=answer)
        listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
        address = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/"
        async with listener, service_client() as client:
            with pytest.raises(OutboundError):
                await Outbound(client, Destination("tested", answer_s=20, attempts=2), NO_WAITS).send("POST", address)
        assert len(server.heads) == 2

    asyncio.run(scenario())


def test_closed_port_is_an_outbound_error() -> None:
    """A service that does not listen raises OutboundError."""

    async def scenario() -> None:
        async with service_client() as client:
            outbound = Outbound(client, Destination("tested", answer_s=20, attempts=2), NO_WAITS)
            with pytest.raises(OutboundError):
                await outbound.send("GET", "http://127.0.0.1:1/")

    asyncio.run(scenario())
