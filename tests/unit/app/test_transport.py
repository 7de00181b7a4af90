"""The transport of calls to other services, with a server on this computer."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse
from starlette.types import Receive, Scope, Send

from app.clients.outbound import Destination, Outbound, shared_client
from app.errors import OutboundError
from tests.unit.app.internet import Server
from tests.unit.app.scripted_service import NO_WAITS
from tests.unit.app.servers import serving


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


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The URL of a server that answers with the request."""
    with serving(mirror, lifespan="off") as url:
        yield url


def test_request_arrives_unchanged(url: str) -> None:
    """The server gets method, path, headers and body as they are, and no cookie of an earlier answer."""

    async def scenario() -> list[httpx.Response]:
        async with shared_client() as client:
            headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
            path = f"{url}/a%2Fb%3A%EA%B0%80?x=%20"
            return [await client.post(path, content='{"a": "가"}'.encode(), headers=headers) for _ in range(2)]

    first, second = (answer.json() for answer in asyncio.run(scenario()))
    assert (first["method"], first["path"], first["body"]) == ("POST", "/a%2Fb%3A%EA%B0%80", '{"a": "가"}')
    assert (first["headers"]["idempotency-key"], first["headers"]["content-type"]) == ("k", "application/json")
    assert "cookie" not in second["headers"]
    assert first["client"] == second["client"], "the connection was not used again"


def test_multipart_and_redirect(url: str) -> None:
    """A form arrives complete, and a redirect is returned."""

    async def scenario() -> tuple[httpx.Response, httpx.Response]:
        async with shared_client() as client:
            form = await client.post(url, files={"document": ("page", b"picture", "image/png")}, data={"ocr": "force"})
            return form, await client.get(f"{url}/redirect")

    form, redirect = asyncio.run(scenario())
    assert form.json()["headers"]["content-type"].startswith("multipart/form-data; boundary=")
    assert "picture" in form.json()["body"]
    assert (redirect.status_code, redirect.headers["location"]) == (307, "/")


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
        async with listener, shared_client() as client:
            with pytest.raises(OutboundError):
                await Outbound(client, Destination("tested", answer_s=20, attempts=2), NO_WAITS).send("POST", address)
        assert len(server.heads) == 2

    asyncio.run(scenario())


def test_closed_port_is_an_outbound_error() -> None:
    """A service that does not listen raises OutboundError."""

    async def scenario() -> None:
        async with shared_client() as client:
            outbound = Outbound(client, Destination("tested", answer_s=20, attempts=2), NO_WAITS)
            with pytest.raises(OutboundError):
                await outbound.send("GET", "http://127.0.0.1:1/")

    asyncio.run(scenario())
