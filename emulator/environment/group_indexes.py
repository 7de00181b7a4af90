"""What is derived from each group between two of its changes: its index, its next moment, and the state of its log."""

from emulator.environment.group_log import GroupLog
from emulator.group.conditions import Conditions
from emulator.group.index import GroupIndex
from emulator.group.members import Group
from emulator.group.settings import Settings


class GroupIndexes:
    """Indexes, next moments and logs of groups, by the group's path; each is made again after it was forgotten."""

    def __init__(self) -> None:
        self._next: dict[str, float] = {}
        self._indexes: dict[str, GroupIndex] = {}
        self._logs: dict[str, GroupLog] = {}

    def index(self, path: str, group: Group, settings: Settings, conditions: Conditions) -> GroupIndex:
        """Return the index of a group; the log's next entry after a new index has all instances."""
        index = self._indexes.get(path)
        if index is None or index.health_check != settings.health_check:
            index = self._indexes[path] = GroupIndex(group, settings.health_check, conditions)
            self._logs.pop(path, None)
        return index

    def log(self, path: str) -> GroupLog:
        """Return the state of a group's log."""
        return self._logs.setdefault(path, GroupLog())

    def next_s(self, path: str) -> float | None:
        """Return when something happens next in a group; None if that is not known."""
        return self._next.get(path)

    def keep_next(self, path: str, next_s: float) -> None:
        """Keep when something happens next in a group, until the group changes."""
        self._next[path] = next_s

    def forget_next(self, path: str) -> None:
        """Forget when something happens next in a group, because the group changes."""
        self._next.pop(path, None)

    def forget(self, path: str) -> None:
        """Forget the index of a group and its next moment."""
        self._next.pop(path, None)
        self._indexes.pop(path, None)

    def clear(self) -> None:
        """Forget everything."""
        self._next.clear()
        self._indexes.clear()
        self._logs.clear()
