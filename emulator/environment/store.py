"""Everything that must outlive a process, in SQLite: documents, groups, settings, request log and virtual time."""

import json
import sqlite3
import weakref
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from emulator.environment.links import collection_of, name_of
from emulator.environment.view import Document, View
from emulator.environment.whole_entries import WholeEntries
from emulator.group.members import Group

_GROUP: Final = TypeAdapter(Group)
_TABLES: Final = """
CREATE TABLE IF NOT EXISTS documents (path TEXT PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS groups (path TEXT PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS request_log (seq INTEGER PRIMARY KEY AUTOINCREMENT, json TEXT NOT NULL);
"""

_VERSION: Final = 3  # of the tables and their JSON; a new file has version 0 and no tables
_OLDER_VERSION: Final = 2  # whose log has all instances in each entry of a group, which this program reads too
_NAMES: Final = {"documents", "groups", "settings", "request_log", "sqlite_sequence"}
_WRITES: Final = {
    "documents": ("INSERT OR REPLACE INTO documents VALUES (?, ?)", "DELETE FROM documents WHERE path = ?"),
    "groups": ("INSERT OR REPLACE INTO groups VALUES (?, ?)", "DELETE FROM groups WHERE path = ?"),
    "settings": ("INSERT OR REPLACE INTO settings VALUES (?, ?)", "DELETE FROM settings WHERE name = ?"),
}


class StateError(Exception):
    """The state cannot be read or written; the text has the reason."""


