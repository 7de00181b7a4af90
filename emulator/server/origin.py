"""
Which requests may be meant for this server: those that name it, from no web page but its own.

A page of another site, open in a browser on this machine, must neither post to the emulator (`Origin`) nor reach it by
a name of its own that it lets resolve to a loopback address (`Host`; DNS rebinding, which needs a name).
"""

import ipaddress
from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

from emulator.api.errors import ApiError

Headers = Sequence[tuple[str, str]]


def check_origin(headers: Headers, names: Collection[str]) -> None:
    """
    Check `Host` and `Origin` of a request.

    Args:
        headers: Names in lower case, and values, in their order.
        names: Names that the server has beside addresses, `localhost` and names below `localhost`.

    Raises:
        ApiError: 400 if a header comes twice, 403 if the host is not this server, or the origin is another one.
    """
    hosts, origins = ([value for name, value in headers if name == wanted] for wanted in ("host", "origin"))
    if len(hosts) > 1 or len(origins) > 1:
        raise ApiError(400, "badRequest", "The headers 'Host' and 'Origin' may come once.")
    host = hosts[0] if hosts else ""
    if host and not _is_served(host, names):
        raise ApiError(
            403, "forbidden", f"Host '{host}' is not served here. Fix: start the emulator with --allow-host NAME."
        )
    if origins and _authority(origins[0]) != host.lower():
        raise ApiError(403, "forbidden", f"Requests from '{origins[0]}' are not accepted.")


def _is_served(host: str, names: Collection[str]) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost") or name in names:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _authority(origin: str) -> str:
    """Return host and port of an origin; empty if it has none, such as `null`."""
    try:
        url = urlsplit(origin)
    except ValueError:
        return ""
    return url.netloc.lower() if url.scheme in ("http", "https") else ""
