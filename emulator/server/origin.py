"""
Checks of `Host` and `Origin`: a request must name this server, and must not come from another server's web page.

A page of another site, open in a browser on this machine, must neither post to the emulator (`Origin`) nor reach the
emulator by a name that the site resolves to a loopback address (`Host`; DNS rebinding, which needs a name).
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
        headers: names in lower case with their values, in order
        names: names of the server, beside addresses, `localhost` and names below `localhost`

    Raises:
        ApiError: 400, if a header comes twice; 403, if the host is not this server, or the origin is another server
    """
    hosts, origins = ([value for name, value in headers if name == header] for header in ("host", "origin"))
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
    """Return host and port of an origin; empty for an origin without them, such as `null`."""
    try:
        url = urlsplit(origin)
    except ValueError:
        return ""
    return url.netloc.lower() if url.scheme in ("http", "https") else ""
