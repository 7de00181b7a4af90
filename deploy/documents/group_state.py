"""The state of a managed instance group at one poll, parsed from its document and the rows of its instances."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from deploy.documents.location import Location
from deploy.documents.resource import Document, link_of, name_of, project_of

# Target statuses of standby instances. Source: compute_v1.ManagedInstance.target_status and
# InstanceGroupManager.target_size, "the target number of running instances".
_STANDBY: Final = frozenset({"SUSPENDED", "STOPPED"})


@dataclass(frozen=True)
class Version:
    """
    An entry of `versions`.

    Args:
        link: link of the template, in the form of `link_of`; a template's name alone identifies nothing, because
            templates of two scopes or two projects may have the same name.
        name: name of the version itself; empty if the version has none.
    """

    link: str
    name: str = ""

    @property
    def template(self) -> str:
        """The template's name, or its numeric id if the group refers to the id: to be printed, never compared."""
        return name_of(self.link)


@dataclass(frozen=True)
class Instance:
    """
    A managed instance.

    Args:
        name: name of the instance.
        version: target version of the instance; None while the group deletes the instance.
        status: RUNNING and so on; empty before the instance exists.
        action: NONE, CREATING and so on.
        health: HEALTHY and so on; empty while no health check has reported.
        errors: codes and messages of the group's last attempt.
        target_status: RUNNING, SUSPENDED, STOPPED and so on: the status that the group works towards; empty if the row
            has none.
        zone: zone of the instance.
        failing_checks: names of other health checks than the group's own, such as a load balancer's, that do not find
            the instance healthy.
    """

    name: str
    version: Version | None
    status: str
    action: str
    health: str
    errors: tuple[tuple[str, str], ...] = ()
    target_status: str = ""
    zone: str = ""
    failing_checks: tuple[str, ...] = ()

    @property
    def is_standby(self) -> bool:
        """Whether the group keeps this instance suspended or stopped, so that its state proves nothing of a release."""
        return self.target_status in _STANDBY


@dataclass(frozen=True)
class Group:
    """
    A managed instance group.

    Args:
        raw: the document of the group.
        versions: the target versions.
        target_size: number of running instances that the group works towards; an autoscaler may change it at any time.
        fingerprint: fingerprint of the configuration, which fences the next write.
        is_stable: whether the group changes no instance, and has no change left to make.
        is_reached: whether the target version of every instance that stays is the group's; says nothing about health.
        instances: all instances, surge and leaving ones included.
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
        """`LOCATION/GROUP`, which its release records hold, because groups of a project may share a repository."""
        location = Location.of(self.raw)
        return f"{location.name if location else ''}/{self.raw.get('name', '')}"

    @property
    def zones(self) -> tuple[str, ...]:
        """Names of the zones of the group: one, or those of a regional group's distribution policy."""
        return zones_of(self.raw)

    @property
    def recreates(self) -> bool:
        """Whether a rollout replaces each instance under its name, so that the old one is deleted first."""
        return (self.raw.get("updatePolicy") or {}).get("replacementMethod") == "RECREATE"

    @property
    def avoids_full_zones(self) -> bool:
        """
        Whether the group tries another zone when one has no capacity.

        Source: google-cloud-compute 1.57.0, DistributionPolicy.target_shape: ANY and BALANCED choose zones where
        resources are available; EVEN, the default, keeps the number of instances of all zones equal.
        """
        return (self.raw.get("distributionPolicy") or {}).get("targetShape") in ("ANY", "BALANCED")

    @property
    def metadata_of_all(self) -> Mapping[str, str]:
        """Metadata that the group's `allInstancesConfig` gives to every instance, over the template's."""
        properties = (self.raw.get("allInstancesConfig") or {}).get("properties") or {}
        return properties.get("metadata") or {}

    @property
    def active_instances(self) -> tuple[Instance, ...]:
        """The instances that a rollout is judged by: all but the standby instances."""
        return tuple(instance for instance in self.instances if not instance.is_standby)

    @property
    def standby_instances(self) -> tuple[Instance, ...]:
        """Instances that the group keeps suspended or stopped."""
        return tuple(instance for instance in self.instances if instance.is_standby)


