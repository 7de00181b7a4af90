"""Every refusal, and every warning, before anything is written: pure."""

from typing import Any, Final

from deploy.config import Config
from deploy.documents.group_state import Document, Group, health_check_of, initial_delay_s, name_of
from deploy.errors import NotAllowedError, RefusedError
from deploy.group.clock_skew import clock_skew_warnings
from deploy.group.drift import newer_template
from deploy.group.observation import Observation
from deploy.release import secret_scan
from deploy.release.effective_reference import filter_warnings
from deploy.release.template import metadata

_ORDER: Final = ("NONE", "REFRESH", "RESTART", "REPLACE")
# What listens on every machine of the fleet, whether or not the application runs. Source: the startup scripts' stacks.
_NEIGHBOURS: Final = {22: "sshd", 9080: "promtail", 9100: "node-exporter"}
_START_S: Final = 60  # of an instance, from its creation until the application answers, at least


def refuse_unmet_preconditions(config: Config, observation: Observation) -> None:
    """
    Check every precondition.

    Raises:
        RefusedError: The first that does not hold.
        NotAllowedError: A permission is missing.
    """
    if observation.missing_permissions:
        raise NotAllowedError(
            f"project '{config.project}': missing {', '.join(observation.missing_permissions)}.",
            "grant them to the deployer's account",
        )
    refuse_group_settings(config, observation.group, observation.health_check)
    if not observation.template:
        raise RefusedError(
            f"group '{config.group}': its template '{observation.group.versions[0].link}' is not a global one of"
            f" project '{config.project}'.",
            "use a global template of that project",
        )


def refuse_group_settings(config: Config, group: Group, health_check: Document | None) -> None:
    """
    Check every precondition on the group's own document: at preflight, and on the very document that is patched.

    Args:
        config: Names and policy.
        group: As it was read.
        health_check: That heals the group; None where it has none, or one that is gone.

    Raises:
        RefusedError: The first that does not hold.
    """
    raw: Any = group.raw
    where = f"group '{config.group}'"
    if raw.get("region"):
        raise RefusedError(
            f"{where}: is regional; surge 1 and unavailable 0 are not allowed there.", "use a zonal group for each zone"
        )
    status = raw.get("status") or {}
    if (status.get("stateful") or {}).get("hasStatefulConfig") or raw.get("statefulPolicy"):
        raise RefusedError(
            f"{where}: is stateful, its machines can't be replaced by new ones.", "remove its stateful policy"
        )
    if len(group.versions) != 1:
        names = ", ".join(f"'{one.template}'" for one in group.versions) or "none"
        raise RefusedError(f"{where}: has {len(group.versions)} versions: {names}.", _leave_one_version(config, group))
    policy = raw.get("updatePolicy") or {}
    kind = policy.get("type")
    if kind != "PROACTIVE":
        fact = f"the type of its update policy is {kind}" if kind else "its update policy has no type"
        raise RefusedError(
            f"{where}: {fact}, and a release needs PROACTIVE.",
            f"run '{_command(config, 'update', '--update-policy-type', 'proactive')}'",
        )
    allowed = policy.get("mostDisruptiveAllowedAction", "REPLACE")
    if allowed in _ORDER and allowed != "REPLACE":
        raise RefusedError(
            f"{where}: mostDisruptiveAllowedAction is {allowed}, and a release replaces machines.",
            f"run '{_command(config, 'update', '--update-policy-most-disruptive-action', 'replace')}'",
        )
    method = policy.get("replacementMethod", config.rollout.method)
    if method != config.rollout.method:
        raise RefusedError(
            f"{where}: replacementMethod is '{method}', and `rollout.method` of the environment file is"
            f" '{config.rollout.method}'.",
            f"run '{_command(config, 'update', '--update-policy-replacement-method', config.rollout.method.lower())}',"
            " or set `replacement_method` in Terraform's `update_policy`",
        )
    _refuse_health(config, where, group, health_check)
    masking = group.masking_key
    if masking:
        raise RefusedError(
            f"{where}: allInstancesConfig has a '{masking}', which hides the template's.",
            f"run '{_command(config, 'all-instances-config delete', '--metadata', masking)}'",
        )


def quota_shortage(config: Config, observation: Observation) -> str:
    """Return what the region's quota lacks for the surge; empty if it has room, or can't be read."""
    room, surge = observation.surge_room, config.rollout.surge
    is_enough = room is None or room >= surge
    return "" if is_enough else f"the region's quota has room for {room} machines, surge needs {surge}"


def refuse_no_room(config: Config, observation: Observation) -> None:
    """
    Refuse a new release for which the quota has no room; a way back is not refused for it.

    Raises:
        RefusedError: With the room that there is.
    """
    lacking = quota_shortage(config, observation)
    if lacking:
        raise RefusedError(f"group '{config.group}': {lacking}.", "raise INSTANCES, or lower `rollout.surge`")


def refuse_secrets(config: Config, base: Document) -> None:
    """
    Refuse a template whose metadata holds what looks like a secret; a copy would spread it.

    Raises:
        RefusedError: With the entry, line and name of each, and never the value.
    """
    refused, _ = secret_scan.divide_leaks(metadata(base), config.allowed_secrets)
    if refused:
        first = refused[0]
        raise RefusedError(
            f"template '{base['name']}': its metadata holds what looks like a secret: {', '.join(map(str, refused))}.",
            "keep it in Secret Manager, and let the startup script fetch it; if it is no secret, set"
            f" `allowed_secrets: {{{first.entry}: ['{first.name}']}}` in the environment file",
        )