class Store:
    """
    The only place that writes: into the live view and, at `commit`, into SQLite.

    Args:
        path: state file; None: everything is kept in memory

    Raises:
        StateError: the file was not written by this version of the program, or is damaged
    """

    def __init__(self, path: Path | None = None) -> None:
        self.view = View()
        self._pending: dict[tuple[str, str], str | None] = {}
        self._before: dict[tuple[str, str], Document | Group | None] = {}
        self._entries: list[str] = []
        self._read = WholeEntries()
        try:
            self._connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
            self._close_connection = weakref.finalize(self, self._connection.close)
            self._open()
            self._load()
        except (sqlite3.Error, ValidationError, ValueError, RecursionError) as error:
            if hasattr(self, "_close_connection"):
                self._close_connection()
            first_line = str(error).splitlines()[0]
            raise StateError(
                f"{path}: not a readable state of the emulator: {first_line}."
                " Fix: delete the file, or name another file."
            ) from error

    def _open(self) -> None:
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        names = {row[0] for row in self._connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        is_new = version == 0 and not names
        if not (is_new or version in (_OLDER_VERSION, _VERSION)) or names - _NAMES:
            raise ValueError(
                f"version {version} with the tables {sorted(names)}; this program reads version {_VERSION}"
            )
        check = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if check != "ok":
            raise ValueError(check)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.executescript(f"BEGIN;{_TABLES}PRAGMA user_version = {_VERSION};COMMIT;")

    def _load(self) -> None:
        for path, text in self._connection.execute("SELECT path, json FROM documents"):
            document = json.loads(text)
            if not isinstance(document, dict):
                raise ValueError(f"document {path} is no object")
            self.view.collections.setdefault(collection_of(path), {})[name_of(path)] = document
        for path, text in self._connection.execute("SELECT path, json FROM groups"):
            self.view.groups[path] = _GROUP.validate_python(json.loads(text))
        for (text,) in self._connection.execute("SELECT json FROM settings"):
            json.loads(text)

    def put(self, path: str, document: Document) -> None:
        """Write a document under its name."""
        self._keep("documents", path)
        self.view.collections.setdefault(collection_of(path), {})[name_of(path)] = document
        self._pending["documents", path] = json.dumps(document)

    def remove(self, path: str) -> None:
        """Remove a document."""
        self._keep("documents", path)
        self.view.collections[collection_of(path)].pop(name_of(path), None)
        self._pending["documents", path] = None

    def put_group(self, path: str, group: Group) -> None:
        """Write a group with its instances."""
        self._keep("groups", path)
        self.view.groups[path] = group
        self._pending["groups", path] = ""

    def remove_group(self, path: str) -> None:
        """Remove a group with its instances."""
        self._keep("groups", path)
        self.view.groups.pop(path, None)
        self._pending["groups", path] = None

    def setting(self, name: str, default: Any = None) -> Any:
        """
        Read a value that is neither document nor group, such as the virtual time.

        Raises:
            StateError: the database cannot be read
        """
        try:
            row = self._connection.execute("SELECT json FROM settings WHERE name = ?", (name,)).fetchone()
        except sqlite3.Error as error:
            raise StateError(f"The state could not be read: {error}.") from error
        return json.loads(row[0]) if row else default

    def put_setting(self, name: str, value: Any) -> None:
        """Write a setting."""
        self._pending["settings", name] = json.dumps(value)

    def append(self, entry: Mapping[str, Any]) -> None:
        """Add an entry to the request log."""
        self._entries.append(json.dumps(entry))

    def entries(self, after: int = 0, kind: str = "") -> Iterator[dict[str, Any]]:
        """
        Yield entries of the request log with their numbers, oldest first.

        Args:
            after: number of the last entry that is left out
            kind: `request`, `group` or `deleted`; empty: all kinds

        Raises:
            StateError: the database cannot be read
        """
        self.commit()
        shows_groups = kind in ("", "group")
        whole = self._read.copy() if self._read.number <= after else WholeEntries()
        first = whole.number if shows_groups else after
        try:
            rows = self._connection.execute("SELECT seq, json FROM request_log WHERE seq > ? ORDER BY seq", (first,))
            for number, text in rows:
                kept = json.loads(text)
                entry = whole.completed(number, kept) if shows_groups else kept
                if number > after and (not kind or entry["kind"] == kind):
                    yield {"seq": number, **entry}
        except (sqlite3.Error, ValueError) as error:
            raise StateError(f"The request log could not be read: {error}.") from error
        if shows_groups:
            self._read = whole  # a reader that asks for the entries after these need not read these again

    def mark(self) -> Callable[[], None]:
        """Return a function that undoes every write from now on, as long as no commit comes between."""
        view, pending = self.view.copy(), dict(self._pending)

        def undo() -> None:
            self.view.collections, self.view.groups = view.collections, view.groups
            self._pending = pending

        return undo

    def commit(self) -> None:
        """
        Make all writes since the last commit durable, all or none; a killed process loses no answered write.

        Raises:
            StateError: nothing was written, such as on a full disk; `rollback` restores the last commit
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
        """Bring the live view back to the last commit."""
        for (table, path), value in self._before.items():
            place = self.view.groups if table == "groups" else self.view.collections.setdefault(collection_of(path), {})
            key = path if table == "groups" else name_of(path)
            place.pop(key, None)
            if value is not None:
                place[key] = value  # type: ignore[assignment]
        self._pending, self._before, self._entries = {}, {}, []

    def close(self) -> None:
        """Commit, and close the file."""
        try:
            self.commit()
        finally:
            self._close_connection()

    def _keep(self, table: str, path: str) -> None:
        """Keep the value that a path had at the last commit."""
        if (table, path) not in self._before:
            is_group = table == "groups"
            self._before[table, path] = self.view.groups.get(path) if is_group else self.view.document(path)

    def _write(self) -> None:
        for (table, key), text in self._pending.items():
            put, remove = _WRITES[table]
            if text is None:
                self._connection.execute(remove, (key,))
            else:
                value = json.dumps(_GROUP.dump_python(self.view.groups[key])) if table == "groups" else text
                self._connection.execute(put, (key, value))
        entries = [(entry,) for entry in self._entries]
        self._connection.executemany("INSERT INTO request_log (json) VALUES (?)", entries)
