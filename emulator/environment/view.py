"""The environment as a reader sees it: documents and groups."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.environment.links import ID, collection_of, name_of
from emulator.group.members import Group

Document = dict[str, Any]


@dataclass
class View:
    """
    Documents and groups, now or at the time of a lagging read.

    Args:
        collections: documents by the path of their collection and by name; a document is replaced, never changed
        groups: groups with their instances, by path
    """

    collections: dict[str, dict[str, Document]] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)

    def get(self, path: str) -> Document | None:
        """Return a document by its path, whose last segment is a name or a numeric id."""
        collection = self.collections.get(collection_of(path), {})
        name = name_of(path)
        if name in collection:
            return collection[name]
        if ID.fullmatch(name):
            return next((document for document in collection.values() if document.get("id") == name), None)
        return None

    def document(self, path: str) -> Document | None:
        """Return the document of exactly this name."""
        return self.collections.get(collection_of(path), {}).get(name_of(path))

    def path(self, reference: str) -> str:
        """Return a canonical path with its name in place of a numeric id; an unknown path is returned unchanged."""
        document = self.get(reference) if ID.fullmatch(name_of(reference)) else None
        return f"{collection_of(reference)}/{document['name']}" if document else reference

    def scopes(self, project: str, collection: str) -> Iterator[tuple[str, Mapping[str, Document]]]:
        """Yield `zones/Z`, `regions/R` or `global` with the documents of a collection there."""
        for path, documents in sorted(self.collections.items()):
            scope, _, name = path.removeprefix(f"{project}/").rpartition("/")
            if path.startswith(f"{project}/") and name == collection:
                yield scope, documents

    def copy(self) -> "View":
        """Return a copy that later writes do not change; documents and groups themselves never change."""
        return View({path: dict(documents) for path, documents in self.collections.items()}, dict(self.groups))
