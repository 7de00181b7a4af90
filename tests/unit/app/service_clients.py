"""Clients for other services over a transport of httpx, such as one to the fakes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

import aiohttp
import httpx
from multidict import CIMultiDict

from app.clients.outbound import download_client
from app.clients.transport import ServiceClient


class FakeResponse:
    """The part of aiohttp's response that the server uses, over a response of httpx."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.headers = CIMultiDict(response.headers.multi_items())
        self.content = self
        self.is_released = False
        self._response = response

    async def iter_chunked(self, _: int) -> AsyncIterator[bytes]:
        with _errors_of_aiohttp():
            async for part in self._response.aiter_raw():
                yield part

    def release(self) -> None:
        self.is_released = True


class FakedClient(ServiceClient):
    """A client whose network is a transport of httpx; the deadline counts until the headers are complete."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        super().__init__()
        self._transport = transport

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes, deadline_s: float
    ) -> aiohttp.ClientResponse:
        request = httpx.Request(method, url, headers={"Accept-Encoding": "gzip, deflate", **headers}, content=body)
        with _errors_of_aiohttp():
            response = await asyncio.wait_for(self._transport.handle_async_request(request), deadline_s)
        return cast("aiohttp.ClientResponse", FakeResponse(response))


@contextlib.contextmanager
def _errors_of_aiohttp() -> Iterator[None]:
    try:
        yield
    except httpx.ConnectTimeout as error:
        raise aiohttp.ConnectionTimeoutError(str(error)) from None
    except httpx.TimeoutException:
        raise asyncio.TimeoutError from None
    except httpx.ConnectError as error:
        raise aiohttp.ClientConnectorError(cast("Any", None), OSError(str(error))) from None
    except httpx.RequestError as error:
        raise aiohttp.ClientConnectionError(str(error)) from None


def clients_over(transport: httpx.AsyncBaseTransport) -> tuple[ServiceClient, httpx.AsyncClient]:
    """Return the clients of other services and of downloads over a transport."""
    return FakedClient(transport), download_client(transport)


@asynccontextmanager
async def service_client(transport: httpx.AsyncBaseTransport | None = None) -> AsyncIterator[ServiceClient]:
    """Yield a client for other services, of the real network or of a transport."""
    client = FakedClient(transport) if transport else ServiceClient()
    try:
        yield client
    finally:
        await client.aclose()
