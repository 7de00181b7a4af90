"""What was read of a group: plain data, as it was at one moment."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

Document = dict[str, Any]
_SCRIPTS: Final = ("startup-script", "startup-script-url")

# Target statuses of a standby pool. Source: compute_v1.ManagedInstance.target_status and
# InstanceGroupManager.target_size, "the target number of running instances".
_STANDBY: Final = frozenset({"SUSPENDED", "STOPPED"})


@dataclass(frozen=True)
class Version:
    """
    One entry of `versions`.

    Args:
        link: Of its template, as `link_of` returns it: a template's name alone identifies nothing, because templates of
            two scopes or two projects may share it.
        name: Of the version itself.
    """

    link: str
    name: str = ""

    @property
    def template(self) -> str:
        """The template's name (or numeric id, where the group refers to it by that): for people, never to compare."""
        return name_of(self.link)


@dataclass(frozen=True)
class Instance:
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
        target_size: Instances that it is to have; an autoscaler may change it at any time.
        fingerprint: Of the configuration, to write against.
        is_stable: Nothing happens, and nothing is about to.
        is_reached: No machine that stays is meant to be of another version; says nothing about health.
        instances: All of them, surge and leaving ones too.
    """

    raw: Mapping[str, Any]
    versions: tuple[Version, ...]
    target_size: int
    fingerprint: str
    is_stable: bool
    is_reached: bool
    instances: tuple[Instance, ...] = field(default=())

    @property
    def qualified_name(self) -> str:
        """`ZONE/GROUP`: what its releases name, because groups of a project may share a repository."""
        return f"{name_of(self.raw.get('zone', ''))}/{self.raw.get('name', '')}"

    @property
    def metadata_of_all(self) -> Mapping[str, str]:
        """Metadata that the group's `allInstancesConfig` gives to every instance; it hides the template's."""
        properties = (self.raw.get("allInstancesConfig") or {}).get("properties") or {}
        return properties.get("metadata") or {}

    @property
    def masking_key(self) -> str:
        """The entry of that metadata which hides the template's startup script; empty if there is none."""
        return next((key for key in _SCRIPTS if key in self.metadata_of_all), "")

    @property
    def active_instances(self) -> tuple[Instance, ...]:
        """Every instance but those of the standby pool: what a rollout is judged by."""
        return tuple(instance for instance in self.instances if not instance.is_standby)

    @property
    def standby_instances(self) -> tuple[Instance, ...]:
        """Instances that the group keeps suspended or stopped."""
        return tuple(instance for instance in self.instances if instance.is_standby)


def name_of(link: str) -> str:
    """Return the last segment of a link, without a `?uniqueId=…`."""
    return link.split("?", 1)[0].rstrip("/").rpartition("/")[2]


def link_of(reference: str, project: str = "") -> str:
    """
    Return a reference in the one form in which links are compared: `projects/P/SCOPE/COLLECTION/NAME-OR-ID`.

    Args:
        reference: A link on any host and of any version of the API, with or without `?uniqueId=…`, or the part of one
            from `projects/`, `global/`, `regions/` or `zones/` on.
        project: Name, which completes a reference that names no project.
    """
    bare = reference.split("?", 1)[0].strip("/")
    full = re.search(r"(?:^|/)(projects/.+)$", bare)
    if full:
        return full[1]
    return f"projects/{project}/{bare}" if project and re.match(r"(?:global|regions|zones)/", bare) else bare


def project_of(link: str) -> str:
    """Return the project that a link names; empty if it names none."""
    full = re.search(r"(?:^|/)projects/([^/]+)/", link)
    return full[1] if full else ""


def links_of(document: Document) -> tuple[str, str]:
    """Return the links by which other resources refer to a resource: by its name, and by its numeric id."""
    link = link_of(document.get("selfLink", ""))
    return link, f"{link.rpartition('/')[0]}/{document.get('id', '')}"


def parse_group(raw: Document, rows: Sequence[Document]) -> Group:
    """
    Read a group's document and the rows of `listManagedInstances`.

    Of the versions, `targetSize` is no help in choosing: the server adds `calculated` to each.
    """
    status = raw.get("status") or {}
    project = project_of(raw.get("selfLink") or raw.get("zone") or "")
    links = raw.get("versions") or (
        [{"instanceTemplate": raw["instanceTemplate"]}] if raw.get("instanceTemplate") else []
    )
    return Group(
        raw=raw,
        versions=tuple(parse_version(one, project) for one in links),
        target_size=int(raw.get("targetSize", 0)),
        fingerprint=raw.get("fingerprint", ""),
        is_stable=bool(status.get("isStable")),
        is_reached=bool((status.get("versionTarget") or {}).get("isReached")),
        instances=tuple(_parse_instance(raw, row) for row in rows),
    )


def parse_version(entry: Document, project: str) -> Version:
    """Read an entry of `versions`, or what an instance's row says of its version."""
    return Version(link_of(entry.get("instanceTemplate", ""), project), entry.get("name", ""))


def health_check_of(raw: Mapping[str, Any]) -> str:
    """Return the link of the health check that a group repairs by; empty if it has none."""
    return next((one["healthCheck"] for one in raw.get("autoHealingPolicies") or [] if one.get("healthCheck")), "")


def initial_delay_s(raw: Mapping[str, Any]) -> int:
    """Return for how long a group ignores an instance's failed health checks after its start."""
    return next((int(one.get("initialDelaySec") or 0) for one in raw.get("autoHealingPolicies") or []), 0)


def _health(raw: Mapping[str, Any], rows: Sequence[Document]) -> str:
    """
    Return an instance's health by the group's own check, and by all checks where no row is of the group's.

    Args:
        raw: The group's document.
        rows: `instanceHealth` of a managed instance: a row for each check that asks it.
    """
    project = project_of(raw.get("selfLink") or "")
    check = link_of(health_check_of(raw), project)
    own = [row for row in rows if check and link_of(row.get("healthCheck") or "", project) == check]
    states = [row.get("detailedHealthState") or "UNKNOWN" for row in own or rows]
    return next((state for state in states if state != "HEALTHY"), "HEALTHY" if states else "")


def _parse_instance(raw: Mapping[str, Any], row: Document) -> Instance:
    project = project_of(raw.get("selfLink") or raw.get("zone") or "")
    version = row.get("version") or {}
    errors = ((row.get("lastAttempt") or {}).get("errors") or {}).get("errors") or []
    return Instance(
        name=row.get("name") or name_of(row.get("instance", "")),
        version=parse_version(version, project) if version.get("instanceTemplate") else None,
        status=row.get("instanceStatus", ""),
        action=row.get("currentAction", ""),
        health=_health(raw, row.get("instanceHealth") or []),
        errors=tuple((one.get("code", ""), one.get("message", "")) for one in errors),
        target_status=row.get("targetStatus", ""),
    )
