"""
HTTP exchanges with one deadline for lookup, connect, TLS, request, headers and the whole body.

A timeout of httpx limits the time between two bytes, so a server that sends a byte a second never exceeds it.
"""

import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any, Final
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from lib.deadline_network import Deadline, Network

# Seconds for one request instead of the transport's default: `client.get(url, extensions={REQUEST_S: 5.0})`.
REQUEST_S: Final = "deadline_s"
_MAX_BODY_BYTES: Final = 64 * 2**20
_ERRORS: Final = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)

_TIMEOUTS: Final = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ConnectError: httpx.ConnectTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.PoolTimeout: httpx.PoolTimeout,
}


def client(
    seconds: float, *, trust_env: bool = True, tls: ssl.SSLContext | None = None, body_bytes: int = _MAX_BODY_BYTES
) -> httpx.Client:
    """
    Return a client without redirects, in which each exchange ends within a number of seconds.

    Args:
        seconds: longest time of one exchange, from the lookup of the host to the last byte of the body.
        trust_env: whether environment variables may set proxies and certificates.
        tls: certificates of the client and of trusted authorities; None for the defaults.
        body_bytes: largest decoded body of a response.
    """
    transport = DeadlineTransport(seconds, trust_env=trust_env, tls=tls, body_bytes=body_bytes)
    return httpx.Client(transport=transport, timeout=seconds, trust_env=False)


class DeadlineTransport(httpx.BaseTransport):
    """
    A transport whose exchanges raise an httpx.TimeoutException at their deadline and leave no blocking thread.

    A response has its whole decoded body.

    Args:
        seconds: longest time of one exchange, from the lookup of the host to the last byte of the body.
        trust_env: whether environment variables may set proxies and certificates.
        tls: certificates of the client and of trusted authorities; None for the defaults.
        body_bytes: largest decoded body of a response.
    """

    def __init__(
        self,
        seconds: float,
        *,
        trust_env: bool = True,
        tls: ssl.SSLContext | None = None,
        body_bytes: int = _MAX_BODY_BYTES,
    ) -> None:
        self._seconds = seconds
        self._body_bytes = body_bytes
        self._deadline = Deadline()
        self._trust_env = trust_env
        self._tls = tls
        self._pools: dict[tuple[str, str], httpcore.ConnectionPool] = {}
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """
        Send a request and read the whole response.

        Raises:
            httpx.TimeoutException: the deadline or a shorter timeout of the request has passed.
            httpx.RequestError: the exchange failed for another reason.
        """
        seconds = min(self._seconds, request.extensions.get(REQUEST_S, self._seconds))
        self._deadline.until_s = time.monotonic() + seconds
        try:
            return self._exchange(request)
        except _ERRORS as error:
            if time.monotonic() >= self._deadline.until_s:
                raise _TIMEOUTS.get(type(error), httpx.ReadTimeout)(
                    f"no complete response within {seconds:g} s", request=request
                ) from error
            # httpx has an error of the same name for each class of _ERRORS.
            raise getattr(httpx, type(error).__name__)(str(error), request=request) from error

    def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            pool.close()

    def _exchange(self, request: httpx.Request) -> httpx.Response:
        timeouts = {**request.extensions.get("timeout", {}), "pool": self._deadline.left(None, httpcore.PoolTimeout)}
        url = request.url
        outgoing = httpcore.Request(
            request.method,
            httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
            headers=request.headers.raw,
            content=request.stream,
            extensions={**request.extensions, "timeout": timeouts},
        )
        answer = self._pool(request.url).handle_request(outgoing)
        received = httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer), extensions=answer.extensions, request=request
        )
        try:
            body = self._read(received)
        finally:
            received.close()
        if "content-encoding" in received.headers and body:
            for name in ("content-encoding", "content-length", "transfer-encoding"):
                received.headers.pop(name, None)
        return httpx.Response(answer.status, headers=received.headers, content=body, extensions=answer.extensions)

    def _read(self, received: httpx.Response) -> bytes:
        if "," in received.headers.get("content-encoding", ""):
            # Nested encodings multiply: a few bytes can become gigabytes.
            raise httpx.DecodingError("the body is encoded more than once", request=received.request)
        body = bytearray()
        for part in received.iter_bytes():
            body += part
            if len(body) > self._body_bytes:
                raise httpx.ReadError(f"the body is larger than {self._body_bytes >> 20} MiB", request=received.request)
            self._deadline.left(None, httpcore.ReadTimeout)
        return bytes(body)

    def _pool(self, url: httpx.URL) -> httpcore.ConnectionPool:
        """Return the connections for a URL: direct, or through the proxy of the environment variables."""
        proxies = getproxies() if self._trust_env else {}
        proxy = proxies.get(url.scheme) or proxies.get("all") or ""
        if proxy and proxy_bypass(url.netloc.decode("ascii")):
            proxy = ""
        with self._lock:
            if (url.scheme, proxy) not in self._pools:
                self._pools[url.scheme, proxy] = self._new_pool(url.scheme, proxy)
            return self._pools[url.scheme, proxy]

    def _new_pool(self, scheme: str, proxy: str) -> httpcore.ConnectionPool:
        if scheme == "https" and self._tls is None:  # the certificates take 0.02 s, which plain HTTP does without
            self._tls = httpx.create_ssl_context(trust_env=self._trust_env)
        options: dict[str, Any] = {
            "ssl_context": self._tls,
            "keepalive_expiry": 5.0,
            "network_backend": Network(self._deadline),
        }
        if not proxy:
            return httpcore.ConnectionPool(**options)
        via = httpx.Proxy(proxy if "://" in proxy else f"http://{proxy}")
        if via.url.scheme not in ("http", "https"):
            raise httpx.UnsupportedProtocol(f"the proxy of the environment has the scheme '{via.url.scheme}'")
        return httpcore.HTTPProxy(str(via.url), proxy_auth=via.raw_auth, **options)


class _Body(httpx.SyncByteStream):
    """The body of a response as it arrives."""

    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()
