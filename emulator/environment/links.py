"""References to resources: any host, any prefix, name or numeric id, with one canonical path for all of them."""

import re
from typing import Final

PREFIX: Final = "https://www.googleapis.com/compute/v1/"
NAME: Final = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
ID: Final = re.compile(r"[1-9][0-9]{0,19}")
PROJECT: Final = re.compile(r"(?:[-a-z0-9]{1,63}\.)*[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?(?::[-a-z0-9.]+)?")


def self_link(path: str) -> str:
    """Return the link that the server uses for a canonical path, `projects/…`."""
    return PREFIX + path


def canonical(reference: str, scope: str = "") -> str:
    """
    Return the path of a reference: `projects/P/SCOPE/COLLECTION/NAME-OR-ID`.

    Args:
        reference: a URL on any host, with or without `compute/v1`, and with or without `?uniqueId=…`; or a partial
            path, `zones/Z/…`, `regions/R/…`, `global/…`
        scope: `projects/P`, which completes a partial path

    Returns:
        The path; any other text is returned without its query.
    """
    bare = reference.split("?", 1)[0].rstrip("/")
    match = re.search(r"(?:^|/)(projects/.+)$", bare)
    if match:
        return match[1]
    return f"{scope}/{bare}" if scope and re.match(r"(zones|regions|global)/", bare) else bare


def collection_of(path: str) -> str:
    """Return the collection's own path: everything before the name."""
    return path.rpartition("/")[0]


def name_of(path: str) -> str:
    """Return the last segment: a name or a numeric id."""
    return path.rpartition("/")[2]


def project_of(path: str) -> str:
    """Return `projects/P`."""
    return "/".join(path.split("/")[:2])
