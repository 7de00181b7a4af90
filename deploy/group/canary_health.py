"""Whether a canary serves beside the old version: the verdict on a group with two versions after each poll."""

from collections import Counter

from deploy.documents.canary import Canary, canary_instances, canary_of, target_of
from deploy.documents.group_state import Group
from deploy.group.health import PollSummary, Verdict, failure_verdict, is_serving


def canary_verdict(group: Group, canary: Canary, polls: PollSummary) -> Verdict:
    """
    Judge a group in a step.

    Success is: stable, target reached, and as many instances on the new version as the step has, every one of them
    RUNNING, without an action and HEALTHY. Instances of the old version count only as far as the group is not stable
    while it changes them.

    Args:
        group: the group at a poll after the PATCH.
        canary: the two versions of the step.
        polls: summary of all polls, this one included.
    """
    if canary_of(group) != canary:
        return Verdict("superseded", _superseded_text(group, canary))
    failed = failure_verdict(group, canary.new, polls)
    if failed:
        return failed
    expected = canary_instances(group, canary)
    conditions = _unmet_conditions(group, canary, expected)
    if conditions:
        return Verdict("waiting", " · ".join(conditions))
    return Verdict("done", f"{expected} of {expected} healthy on the new version")


def is_canary_serving(group: Group, canary: Canary) -> bool:
    """Return whether a canary serves from as many instances as its step has; those of the old version do not count."""
    return not _unmet_by_canary(group, canary, canary_instances(group, canary))


def promotion_obstacle(group: Group, canary: Canary) -> str:
    """Return why a canary can't be promoted at this moment, as a clause; empty if it can."""
    expected = canary_instances(group, canary)
    unmet = _unmet_by_canary(group, canary, expected)
    if unmet:
        return f"its canary does not serve: {' · '.join(unmet)}"
    if not _unmet_conditions(group, canary, expected):
        return ""
    changed = [instance for instance in group.active_instances if instance.action != "NONE"]
    names = ", ".join(f"'{instance.name}' is {instance.action.lower()}" for instance in changed)
    return f"its canary serves, but the group is not settled{': ' if names else ''}{names}"


def _superseded_text(group: Group, canary: Canary) -> str:
    """Return what another process or client did with a canary."""
    current = target_of(group)
    if current == canary.old:
        return f"the canary was aborted meanwhile: the group is set to '{canary.old.template}' alone"
    if current == canary.new:
        return f"the canary was promoted meanwhile: the group is set to '{canary.new.template}' alone"
    if isinstance(current, Canary) and (current.old, current.new) == (canary.old, canary.new):
        return f"the canary was set to another step meanwhile: {current.size.share} in place of {canary.size.share}"
    versions = ", ".join(f"{version.template} '{version.name}'" for version in group.versions)
    return f"the target versions of the group are now {versions}"


def _unmet_conditions(group: Group, canary: Canary, expected: int) -> list[str]:
    """Return the conditions of success that do not hold, in the order of a step."""
    conditions = _unmet_by_canary(group, canary, expected)
    conditions += ["not reached"] if not _has_reached(group, canary) and not conditions else []
    return conditions + (["not stable"] if not group.is_stable and not conditions else [])


def _unmet_by_canary(group: Group, canary: Canary, expected: int) -> list[str]:
    """Return the conditions of success that the canary's own instances do not meet."""
    new = [instance for instance in group.active_instances if instance.version == canary.new]
    serving = sum(is_serving(instance, canary.new) for instance in new)
    actions = Counter(instance.action.lower() for instance in new if instance.action != "NONE")
    unhealthy = [instance for instance in new if instance.action == "NONE" and not is_serving(instance, canary.new)]
    conditions = [f"{count} {action}" for action, count in sorted(actions.items())]
    conditions += [
        f"{instance.name} {(instance.health or instance.status or 'unknown').lower()}" for instance in unhealthy
    ]
    is_short = serving != expected or not expected
    return conditions + ([f"{serving} of {expected}"] if is_short and not conditions else [])


def _has_reached(group: Group, canary: Canary) -> bool:
    """Return whether every instance has its version, by the group's flag; standby instances may keep it false."""
    return group.is_reached or any(
        instance.version not in (canary.old, canary.new) for instance in group.standby_instances
    )