def parse_group(raw: Document, rows: Sequence[Document]) -> Group:
    """
    Parse a group.

    Args:
        raw: document of the group.
        rows: rows of `listManagedInstances`.
    """
    status = raw.get("status") or {}
    project = _project(raw)
    # `targetSize` does not identify the version with a size: the server adds `calculated` to each version.
    entries = raw.get("versions") or (
        [{"instanceTemplate": raw["instanceTemplate"]}] if raw.get("instanceTemplate") else []
    )
    return Group(
        raw=raw,
        versions=tuple(parse_version(entry, project) for entry in entries),
        target_size=int(raw.get("targetSize", 0)),
        fingerprint=raw.get("fingerprint", ""),
        is_stable=bool(status.get("isStable")),
        is_reached=bool((status.get("versionTarget") or {}).get("isReached")),
        instances=tuple(_parse_instance(raw, row) for row in rows),
    )


def parse_version(entry: Document, project: str) -> Version:
    """
    Parse a version.

    Args:
        entry: entry of `versions`, or member `version` of an instance's row.
        project: name of the group's project.
    """
    return Version(link_of(entry.get("instanceTemplate", ""), project), entry.get("name", ""))


def zones_of(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the zones that a group's document names."""
    if raw.get("zone"):
        return (name_of(raw["zone"]),)
    return tuple(name_of(entry["zone"]) for entry in (raw.get("distributionPolicy") or {}).get("zones") or [])


def health_check_of(raw: Mapping[str, Any]) -> str:
    """Return the link of the health check that a group repairs by; empty if the group has none."""
    policies = raw.get("autoHealingPolicies") or []
    return next((policy["healthCheck"] for policy in policies if policy.get("healthCheck")), "")


def initial_delay_s(raw: Mapping[str, Any]) -> int:
    """Return the seconds after an instance's start in which a group ignores its failed health checks."""
    return next((int(policy.get("initialDelaySec") or 0) for policy in raw.get("autoHealingPolicies") or []), 0)


def _project(raw: Mapping[str, Any]) -> str:
    return project_of(raw.get("selfLink") or raw.get("zone") or raw.get("region") or "")


def _parse_health(raw: Mapping[str, Any], rows: Sequence[Document]) -> str:
    """
    Return the health of an instance by the group's own check, or by all checks if no row is of the group's check.

    Args:
        raw: document of the group.
        rows: `instanceHealth` of a managed instance: a row for each check that probes the instance.
    """
    own = [row for row in rows if _is_of_own_check(raw, row)]
    states = [row.get("detailedHealthState") or "UNKNOWN" for row in own or rows]
    return next((state for state in states if state != "HEALTHY"), "HEALTHY" if states else "")


def _is_of_own_check(raw: Mapping[str, Any], row: Document) -> bool:
    """Return whether a row of `instanceHealth` is of the check that the group repairs by."""
    project = project_of(raw.get("selfLink") or "")
    check = link_of(health_check_of(raw), project)
    return bool(check) and link_of(row.get("healthCheck") or "", project) == check


def _failing_checks(raw: Mapping[str, Any], rows: Sequence[Document]) -> tuple[str, ...]:
    """Return the names of the other checks that do not find an instance healthy, if the group's own check has a row."""
    others = [row for row in rows if not _is_of_own_check(raw, row)]
    if len(others) == len(rows):
        return ()
    failing = (row for row in others if row.get("detailedHealthState") != "HEALTHY")
    return tuple(name_of(row.get("healthCheck") or "") for row in failing)


def _zone_of(link: str) -> str:
    """Return the zone in the link of an instance; empty if the link names none."""
    match = re.search(r"(?:^|/)zones/([^/]+)/", link)
    return match[1] if match else ""


def _parse_instance(raw: Mapping[str, Any], row: Document) -> Instance:
    version = row.get("version") or {}
    errors = ((row.get("lastAttempt") or {}).get("errors") or {}).get("errors") or []
    return Instance(
        name=row.get("name") or name_of(row.get("instance", "")),
        version=parse_version(version, _project(raw)) if version.get("instanceTemplate") else None,
        status=row.get("instanceStatus", ""),
        action=row.get("currentAction", ""),
        health=_parse_health(raw, row.get("instanceHealth") or []),
        errors=tuple((error.get("code", ""), error.get("message", "")) for error in errors),
        target_status=row.get("targetStatus", ""),
        failing_checks=_failing_checks(raw, row.get("instanceHealth") or []),
        zone=_zone_of(row.get("instance", "")) or name_of(raw.get("zone", "")),
    )
