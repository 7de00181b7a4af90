"""Requests of google-auth for tokens: to URLs that may be called, each as a whole within a deadline."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
from google.auth import exceptions, transport

from lib.credential_urls import Endpoint, UrlError, endpoint
from lib.deadline import REQUEST_S, client

EXCHANGE_S: Final = 30.0


@dataclass(frozen=True)
class Answer:
    """
    An answer in the shape that google-auth reads.

    Args:
        status: HTTP status.
        headers: of the answer.
        data: its body.
    """

    status: int
    headers: Mapping[str, str]
    data: bytes


class TokenRequest(transport.Request):
    """
    A callable for google-auth that sends a request to the host that was checked, and follows no redirects.

    Args:
        token_hosts: further hosts that may be called, from the environment file.
        seconds: for one exchange as a whole; None for 30.
    """

    def __init__(self, token_hosts: tuple[str, ...] = (), seconds: float | None = None) -> None:
        self._token_hosts = token_hosts
        self._seconds = seconds or EXCHANGE_S
        self._clients: dict[object, httpx.Client] = {}

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **options: Any,
    ) -> Answer:
        """
        Send a request.

        Raises:
            RefreshError: the URL must not be called, or the client certificate can't be read.
            TransportError: the exchange failed.
        """
        try:
            called = endpoint(url, self._token_hosts)
        except UrlError as error:
            raise exceptions.RefreshError(f"a URL {error}") from error
        # A secret that goes over plain HTTP goes to a neighbour, never through a proxy.
        asking = self._client(called.scheme == "https", options.get("cert"))
        try:
            answer = asking.request(
                method,
                _address(called),
                content=body,
                headers=dict(headers or {}),
                extensions={REQUEST_S: timeout or self._seconds},
            )
        except (httpx.RequestError, httpx.InvalidURL, ValueError) as error:
            raise exceptions.TransportError(f"{called.host}: {type(error).__name__}: {error}") from error
        return Answer(answer.status_code, answer.headers, answer.content)

    def _client(self, trust_env: bool, certificate: tuple[str, str] | None) -> httpx.Client:
        key = (trust_env, certificate)
        if key not in self._clients:
            tls = None
            if certificate:
                tls = httpx.create_ssl_context(trust_env=trust_env)
                try:
                    tls.load_cert_chain(*certificate)
                except (OSError, ssl.SSLError) as error:
                    reason = error.strerror or type(error).__name__
                    raise exceptions.RefreshError(f"the client certificate can't be read: {reason}") from error
            self._clients[key] = client(self._seconds, trust_env=trust_env, tls=tls)
        return self._clients[key]


def _address(called: Endpoint) -> httpx.URL:
    """Return the URL with the parts as they were checked; httpx reads none of them anew."""
    return httpx.URL(scheme=called.scheme, host=called.host, port=called.port, raw_path=called.target.encode("ascii"))
