"""
Which URLs of a credential file may be called: each of them is sent secrets.

The form is `https://HOST[/PATH][?QUERY]`: lower-case host, `@` and `:` only in the path, no user, fragment, backslash,
blank or control character. So no two parsers can disagree about the host. HOST is Google's, GitHub's, or listed in
`token_hosts` of the environment file as HOST or HOST:PORT; what is listed may be plain HTTP where it is loopback or a
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
_KNOWN: Final = re.compile(
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
    A URL that must not be called; the text has nothing of the URL.

    Args:
        reason: why.
        fix: one action, without a full stop.
    """

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.fix = fix


@dataclass(frozen=True)
class Endpoint:
    """
    A URL that may be called, in the parts that it is sent to.

    Args:
        scheme: https or http.
        host: name or IPv4 address, in lower case.
        port: number, or None for that of the scheme.
        target: path and query, at least `/`.
    """

    scheme: str
    host: str
    port: int | None
    target: str


def endpoint(url: object, token_hosts: Collection[str] = ()) -> Endpoint:
    """
    Take a URL apart.

    Args:
        url: value of a credential file, or a URL that google-auth calls by itself.
        token_hosts: HOST or HOST:PORT of each further host, from the environment file.

    Raises:
        UrlError: the URL has another form, or the host is not known.
    """
    parts = _URL.fullmatch(url) if isinstance(url, str) and len(url) <= _LONGEST_URL else None
    if parts is None:
        raise UrlError("is no URL of the form https://HOST[/PATH][?QUERY]", "write the file anew")
    scheme, host, port = parts["scheme"], parts["host"], parts["port"] or ""
    if f"{host}{port}" in token_hosts:
        if scheme == "http" and not is_local(host):
            raise UrlError("is plain HTTP to a host that is neither loopback nor a local service", "use https")
    elif scheme != "https" or port or not _KNOWN.fullmatch(host):
        raise UrlError(
            "has a host that is not one of Google or GitHub over https, nor listed in `token_hosts`",
            "if the host is yours, add it to `token_hosts` of the environment file",
        )
    target = f"{parts['path'] or '/'}{parts['query']}"
    return Endpoint(scheme, host, int(port[1:]) if port else None, target)


def is_local(host: str) -> bool:
    """Return whether secrets may go to a host over plain HTTP: loopback, or a service of the local environment."""
    return bool(_LOOPBACK.fullmatch(host) or _LOCAL_SERVICE.fullmatch(host))


def token_host(entry: str) -> str:
    """
    Return an entry of `token_hosts` that has its form.

    Raises:
        ValueError: the entry is not HOST or HOST:PORT.
    """
    parts = _TOKEN_HOST.fullmatch(entry)
    if parts is None or not 0 < int(parts["port"] or 1) <= _LAST_PORT:
        raise ValueError("must be HOST or HOST:PORT in lower case, without scheme and path")
    return entry
