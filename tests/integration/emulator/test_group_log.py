"""The request log keeps of a group what has changed, and its readers get each entry with all instances."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emulator.emulator import Emulator
from emulator.environment.group_status import snapshot
from emulator.environment.store import Store
from tests.integration.emulator.seeded import GROUP, move, opened, patch_to_next, settled, succeed

HEAD = ("seq", "kind", "at_s", "group")


def record_snapshots(emulator: Emulator) -> list[dict[str, Any]]:
    """Record from now on what each entry of a group has to show."""
    environment, expected = emulator.environment, list[dict[str, Any]]()
    append = environment.store.append

    def append_recorded(entry: Mapping[str, Any]) -> None:
        if entry["kind"] == "group":
            path = entry["group"]
            group = environment.view.groups[path]
            shown = snapshot(group, environment.settings(path), environment.conditions(path))
            expected.append(json.loads(json.dumps(shown)))
        append(entry)

    environment.store.append = append_recorded  # type: ignore[method-assign]
    return expected


def shown(store: Store, after: int = 0) -> list[dict[str, Any]]:
    """Return the entries of groups without their numbers and times."""
    entries = store.entries(after, "group")
    return [{key: value for key, value in entry.items() if key not in HEAD} for entry in entries]


def last_number(store: Store) -> int:
    """Return the number of the last entry."""
    return max(int(entry["seq"]) for entry in store.entries())


def change_group(emulator: Emulator) -> None:
    """Let a group be created, deleted, repaired, restarted, resized, bound to a container and rolled out at once."""
    rules = [
        {"crash_after_s": [20, 90]},
        {"template": "next", "create_error": "QUOTA_EXCEEDED", "create_error_times": 1, "delete_s": [5, 60]},
    ]
    for rule in rules:
        succeed(emulator, "POST", "/emulator/instance-rules", rule)
    names = [instance.name for instance in emulator.environment.view.groups[GROUP].instances]
    image = "asia-northeast3-docker.pkg.dev/dojangkok-dev/dojangkok-ai/ai-server:latest"
    succeed(emulator, "POST", f"/{GROUP}/resize?size=7")
    move(emulator, 100)
    instances = [f"zones/asia-northeast3-a/instances/{name}" for name in names[:2]]
    succeed(emulator, "POST", f"/{GROUP}/recreateInstances", {"instances": instances[:1]})
    succeed(emulator, "POST", f"/{GROUP}/deleteInstances", {"instances": instances[1:]})
    move(emulator, 7)
    succeed(emulator, "POST", "/emulator/bindings", {"image": image, "url": "http://127.0.0.1:1/"})
    move(emulator, 60)
    succeed(emulator, "DELETE", f"/emulator/bindings?image={image}")
    patch_to_next(emulator)
    move(emulator, 900)


def test_readers_get_all_instances_in_each_entry() -> None:
    """Every entry is the snapshot of its moment, also for a reader of the entries after a number."""
    emulator = settled()
    store = emulator.environment.store
    first = last_number(store)
    expected = record_snapshots(emulator)
    change_group(emulator)
    assert len(expected) > 100
    assert shown(store, first) == expected
    middle = [entry["seq"] for entry in store.entries(first, "group")][49]
    assert shown(store, middle) == expected[50:]
    assert shown(store)[-len(expected) :] == expected
    second = last_number(store)
    change = len(expected)
    succeed(emulator, "POST", f"/{GROUP}/resize?size=2")
    move(emulator, 300)
    assert shown(store, second) == expected[change:] != []


def test_an_entry_keeps_only_changed_instances(tmp_path: Path) -> None:
    """A group of 60 instances that changes one after another has a log of its changes, not of their product."""
    emulator = settled(tmp_path / "state")
    succeed(emulator, "POST", f"/{GROUP}/resize?size=60")
    move(emulator, 300)
    store = emulator.environment.store
    count = sum(entry["kind"] == "group" for entry in store.entries())
    store.close()
    assert count > 180
    assert (tmp_path / "state").stat().st_size < count * 3_000


def test_the_log_of_a_reopened_file_continues(tmp_path: Path) -> None:
    """The first entry of another process has all instances again, and readers get the entries of both."""
    first = settled(tmp_path / "state")
    patch_to_next(first)
    move(first, 20)
    first.environment.store.close()
    before = shown(Store(tmp_path / "state"))
    second = opened(tmp_path / "state")
    expected = record_snapshots(second)
    move(second, 600)
    assert shown(second.environment.store) == [*before, *expected]


def test_a_write_that_was_undone_is_no_entry() -> None:
    """The entry after a restored state is complete, because the entry before it is gone."""
    emulator = settled()
    environment = emulator.environment
    environment.store.commit()
    move(emulator, 0)
    succeed(emulator, "POST", f"/{GROUP}/resize?size=5")
    environment.clock.move(3)
    environment.advance()
    emulator.restore()
    expected = record_snapshots(emulator)
    count = len(shown(environment.store))
    move(emulator, 200)
    assert shown(environment.store)[count:] == expected != []
