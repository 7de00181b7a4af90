"""A group's document, read and resolved into the settings of its state machine."""

import json
from collections.abc import Mapping
from typing import Any

from emulator.environment.health_checks import balancer_checks, drain_s, own_check
from emulator.environment.links import canonical, project_of
from emulator.environment.location import location_of
from emulator.environment.options import Options, Rounding
from emulator.environment.view import Document, View
from emulator.group.instances import Version
from emulator.group.settings import Settings, Standby, Target


def group_settings(path: str, document: Document, view: View, options: Options) -> Settings:
    """
    Return the settings of a group.

    Args:
        path: path of the group
        document: stored document, with `versions` and a full `updatePolicy`
        view: documents that contain the health check
        options: options of the environment
    """
    size = int(document.get("targetSize", 0))
    policy, location = document["updatePolicy"], location_of(path, document)
    return Settings(
        base_name=document["baseInstanceName"],
        zones=location.zones,
        size=size,
        targets=_targets(path, document, options),
        proactive=policy["type"] == "PROACTIVE",
        minimal=policy["minimalAction"],
        most_disruptive=policy.get("mostDisruptiveAllowedAction") or "REPLACE",
        surge=amount(policy["maxSurge"], size),
        unavailable=amount(policy["maxUnavailable"], size),
        substitutes=policy["replacementMethod"] == "SUBSTITUTE",
        health_check=own_check(path, document, view),
        balancer_checks=balancer_checks(path, document, view),
        drain_s=drain_s(path, view),
        updates_on_repair=document.get("instanceLifecyclePolicy", {}).get("forceUpdateOnRepair") == "YES",
        retries=options.retries,
        standby=_standby(document, options.standby == "replace"),
        redistributes=location.is_regional and policy.get("instanceRedistributionType") == "PROACTIVE",
        counts_deleting=options.deleting == "count",
        config=_config(document),
    )


def version_of(path: str, entry: Document) -> Version:
    """Return the version of an entry of `versions` of a group."""
    return Version(canonical(entry["instanceTemplate"], project_of(path)), entry.get("name", ""))


def has_target_size(entry: Document) -> bool:
    """
    Return whether an entry of `versions` sets its target size; `{}` sets none.

    Source: a request that Compute Engine accepted, in issue 14826 of Terraform's provider, read on 2026-11-27.
    """
    return any((entry.get("targetSize") or {}).get(member) is not None for member in ("fixed", "percent"))


def _targets(path: str, document: Document, options: Options) -> tuple[Target, ...]:
    """
    Return the target versions with their sizes; the version without a size of its own is last and gets the rest.

    A fixed size above the group's is the group's. Source: google-cloud-compute 1.57.0, FixedOrPercent, "the minimum of
    either targetSize.fixed or instanceGroupManager.targetSize is used"; read on 2026-11-27.
    """
    size = int(document.get("targetSize", 0))
    sized, rest = [], []
    for entry in document["versions"]:
        version, own_size = version_of(path, entry), entry.get("targetSize") or {}
        if has_target_size(entry):
            count = amount(own_size, size, options.target_size_rounding)
            sized.append(Target(version, min(size, count), own_size.get("percent")))
        else:
            rest.append(version)
    remaining = max(0, size - sum(target.size for target in sized))
    return (*sized, *(Target(version, remaining) for version in rest))


def amount(value: Mapping[str, Any], size: int, rounding: Rounding = "up") -> int:
    """
    Return the number of instances of a FixedOrPercent.

    Source: earlier API definitions, as in com.google.cloud.compute.v1.FixedOrPercent of 2019, "If there is a remainder,
    the number is rounded up"; google-cloud-compute 1.57.0 says only "rounded". Of the size of a version Terraform's
    provider says "rounding will be in favor of explicitly set target_size values". Read on 2026-11-27.
    """
    if value.get("percent") is not None:
        hundredths = size * int(value["percent"])
        return -(-hundredths // 100) if rounding == "up" else hundredths // 100
    return int(value.get("fixed") or 0)


def _config(document: Document) -> str:
    """Return the all-instances configuration; equal configurations have equal texts."""
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
