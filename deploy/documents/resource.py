"""A resource of Compute Engine as raw JSON, and the links by which other resources refer to it."""

import re
from collections.abc import Iterable
from typing import Any

Document = dict[str, Any]


def name_of(link: str) -> str:
    """Return the last segment of a link, without a `?uniqueId=…`."""
    return link.split("?", 1)[0].rstrip("/").rpartition("/")[2]


def link_of(reference: str, project: str = "") -> str:
    """
    Return a reference in the one form in which links are compared: `projects/P/SCOPE/COLLECTION/NAME-OR-ID`.

    Args:
        reference: a link on any host and of any version of the API, with or without `?uniqueId=…`, or the end of one
            that begins with `projects/`, `global/`, `regions/` or `zones/`.
        project: name of the project that completes a reference without a project.
    """
    bare = reference.split("?", 1)[0].strip("/")
    full = re.search(r"(?:^|/)(projects/.+)$", bare)
    if full:
        return full[1]
    return f"projects/{project}/{bare}" if project and re.match(r"(?:global|regions|zones)/", bare) else bare


def project_of(link: str) -> str:
    """Return the project that a link names; empty if the link names no project."""
    full = re.search(r"(?:^|/)projects/([^/]+)/", link)
    return full[1] if full else ""


def region_of(link: str) -> str:
    """Return the region that the link of a regional resource names; empty for any other link."""
    regional = re.search(r"(?:^|/)regions/([^/]+)/", link)
    return regional[1] if regional else ""


def links_of(document: Document) -> tuple[str, str]:
    """Return the two links of a resource: by its name, and by its numeric id."""
    link = link_of(document.get("selfLink", ""))
    return link, f"{link.rpartition('/')[0]}/{document.get('id', '')}"


def find_by_link(documents: Iterable[Document], link: str) -> Document | None:
    """Return the resource that a link names, by its name or its numeric id; None if it is not among the resources."""
    return next((document for document in documents if link in links_of(document)), None)
