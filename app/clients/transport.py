"""
The transport of calls to other services: aiohttp below httpx's interface.

httpx's own transport needs 10 to 20 times the processor time of aiohttp for a call among a hundred others, because each
call looks at all connections several times: docs/decisions/0030-connections.md.
"""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import httpx
from yarl import URL

_PART_BYTES = 2**16


class AiohttpTransport(httpx.AsyncBaseTransport):
    """
    Sends requests with aiohttp; connections are kept and used again.

    The extensions `target` and `sni_hostname` have no effect, and of the timeouts only `connect` has one.

    Args:
        connections: largest number of open connections.
    """

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._trusted = httpx.create_ssl_context(trust_env=False)  # at the start, because it reads all certificates
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, and return its response when the headers are complete."""
        session = self._session = self._session or self._new_session()
        timeout = aiohttp.ClientTimeout(sock_connect=request.extensions.get("timeout", {}).get("connect"))
        try:
            response = await session.request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=[(name.decode("ascii"), value.decode("latin-1")) for name, value in request.headers.raw],
                data=await request.aread(),
                allow_redirects=False,
                timeout=timeout,
            )
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
            raise httpx.ConnectError(str(error), request=request) from None
        except (aiohttp.ClientError, OSError) as error:
            raise httpx.ReadError(str(error), request=request) from None
        stream = _Stream(response, request)
        return httpx.Response(response.status, headers=list(response.raw_headers), stream=stream, request=request)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session:
            await self._session.close()

    def _new_session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=self._connections, ssl=self._trusted)
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        )


class _Stream(httpx.AsyncByteStream):
    """The body of a response."""

    def __init__(self, response: aiohttp.ClientResponse, request: httpx.Request) -> None:
        self._response = response
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the parts of the body as they arrive."""
        try:
            async for part in self._response.content.iter_chunked(_PART_BYTES):
                yield part
        except (aiohttp.ClientError, OSError) as error:
            raise httpx.ReadError(str(error), request=self._request) from None

    async def aclose(self) -> None:
        """Return the connection to the pool, or close it if the body is incomplete."""
        if self._response.content.is_eof():
            self._response.release()
        else:
            self._response.close()


class PlainClient(httpx.AsyncClient):
    """
    A client that only sends requests: it follows no redirect, keeps no cookie, and reads no environment variable.

    httpx's own client spends more time on these than aiohttp on the request.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        super().__init__(transport=transport, trust_env=False)
        self._plain_transport = transport

    async def send(self, request: httpx.Request, *, stream: bool = False, **_: Any) -> httpx.Response:
        """Send a request, and return its response, whose body is read unless `stream` is set."""
        response = await self._plain_transport.handle_async_request(request)
        response.request = request
        if not stream:
            await response.aread()
        return response
