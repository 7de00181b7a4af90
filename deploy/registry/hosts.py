"""
Hosts of registries: which registry may receive the Google access token, and which addresses it may send its client to.

A registry answers with addresses: the target of a redirect, or the realm that issues tokens. httpx parses each address
and connects to it, so that the check and the connection never disagree about the host.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

import httpx

from lib.credential_urls import is_local

_GOOGLE: Final = re.compile(r"https://(?:gcr\.io|[a-z0-9-][a-z0-9.-]*\.(?:gcr\.io|pkg\.dev))")
_URL: Final = re.compile(r"[!-~]{1,8192}", re.ASCII)
_NAME: Final = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
# IPv4-compatible, IPv4-mapped and NAT64 (RFC 4291, RFC 6052): the last four bytes are the address that is reached.
_HOLD_IPV4: Final = tuple(map(IPv6Network, ("::/96", "::ffff:0:0/96", "64:ff9b::/96")))
_LOOKUP_S: Final = 10.0
_NEVER_IN_A_URL: Final = '\\"<>^`{|}'


def takes_google_token(url: str, google_registries: tuple[str, ...]) -> bool:
    """
    Return whether a registry may receive the Google access token.

    Args:
        url: scheme and host of the registry, such as `https://asia-northeast3-docker.pkg.dev`.
        google_registries: hosts that the environment file lists beside `*.pkg.dev`, `gcr.io` and `*.gcr.io`.
    """
    scheme, _, host = url.partition("://")
    if host in google_registries:
        return scheme == "https" or is_local(host.partition(":")[0])
    return _GOOGLE.fullmatch(url) is not None


class AddressError(ValueError):
    """A registry may not send its client to an address; the text is the reason."""


def look_up_addresses(host: str) -> list[str]:
    """
    Return the addresses of a host; none if the lookup fails, as behind a proxy that does the lookups.

    Raises:
        AddressError: the lookup did not end in time.
    """
    from lib.deadline_network import look_up  # noqa: PLC0415 - a slow import that `report` and `--help` do not need

    try:
        return [address for address, _ in look_up(host, 443, _LOOKUP_S)]
    except TimeoutError as error:
        raise AddressError(f"its lookup did not end within {_LOOKUP_S:g} s") from error
    except OSError:
        return []


@dataclass(frozen=True)
class Hosts:
    """
    The addresses that one registry may send its client to.

    Args:
        registry: scheme and host of the registry.
        addresses: returns the addresses of a host.
    """

    registry: httpx.URL
    addresses: Callable[[str], list[str]] = look_up_addresses

    def is_own(self, url: httpx.URL) -> bool:
        """Return whether a URL has the registry's own scheme, host and port."""
        return (url.scheme, url.netloc) == (self.registry.scheme, self.registry.netloc)

    def location(self, location: str, current: httpx.URL) -> httpx.URL:
        """
        Return the target of a redirect.

        Raises:
            AddressError: the target is neither the registry itself nor an https address outside of this network.
        """
        url = _parsed(location, current)
        if not self.is_own(url):
            if url.scheme != "https":
                raise AddressError("it is another host over plain HTTP")
            self._refuse_private(url)
        return url

    def realm(self, realm: str) -> httpx.URL:
        """
        Return the address that issues the registry's tokens.

        Raises:
            AddressError: the address is inside of this network, or is not https (http is allowed for a local registry).
        """
        url = _parsed(realm, None)
        if url.scheme != "https" and not (self.registry.scheme == "http" and is_local(url.host)):
            raise AddressError("it is not https")
        if not self.is_own(url):
            self._refuse_private(url)
        return url

    def _refuse_private(self, url: httpx.URL) -> None:
        if self._is_private(url) and not self._is_private(self.registry):
            raise AddressError("it is an address of a private network, and the registry is not")

    def _is_private(self, url: httpx.URL) -> bool:
        host = url.raw_host.decode("ascii").rstrip(".")
        if "." not in host and ":" not in host:
            return True
        return any(not _is_global(address) for address in (*self.addresses(host), host))


def _is_host(host: str) -> bool:
    """Return whether a host is a name or a full address; resolvers also accept `127.1`, `0x7f.1` and `2130706433`."""
    try:
        ip_address(host)
    except ValueError:
        return _NAME.fullmatch(host) is not None and not _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2])
    return True


def _is_global(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return True
    if isinstance(parsed, IPv6Address) and any(parsed in network for network in _HOLD_IPV4):
        parsed = IPv4Address(parsed.packed[-4:])
    return parsed.is_global and not parsed.is_multicast


def _parsed(text: str, base: httpx.URL | None) -> httpx.URL:
    if not _URL.fullmatch(text) or any(character in text for character in _NEVER_IN_A_URL):
        raise AddressError("it is not a URL")
    try:
        url = base.join(text) if base else httpx.URL(text)
    except (httpx.InvalidURL, ValueError) as error:
        raise AddressError("it is not a URL") from error
    if url.scheme not in ("http", "https") or not _is_host(url.raw_host.decode("ascii")):
        raise AddressError("it is neither https nor http, or has no host")
    if url.userinfo or url.fragment:
        raise AddressError("it has a user or a fragment")
    return url
