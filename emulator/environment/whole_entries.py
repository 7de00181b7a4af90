"""Entries of the request log as readers get them: an entry of a group has all its instances."""

from collections.abc import Mapping
from typing import Any

Row = dict[str, Any]


class WholeEntries:
    """
    The instances of each group after an entry of the log, from which the next entry is completed.

    Args:
        number: number of that entry; 0 before the first one
        rows: rows of the instances by group and name
    """

    def __init__(self, number: int = 0, rows: Mapping[str, dict[str, Row]] | None = None) -> None:
        self.number = number
        self._rows = dict(rows or {})

    def copy(self) -> "WholeEntries":
        """Return a copy that continues from the same entry."""
        return WholeEntries(self.number, self._rows)

    def completed(self, number: int, entry: dict[str, Any]) -> dict[str, Any]:
        """
        Return the next entry with all instances of its group.

        Args:
            number: number of the entry
            entry: entry as the log keeps it
        """
        self.number = number
        if entry["kind"] == "deleted":
            self._rows.pop(entry["group"], None)
        if entry["kind"] != "group":
            return entry
        if "instances" in entry:
            rows = {row["name"]: row for row in entry["instances"]}
        else:
            rows = self._rows[entry["group"]] | {row["name"]: row for row in entry.pop("changed")}
            for name in entry.pop("removed", ()):
                del rows[name]
        self._rows[entry["group"]] = rows
        return entry | {"instances": list(rows.values())}
