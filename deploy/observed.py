"""What was read of a group: plain data, as it was at one moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Document = dict[str, Any]

# Target statuses of a standby pool. Source: compute_v1.ManagedInstance.target_status and
# InstanceGroupManager.target_size, "the target number of running instances".
_STANDBY: Final = frozenset({"SUSPENDED", "STOPPED"})


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
        target_status: What the group brings the instance to: RUNNING, SUSPENDED, STOPPED …; empty if the row has none.
    """

    name: str
    version: Version | None
    status: str
    action: str
    health: str
    errors: tuple[tuple[str, str], ...] = ()
    target_status: str = ""

    @property
    def is_standby(self) -> bool:
        """Whether the group keeps this instance suspended or stopped, so that its state says nothing of a release."""
        return self.target_status in _STANDBY


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

    @property
    def active_instances(self) -> tuple[Machine, ...]:
        """Every instance but those of the standby pool: what a rollout is judged by."""
        return tuple(instance for instance in self.machines if not instance.is_standby)

    @property
    def standby_instances(self) -> tuple[Machine, ...]:
        """Instances that the group keeps suspended or stopped."""
        return tuple(instance for instance in self.machines if instance.is_standby)


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
        machines=tuple(_machine(raw, row) for row in rows),
    )


def health_check_of(raw: Mapping[str, Any]) -> str:
    """Return the link of the health check that a group repairs by; empty if it has none."""
    return next((one["healthCheck"] for one in raw.get("autoHealingPolicies") or [] if one.get("healthCheck")), "")


def _health(raw: Mapping[str, Any], rows: Sequence[Document]) -> str:
    """
    Return an instance's health by the group's own check, and by all checks where no row is of the group's.

    Args:
        raw: The group's document.
        rows: `instanceHealth` of a managed instance: a row for each check that asks it.
    """
    check = _resource(raw, health_check_of(raw))
    own = [row for row in rows if check and _resource(raw, row.get("healthCheck") or "") == check]
    states = [row.get("detailedHealthState") or "UNKNOWN" for row in own or rows]
    return next((state for state in states if state != "HEALTHY"), "HEALTHY" if states else "")


def _resource(raw: Mapping[str, Any], link: str) -> str:
    """
    Return what a link of a group's document names, `projects/P/global/healthChecks/NAME`; empty for an empty link.

    Hosts and API versions differ between documents, and a link may begin below the group's own project.
    """
    path = link.split("?", 1)[0].strip("/")
    if not path:
        return ""
    _, mark, below = f"/{path}".rpartition("/projects/")
    project = str(raw.get("selfLink", "")).rpartition("/projects/")[2].partition("/")[0]
    return f"projects/{below if mark else f'{project}/{path}'}"


def _machine(raw: Mapping[str, Any], row: Document) -> Machine:
    version = row.get("version") or {}
    errors = ((row.get("lastAttempt") or {}).get("errors") or {}).get("errors") or []
    return Machine(
        name=row.get("name") or name_of(row.get("instance", "")),
        version=Version(name_of(version["instanceTemplate"]), version.get("name", ""))
        if version.get("instanceTemplate")
        else None,
        status=row.get("instanceStatus", ""),
        action=row.get("currentAction", ""),
        health=_health(raw, row.get("instanceHealth") or []),
        errors=tuple((one.get("code", ""), one.get("message", "")) for one in errors),
        target_status=row.get("targetStatus", ""),
    )
