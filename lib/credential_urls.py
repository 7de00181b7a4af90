"""
Rule for the URLs of a credential file, to which google-auth sends secrets.

A URL has the form `https://HOST[/PATH][?QUERY]`: lower-case host, `@` and `:` only in the path, no user, fragment,
backslash, blank or control character. So all parsers find the same host. HOST belongs to Google or GitHub, or is listed
in `token_hosts` of the environment file as HOST or HOST:PORT. A listed host may use plain HTTP if it is loopback or a
service of the local environment, whose name has no dot.

Sources: google-auth 2.3, external_account.py, patterns of _is_valid_url (regional, mTLS and Private Service Connect
hosts); GitHub, "OpenID Connect reference" (ACTIONS_ID_TOKEN_REQUEST_URL).
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

_URL: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]{1,253})(?P<port>:[0-9]{1,5})?"
    r"(?P<path>(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?)(?P<query>(\?[A-Za-z0-9._~!$&'()*+,;=%/?-]*)?)"
)
_LABEL: Final = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_REGION: Final = r"([a-z]+-[a-z]+[0-9]{1,2}|us|eu)"
_SERVICE: Final = r"(sts|iamcredentials|oauth2)"
_KNOWN_HOST: Final = re.compile(
    rf"({_SERVICE}|{_REGION}[.-]{_SERVICE}|{_SERVICE}\.{_REGION}(\.rep)?|{_SERVICE}-{_LABEL}\.p)(\.mtls)?\.googleapis\.com"
    rf"|accounts\.google\.com|({_LABEL}\.)+actions\.githubusercontent\.com"
)
_TOKEN_HOST: Final = re.compile(rf"(?P<host>({_LABEL}\.)*{_LABEL})(:(?P<port>[0-9]{{1,5}}))?")
_LOOPBACK: Final = re.compile(r"localhost|127(\.(0|[1-9][0-9]{0,2})){3}")
_LOCAL_SERVICE: Final = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_LONGEST_URL: Final = 2_000
_LAST_PORT: Final = 65_535


class UrlError(ValueError):
    """
    A URL that must not be called; the message contains no part of the URL.

    Args:
        reason: property of the URL that the rule refuses.
        fix: one action, without a full stop.
    """

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.fix = fix


@dataclass(frozen=True)
class Endpoint:
    """
    The parts of a URL that may be called.

    Args:
        scheme: https or http.
        host: name or IPv4 address, in lower case.
        port: number; None for the default of the scheme.
        target: path and query; at least `/`.
    """

    scheme: str
    host: str
    port: int | None
    target: str


def endpoint(url: object, token_hosts: Collection[str] = ()) -> Endpoint:
    """
    Return the parts of a URL that may be called.

    Args:
        url: value in a credential file, or a URL of google-auth itself.
        token_hosts: HOST or HOST:PORT of each additional host, from the environment file.

    Raises:
        UrlError: the URL has another form, or its host is not allowed.
    """
    parts = _URL.fullmatch(url) if isinstance(url, str) and len(url) <= _LONGEST_URL else None
    if parts is None:
        raise UrlError("is not a URL of the form https://HOST[/PATH][?QUERY]", "create the file again")
    scheme, host, port = parts["scheme"], parts["host"], parts["port"] or ""
    if f"{host}{port}" in token_hosts:
        if scheme == "http" and not is_local(host):
            raise UrlError("has plain HTTP for a host that is neither loopback nor a local service", "use https")
    elif scheme != "https" or port or not _KNOWN_HOST.fullmatch(host):
        raise UrlError(
            "has a host that neither belongs to Google or GitHub over https nor is listed in `token_hosts`",
            "if the host is yours, add it to `token_hosts` of the environment file",
        )
    target = f"{parts['path'] or '/'}{parts['query']}"
    return Endpoint(scheme, host, int(port[1:]) if port else None, target)


def environment_endpoint(url: str) -> Endpoint:
    """
    Return the parts of a URL of the environment file itself, whose host may get a secret as if it were listed.

    Raises:
        UrlError: the URL has another form, or plain HTTP for a host that is neither loopback nor a local service.
    """
    parts = _URL.fullmatch(url)
    own_host = f"{parts['host']}{parts['port'] or ''}" if parts else ""
    return endpoint(url, (own_host,))


def is_local(host: str) -> bool:
    """Return whether a host is loopback or a local service, so that it may get secrets over plain HTTP."""
    return bool(_LOOPBACK.fullmatch(host) or _LOCAL_SERVICE.fullmatch(host))


def token_host(entry: str) -> str:
    """
    Return an entry of `token_hosts` after a check of its form.

    Raises:
        ValueError: the entry is not HOST or HOST:PORT.
    """
    parts = _TOKEN_HOST.fullmatch(entry)
    if parts is None or not 0 < int(parts["port"] or 1) <= _LAST_PORT:
        raise ValueError("must be HOST or HOST:PORT in lower case, without scheme and path")
    return entry
