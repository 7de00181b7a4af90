"""Requests of contract tests with two versions of a group."""

from typing import Any

from tests.contract.rig import GROUP, LINKS, EmulatorClient, Json, name_of

OLD = f"{LINKS}/global/instanceTemplates/old"
NEW = f"{LINKS}/global/instanceTemplates/new"


def versions(target_size: Json, name: str = "canary") -> list[Json]:
    """Return the versions of a canary of the template `new`."""
    return [{"instanceTemplate": OLD}, {"instanceTemplate": NEW, "name": name, "targetSize": target_size}]


def patch(emulator: EmulatorClient, target_size: Json, **more: Any) -> None:
    """Patch the group to a canary with a target size."""
    emulator.do("PATCH", GROUP, {"versions": versions(target_size), **more})


def canary(emulator: EmulatorClient, size: int, target_size: Json, **more: Any) -> Json:
    """Create a group, give it a canary, and wait until the group has settled; return the group."""
    emulator.web(size, **more)
    emulator.template("new")
    patch(emulator, target_size)
    return emulator.settled()


def names(emulator: EmulatorClient, template: str) -> set[str]:
    """Return the names of the instances of a template."""
    rows = [row for row in emulator.rows() if "version" in row]
    return {row["name"] for row in rows if name_of(row["version"]["instanceTemplate"]) == template}


def links(emulator: EmulatorClient) -> list[str]:
    """Return the links of all instances."""
    return [row["instance"] for row in emulator.rows()]
