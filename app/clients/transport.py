"""
The client for other services: aiohttp with the limits of this server.

Why not httpx: docs/decisions/0030-connections.md.
"""

from collections.abc import Mapping
from typing import Final

import aiohttp
import httpx
from yarl import URL

_CONNECTIONS: Final = 400  # more than the places of all destinations, so that no call waits for a connection
_CONNECT_S: Final = 5


class ServiceClient:
    """
    Sends requests; connections are kept and used again.

    The client follows no redirect, keeps no cookie, and reads no environment variable, such as a proxy.
    """

    def __init__(self) -> None:
        self._trusted = httpx.create_ssl_context(trust_env=False)  # at the start, because it reads all certificates
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes, deadline_s: float
    ) -> aiohttp.ClientResponse:
        """
        Send a request, and return its response when the headers are complete; `release` it after its body is read.

        Args:
            method: HTTP method.
            url: URL with scheme and host, percent-encoded.
            headers: headers in addition to those of every request.
            body: the body; empty for a request without one.
            deadline_s: longest time from the connection to the last byte of the body of the response.

        Raises:
            aiohttp.ClientError: no connection, or invalid HTTP.
            asyncio.TimeoutError: the deadline.
        """
        session = self._session = self._session or self._new_session()
        timeout = aiohttp.ClientTimeout(total=deadline_s, sock_connect=min(_CONNECT_S, deadline_s))
        return await session.request(
            method,
            URL(url, encoded=True),
            headers=headers,
            data=body or None,
            allow_redirects=False,
            timeout=timeout,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session:
            await self._session.close()

    def _new_session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=_CONNECTIONS, ssl=self._trusted)
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers={"Accept-Encoding": "gzip, deflate"},
            skip_auto_headers=("Content-Type",),
        )
