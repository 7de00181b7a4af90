"""Requests of google-auth for tokens: only to allowed URLs, each with a deadline for the whole exchange."""

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
class TokenResponse:
    """
    A response in the form that google-auth reads.

    Args:
        status: HTTP status.
        headers: headers by name.
        data: bytes of the body.
    """

    status: int
    headers: Mapping[str, str]
    data: bytes


class TokenRequest(transport.Request):
    """
    A transport for google-auth that sends a request to the checked host, and follows no redirects.

    Args:
        token_hosts: additional hosts that may be called, from the environment file.
        seconds: longest time of one exchange; None for 30.
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
    ) -> TokenResponse:
        """
        Send a request.

        Raises:
            RefreshError: the URL must not be called, or the client certificate is unreadable.
            TransportError: the exchange failed.
        """
        try:
            target = endpoint(url, self._token_hosts)
        except UrlError as error:
            raise exceptions.RefreshError(f"a URL {error}") from error
        # Plain HTTP is allowed to loopback and local services only, and never goes through a proxy.
        connections = self._client(target.scheme == "https", options.get("cert"))
        try:
            response = connections.request(
                method,
                _url(target),
                content=body,
                headers=dict(headers or {}),
                extensions={REQUEST_S: timeout or self._seconds},
            )
        except (httpx.RequestError, httpx.InvalidURL, ValueError) as error:
            raise exceptions.TransportError(f"{target.host}: {type(error).__name__}: {error}") from error
        return TokenResponse(response.status_code, response.headers, response.content)

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
                    raise exceptions.RefreshError(f"the client certificate is unreadable: {reason}") from error
            self._clients[key] = client(self._seconds, trust_env=trust_env, tls=tls)
        return self._clients[key]


def _url(target: Endpoint) -> httpx.URL:
    """Return the URL of the checked parts, which httpx does not parse again."""
    return httpx.URL(scheme=target.scheme, host=target.host, port=target.port, raw_path=target.target.encode("ascii"))
