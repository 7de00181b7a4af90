"""A group's document, read and resolved into what its state machine needs."""

import json
from collections.abc import Mapping
from typing import Any

from emulator.environment.links import canonical, name_of, project_of
from emulator.environment.store import Document, View
from emulator.group.health import Check
from emulator.group.instances import Version
from emulator.group.members import Settings, Standby, Target


def settings(
    path: str, document: Document, view: View, *, retries: bool = True, updates_standby: bool = False
) -> Settings:
    """
    Resolve a group's document.

    Args:
        path: Of the group.
        document: As it is stored, with `versions` and a full `updatePolicy`.
        view: Where its health check is looked up.
        retries: Whether it creates machines until it succeeds.
        updates_standby: Whether a rollout replaces suspended and stopped instances.
    """
    size = int(document.get("targetSize", 0))
    policy = document["updatePolicy"]
    healing = next(iter(document.get("autoHealingPolicies") or []), None)
    zones = tuple(
        name_of(canonical(one["zone"])) for one in document.get("distributionPolicy", {}).get("zones", [])
    ) or (name_of(document.get("zone", "")),)
    return Settings(
        base_name=document["baseInstanceName"],
        zones=zones,
        size=size,
        targets=targets(path, document),
        proactive=policy["type"] == "PROACTIVE",
        minimal=policy["minimalAction"],
        most_disruptive=policy["mostDisruptiveAllowedAction"],
        surge=amount(policy["maxSurge"], size),
        unavailable=amount(policy["maxUnavailable"], size),
        substitutes=policy["replacementMethod"] == "SUBSTITUTE",
        check=_check(project_of(path), document, healing, view) if healing else None,
        updates_on_repair=document.get("instanceLifecyclePolicy", {}).get("forceUpdateOnRepair") == "YES",
        retries=retries,
        standby=_standby(document, updates_standby),
        config=_config(document),
    )


def targets(path: str, document: Document) -> tuple[Target, ...]:
    """Return the target versions with their sizes; the one without a size of its own comes last and takes the rest."""
    size = int(document.get("targetSize", 0))
    sized, rest = [], []
    for version in document["versions"]:
        template = canonical(version["instanceTemplate"], project_of(path))
        one = Version(template, version.get("name", ""))
        own = version.get("targetSize") or {}
        if "fixed" in own or "percent" in own:
            sized.append(Target(one, min(size, amount(own, size))))
        else:
            rest.append(one)
    taken = sum(target.size for target in sized)
    return (*sized, *(Target(one, max(0, size - taken)) for one in rest))


def amount(value: Mapping[str, Any], size: int) -> int:
    """Return what a FixedOrPercent comes to; Google says that percentages are rounded, here half up."""
    if value.get("percent") is not None:
        return int(size * int(value["percent"]) / 100 + 0.5)
    return int(value.get("fixed") or 0)


def _config(document: Document) -> str:
    """Return the all-instances configuration, in one text for one meaning."""
    properties = (document.get("allInstancesConfig") or {}).get("properties") or {}
    config = {key: properties[key] for key in ("labels", "metadata") if properties.get(key)}
    return json.dumps(config, sort_keys=True) if config else ""


def _standby(document: Document, is_updated: bool) -> Standby:
    policy = document.get("standbyPolicy") or {}
    return Standby(
        suspended=int(document.get("targetSuspendedSize", 0)),
        stopped=int(document.get("targetStoppedSize", 0)),
        delay_s=float(policy.get("initialDelaySec", 0)),
        scales_out=policy.get("mode") == "SCALE_OUT_POOL",
        is_updated=is_updated,
    )


def _check(project: str, document: Document, healing: Mapping[str, Any], view: View) -> Check | None:
    if not healing.get("healthCheck"):
        return None
    path = canonical(healing["healthCheck"], project)
    found = view.get(path) or {}
    lifecycle = document.get("instanceLifecyclePolicy", {})
    on_failed = lifecycle.get("onFailedHealthCheck", "DEFAULT_ACTION")
    repairs = lifecycle.get("defaultActionOnFailure", "REPAIR") == "REPAIR"
    return Check(
        path=path,
        interval_s=float(found.get("checkIntervalSec", 5)),
        healthy_threshold=int(found.get("healthyThreshold", 2)),
        unhealthy_threshold=int(found.get("unhealthyThreshold", 2)),
        initial_delay_s=float(healing.get("initialDelaySec", 0)),
        repairs=repairs if on_failed == "DEFAULT_ACTION" else on_failed == "REPAIR",
    )