def preflight_warnings(config: Config, observation: Observation) -> tuple[str, ...]:
    """Return what is no reason to refuse, and yet worth knowing."""
    found = [*clock_skew_warnings(observation.clock_ahead_s)]
    if observation.permissions_error:
        found.append(f"permissions were not checked: {observation.permissions_error}")
    if observation.group.target_size == 0:
        found.append("the group has target size 0: no machine will prove this release")
    if observation.autoscaler:
        found.append(f"autoscaler '{observation.autoscaler}' may change the size in the middle")
    kind = health_check_probe(observation.health_check)[0] if observation.health_check else ""
    if kind in ("TCP", "SSL"):
        found.append(f"the health check only opens a {kind} connection: an application that hangs looks healthy")
    found += _delay_warning(observation)
    if not (observation.group.is_stable and observation.group.is_reached):
        found.append("the group is not settled; this rollout replaces whatever is going on")
    if config.allowed_secrets:
        _, allowed = secret_scan.divide_leaks(metadata(observation.template), config.allowed_secrets)
        found += [f"{leak} looks like a secret; the environment file allows it" for leak in allowed]
    found += filter_warnings(metadata(observation.template), config.repository)
    newer = newer_template(config, observation)
    if newer:
        found.append(newer)
    return tuple(found)


def short_initial_delay(observation: Observation) -> str:
    """Return what the group's initial delay is shorter than; empty if an instance has a minute until it is healthy."""
    check, delay_s = observation.health_check or {}, initial_delay_s(observation.group.raw)
    interval_s, times = int(check.get("checkIntervalSec") or 5), int(check.get("healthyThreshold") or 2)
    needed_s = interval_s * times + _START_S
    if delay_s >= needed_s:
        return ""
    return (
        f"the initial delay of {delay_s} s is shorter than {needed_s} s"
        f" (check interval {interval_s} s * healthy threshold {times} + {_START_S} s)"
    )


def _delay_warning(observation: Observation) -> list[str]:
    delay = short_initial_delay(observation)
    return [f"{delay}: instances that still start may be recreated. Fix: raise initialDelaySec"] if delay else []


def _command(config: Config, verb: str, *flags: str) -> str:
    """Return a gcloud command on the group, fit to be pasted."""
    where = ("--project", config.project, "--zone", config.zone)
    return " ".join(("gcloud compute instance-groups managed", verb, config.group, *where, *flags))


def _leave_one_version(config: Config, group: Group) -> str:
    """Return how to leave a group one version: the one that has every instance without a target size of its own."""
    sizes = [version.get("targetSize") or {} for version in group.raw.get("versions") or []]
    rest = [
        version.template
        for version, size in zip(group.versions, sizes, strict=False)
        if not {"fixed", "percent"} & size.keys()
    ]
    if not rest:
        return "set its instance template"
    command = _command(config, "rolling-action start-update", "--version", f"template={rest[0]}")
    return f"run '{command}' to keep that version"


def rollback_warnings(config: Config, observation: Observation) -> tuple[str, ...]:
    """Return what is worth knowing before a rollback, which is not refused for want of quota."""
    lacking = quota_shortage(config, observation)
    found = [*clock_skew_warnings(observation.clock_ahead_s), *_delay_warning(observation)]
    return (*found, *([f"{lacking}: the way back may wait for it"] if lacking else []))


def _refuse_health(config: Config, where: str, group: Group, health_check: Document | None) -> None:
    link, check = health_check_of(group.raw), health_check
    if not link:
        raise RefusedError(
            f"{where}: no autohealing health check, so a machine counts as healthy as soon as it runs.",
            f"run '{_command(config, 'update', '--health-check', 'CHECK', '--initial-delay', '300')}' with a CHECK that"
            " asks the application",
        )
    if check is None:
        raise RefusedError(f"{where}: its health check '{name_of(link)}' is not there.", "make it, or name another one")
    _, port = health_check_probe(check)
    if port in _NEIGHBOURS:
        raise RefusedError(
            f"{where}: its health check '{name_of(link)}' asks port {port}, where {_NEIGHBOURS[port]} answers"
            " whether or not the application does.",
            "let it ask the application",
        )
    lifecycle = group.raw.get("instanceLifecyclePolicy") or {}
    failing = lifecycle.get("onFailedHealthCheck", "DEFAULT_ACTION")
    nothing = f"{where}: does nothing about a machine that fails its health check: "
    if failing == "DO_NOTHING":
        raise RefusedError(f"{nothing}onFailedHealthCheck is DO_NOTHING.", "set onFailedHealthCheck to REPAIR")
    if failing == "DEFAULT_ACTION" and lifecycle.get("defaultActionOnFailure") == "DO_NOTHING":
        raise RefusedError(
            f"{nothing}defaultActionOnFailure is DO_NOTHING.",
            f"run '{_command(config, 'update', '--default-action-on-vm-failure', 'repair')}'",
        )


def health_check_probe(check: Document) -> tuple[str, int]:
    """Return what a health check asks: its type, such as HTTP, and its port; 0 where the group names the port."""
    kind = str(check.get("type", "HTTP"))
    below = next((value for key, value in check.items() if key.lower() == f"{kind.lower()}healthcheck"), check)
    return kind, int(below.get("port") or 0)
