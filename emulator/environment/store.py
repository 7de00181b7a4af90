"""Everything that must outlive a process: documents, groups, operations, ledger and virtual time, in SQLite."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from emulator.environment.links import ID, collection_of, name_of
from emulator.group.members import Group

Document = dict[str, Any]
_GROUP: Final = TypeAdapter(Group)
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS documents (path TEXT PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS groups (path TEXT PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ledger (seq INTEGER PRIMARY KEY AUTOINCREMENT, json TEXT NOT NULL);
"""

_VERSION: Final = 1  # of the tables and of what stands in them; 0 is a file from before versions were written
_NAMES: Final = {"documents", "groups", "settings", "ledger", "sqlite_sequence"}
_WRITES: Final = {
    "documents": ("INSERT OR REPLACE INTO documents VALUES (?, ?)", "DELETE FROM documents WHERE path = ?"),
    "groups": ("INSERT OR REPLACE INTO groups VALUES (?, ?)", "DELETE FROM groups WHERE path = ?"),
    "settings": ("INSERT OR REPLACE INTO settings VALUES (?, ?)", "DELETE FROM settings WHERE name = ?"),
}


@dataclass
class View:
    """
    The world as a reader sees it: now, or as it was when a lagging read was asked for.

    Args:
        collections: Documents by the path of their collection and their name; a document is replaced, never changed.
        groups: Machines by the path of their group.
    """

    collections: dict[str, dict[str, Document]] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)

    def get(self, path: str) -> Document | None:
        """Return a document by its path, whose last segment is a name or a numeric id."""
        found = self.collections.get(collection_of(path), {})
        name = name_of(path)
        if name in found:
            return found[name]
        if ID.fullmatch(name):
            return next((document for document in found.values() if document.get("id") == name), None)
        return None

    def document(self, path: str) -> Document | None:
        """Return the document of exactly this name."""
        return self.collections.get(collection_of(path), {}).get(name_of(path))

    def path(self, reference: str) -> str:
        """Return a canonical path with its name in place of a numeric id; unknown ones come back as they are."""
        document = self.get(reference) if ID.fullmatch(name_of(reference)) else None
        return f"{collection_of(reference)}/{document['name']}" if document else reference

    def scopes(self, project: str, collection: str) -> Iterator[tuple[str, Mapping[str, Document]]]:
        """Yield `zones/Z`, `regions/R` or `global` with the documents of a collection there."""
        for path, documents in sorted(self.collections.items()):
            scope, _, name = path.removeprefix(f"{project}/").rpartition("/")
            if path.startswith(f"{project}/") and name == collection:
                yield scope, documents

    def copy(self) -> "View":
        """Return the world as it is now; documents and groups themselves never change."""
        return View({path: dict(documents) for path, documents in self.collections.items()}, dict(self.groups))


class StateError(Exception):
    """The state cannot be read or written; the text says why."""


