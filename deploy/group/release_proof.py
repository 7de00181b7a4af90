"""Whether the release that a group serves is proven, so that a rollback may restore it."""

from datetime import datetime

from deploy.documents.group_state import Group, Instance, Version
from deploy.group.health import is_on_one_version, is_settled
from deploy.group.version_name import parse_version_name
from deploy.release.record import Fallback


def unproven_reason(group: Group, now: datetime) -> str:
    """
    Return why a group's release is not proven; empty if it is proven.

    A release is proven while it serves from every instance. After the deadline of its rollout it stays proven while
    every instance is on it, more than half are healthy and none is being recreated: an instance that is unhealthy for
    a moment, or a new instance, takes nothing from a release that has served. An empty group proves nothing.

    Args:
        group: the group.
        now: time at Compute Engine, UTC.
    """
    staying = [instance for instance in group.active_instances if instance.version]
    if not staying:
        return "no instance serves it"
    if is_settled(group):
        return ""
    if not is_on_one_version(group):
        return "it is not on every instance"
    name = parse_version_name(group.versions[0].name)
    if name and name.deadline_at and name.deadline_at > now:
        return f"its rollout has time until {name.deadline_at:%Y-%m-%d %H:%M} UTC"
    recreated = [instance for instance in staying if instance.action == "RECREATING"]
    unhealthy = [instance for instance in staying if instance.health != "HEALTHY"]
    return _states(recreated or unhealthy) if recreated or 2 * len(unhealthy) >= len(staying) else ""


def fallback_warnings(fallback: Fallback | None, serving: Version, reason: str) -> tuple[str, ...]:
    """
    Return a warning if an automatic rollback would not restore what the group serves now.

    Args:
        fallback: version that an automatic rollback would restore; None if there is none.
        serving: version entry of the group.
        reason: why the serving release is not proven.
    """
    if fallback is not None and fallback.version == serving:
        return ()
    restored = f"a rollback restores '{fallback.template}', not" if fallback else "no rollback is possible, not even to"
    return (f"if this release fails, {restored} '{serving.template}', because {reason}",)


def _states(instances: list[Instance]) -> str:
    return ", ".join(
        f"{instance.name} is "
        f"{instance.action if instance.action != 'NONE' else instance.health or instance.status or 'unknown'}"
        for instance in instances
    )
