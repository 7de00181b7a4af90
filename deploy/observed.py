"""What was read of a group: plain data, as it was at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True)
class Version:
    """One entry of `versions`: a template's name, and the version's own."""

    template: str
    name: str = ""


@dataclass(frozen=True)
class Machine:
    """
    A managed instance.

    Args:
        name: Of the instance.
        version: That it is meant to have; None while it is on its way out.
        status: RUNNING and so on; empty before it exists.
        action: NONE, CREATING and so on.
        health: HEALTHY and so on; empty while nothing is known.
        errors: Codes and messages of its last attempt.
    """

    name: str
    version: Version | None
    status: str
    action: str
    health: str
    errors: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Group:
    """
    A managed instance group.

    Args:
        raw: The document, as it came.
        versions: Targets.
        target_size: Machines that it is to have; an autoscaler may change it at any time.
        fingerprint: Of the configuration, to write against.
        is_stable: Nothing happens, and nothing is about to.
        is_reached: No machine that stays is meant to be of another version; says nothing about health.
        machines: All of them, surge and leaving ones too.
    """

    raw: Mapping[str, Any]
    versions: tuple[Version, ...]
    target_size: int
    fingerprint: str
    is_stable: bool
    is_reached: bool
    machines: tuple[Machine, ...] = field(default=())

    @property
    def place(self) -> str:
        """`ZONE/GROUP`: what its releases name, because groups of a project may share a repository."""
        return f"{name_of(self.raw.get('zone', ''))}/{self.raw.get('name', '')}"


def name_of(link: str) -> str:
    """Return the last segment of a link, without a `?uniqueId=…`."""
    return link.split("?", 1)[0].rstrip("/").rpartition("/")[2]


def group(raw: Document, rows: Sequence[Document]) -> Group:
    """
    Read a group's document and the rows of `listManagedInstances`.

    Of the versions, `targetSize` is no help in choosing: the server adds `calculated` to each.
    """
    status = raw.get("status") or {}
    links = raw.get("versions") or (
        [{"instanceTemplate": raw["instanceTemplate"]}] if raw.get("instanceTemplate") else []
    )
    return Group(
        raw=raw,
        versions=tuple(Version(name_of(one.get("instanceTemplate", "")), one.get("name", "")) for one in links),
        target_size=int(raw.get("targetSize", 0)),
        fingerprint=raw.get("fingerprint", ""),
        is_stable=bool(status.get("isStable")),
        is_reached=bool((status.get("versionTarget") or {}).get("isReached")),
        machines=tuple(map(_machine, rows)),
    )


def _machine(row: Document) -> Machine:
    version = row.get("version") or {}
    healths = [one.get("detailedHealthState", "") for one in row.get("instanceHealth") or []]
    errors = ((row.get("lastAttempt") or {}).get("errors") or {}).get("errors") or []
    return Machine(
        name=row.get("name") or name_of(row.get("instance", "")),
        version=Version(name_of(version["instanceTemplate"]), version.get("name", ""))
        if version.get("instanceTemplate")
        else None,
        status=row.get("instanceStatus", ""),
        action=row.get("currentAction", ""),
        health=healths[0] if healths else "",
        errors=tuple((one.get("code", ""), one.get("message", "")) for one in errors),
    )