class Store:
    """
    The one place that writes: into the live view and, at `commit`, into SQLite.

    Args:
        path: Of the file; None keeps everything in memory.

    Raises:
        StateError: The file is not one of this program's, or is damaged.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.view = View()
        self._pending: dict[tuple[str, str], str | None] = {}
        self._before: dict[tuple[str, str], Document | Group | None] = {}
        self._entries: list[str] = []
        try:
            self._connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
            self._open()
            self._load()
        except (sqlite3.Error, ValidationError, ValueError, RecursionError) as error:
            first = str(error).splitlines()[0]
            raise StateError(
                f"{path}: not a readable state of the emulator: {first}. Fix: delete the file, or name another one."
            ) from error

    def _open(self) -> None:
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        names = {row[0] for row in self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if version not in (0, _VERSION) or names - _NAMES:
            raise ValueError(
                f"version {version} with the tables {sorted(names)}; this program reads version {_VERSION}"
            )
        check = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if check != "ok":
            raise ValueError(check)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(_TABLES)
        self._connection.execute(f"PRAGMA user_version = {_VERSION}")

    def _load(self) -> None:
        for name, text in self._connection.execute("SELECT path, json FROM documents"):
            document = json.loads(text)
            if not isinstance(document, dict):
                raise ValueError(f"document {name} is no object")
            self.view.collections.setdefault(collection_of(name), {})[name_of(name)] = document
        for name, text in self._connection.execute("SELECT path, json FROM groups"):
            self.view.groups[name] = _GROUP.validate_python(json.loads(text))
        for (text,) in self._connection.execute("SELECT json FROM settings"):
            json.loads(text)

    def put(self, path: str, document: Document) -> None:
        """Write a document under its name."""
        self._keep("documents", path)
        self.view.collections.setdefault(collection_of(path), {})[name_of(path)] = document
        self._pending["documents", path] = json.dumps(document)

    def remove(self, path: str) -> None:
        """Forget a document."""
        self._keep("documents", path)
        self.view.collections[collection_of(path)].pop(name_of(path), None)
        self._pending["documents", path] = None

    def put_group(self, path: str, group: Group) -> None:
        """Write the machines of a group."""
        self._keep("groups", path)
        self.view.groups[path] = group
        self._pending["groups", path] = ""

    def remove_group(self, path: str) -> None:
        """Forget the machines of a group."""
        self._keep("groups", path)
        self.view.groups.pop(path, None)
        self._pending["groups", path] = None

    def setting(self, name: str, default: Any = None) -> Any:
        """Read what is neither document nor group, such as the virtual time."""
        try:
            row = self._connection.execute("SELECT json FROM settings WHERE name = ?", (name,)).fetchone()
        except sqlite3.Error as error:
            raise StateError(f"The state could not be read: {error}.") from error
        return json.loads(row[0]) if row else default

    def put_setting(self, name: str, value: Any) -> None:
        """Write a setting."""
        self._pending["settings", name] = json.dumps(value)

    def append(self, entry: Mapping[str, Any]) -> None:
        """Add an entry to the ledger."""
        self._entries.append(json.dumps(entry))

    def entries(self, after: int = 0, kind: str = "") -> Iterator[dict[str, Any]]:
        """Yield entries of the ledger with their numbers, oldest first."""
        self.commit()
        try:
            rows = self._connection.execute("SELECT seq, json FROM ledger WHERE seq > ? ORDER BY seq", (after,))
            for number, text in rows:
                entry = {"seq": number, **json.loads(text)}
                if not kind or entry["kind"] == kind:
                    yield entry
        except (sqlite3.Error, ValueError) as error:
            raise StateError(f"The request log could not be read: {error}.") from error

    def mark(self) -> Callable[[], None]:
        """Return what undoes every write from now on, as long as nothing was committed in between."""
        view, pending = self.view.copy(), dict(self._pending)

        def undo() -> None:
            self.view.collections, self.view.groups = view.collections, view.groups
            self._pending = pending

        return undo

    def commit(self) -> None:
        """
        Make everything since the last commit durable, all or nothing; a killed process loses no answered write.

        Raises:
            StateError: Nothing was written, such as on a full disk; `rollback` brings the live view back to that.
        """
        if not self._pending and not self._entries:
            return
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._write()
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise StateError(f"The state could not be saved: {error}.") from error
        self._pending, self._before, self._entries = {}, {}, []

    def rollback(self) -> None:
        """Bring the live view back to what was last committed."""
        for (table, path), known in self._before.items():
            place = self.view.groups if table == "groups" else self.view.collections.setdefault(collection_of(path), {})
            key = path if table == "groups" else name_of(path)
            place.pop(key, None)
            if known is not None:
                place[key] = known  # type: ignore[assignment]
        self._pending, self._before, self._entries = {}, {}, []

    def _keep(self, table: str, path: str) -> None:
        """Remember what stood at a path at the last commit."""
        if (table, path) not in self._before:
            is_group = table == "groups"
            self._before[table, path] = self.view.groups.get(path) if is_group else self.view.document(path)

    def _write(self) -> None:
        for (table, key), text in self._pending.items():
            put, remove = _WRITES[table]
            if text is None:
                self._connection.execute(remove, (key,))
            else:
                shown = json.dumps(_GROUP.dump_python(self.view.groups[key])) if table == "groups" else text
                self._connection.execute(put, (key, shown))
        entries = [(entry,) for entry in self._entries]
        self._connection.executemany("INSERT INTO ledger (json) VALUES (?)", entries)

    def close(self) -> None:
        """Commit, and let go of the file."""
        try:
            self.commit()
        finally:
            self._connection.close()
