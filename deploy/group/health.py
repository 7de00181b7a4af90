"""Whether a rollout has succeeded, must wait, or has failed: the verdict on a group after each poll."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from deploy.documents.group_state import Group, Instance, Version, health_check_of, initial_delay_s
from deploy.documents.resource import name_of

# Codes that more waiting does not fix. Source: public reports of groups that repeated such an attempt for half an hour.
_ZONE_CODES: Final = frozenset({"ZONE_RESOURCE_POOL_EXHAUSTED", "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS"})
CAPACITY_CODES: Final = _ZONE_CODES | {
    "QUOTA_EXCEEDED",
    "IP_SPACE_EXHAUSTED",
    "IP_SPACE_EXHAUSTED_WITH_DETAILS",
    "VM_MIN_COUNT_NOT_REACHED",
}
_POLLS_BEFORE_CAPACITY: Final = 2
_REPAIRS_BEFORE_FAILURE: Final = 2
NOTHING_PROVEN: Final = "no instances, nothing proven"


@dataclass(frozen=True)
class Verdict:
    """
    The state of a rollout after a poll.

    Args:
        state: done, waiting, failed, capacity (failed for lack of capacity), or superseded.
        text: the condition that the rollout waits for, or the reason of the failure.
        instance: name of the instance that failed; empty if no single instance failed.
        fix: one action against the cause; empty if only the instance's output shows the cause.
        is_repair: whether the group recreated the instance because it was unhealthy.
    """

    state: Literal["done", "waiting", "failed", "capacity", "superseded"]
    text: str
    instance: str = ""
    fix: str = ""
    is_repair: bool = False


@dataclass(frozen=True)
class PollSummary:
    """
    What the verdict needs of all polls until now.

    Args:
        had_instances: whether the group had instances or a target size above 0, at preflight or in any poll.
        polls_without_capacity: the latest polls in a row in which a new instance lacked capacity.
        repairs: how many times the group began to recreate each new instance, by the instance's name.
        recreating: new instances that the group was recreating at the last poll.
        begun: by RECREATE, new instances that were in another state than RECREATING: in that state the group first
            replaces an old instance by a new one of its name, which is no repair.
    """

    had_instances: bool = False
    polls_without_capacity: int = 0
    repairs: Mapping[str, int] = field(default_factory=dict)
    recreating: frozenset[str] = frozenset()
    begun: frozenset[str] = frozenset()


def add_poll(group: Group, target: Version, polls: PollSummary) -> PollSummary:
    """
    Return a summary with one more poll.

    Args:
        group: the group at that poll.
        target: the target version of the rollout.
        polls: summary of the polls before.
    """
    new = [instance for instance in group.active_instances if instance.version == target]
    codes = capacity_codes(group)
    lacks_capacity = any(code in codes for instance in new for code, _ in instance.errors if instance.status == "")
    recreating = frozenset(instance.name for instance in new if instance.action == "RECREATING")
    repairs = Counter(polls.repairs)
    started = recreating - polls.recreating
    started = started & polls.begun if group.recreates else started
    # In the order of the rows, as serial outputs are read, so that the verdict names an instance whose output is known.
    repairs.update(instance.name for instance in new if instance.name in started)
    return PollSummary(
        had_instances=polls.had_instances or not is_empty(group),
        polls_without_capacity=polls.polls_without_capacity + 1 if lacks_capacity else 0,
        repairs=dict(repairs),
        recreating=recreating,
        begun=polls.begun | ({instance.name for instance in new} - recreating if group.recreates else set()),
    )


def group_verdict(group: Group, target: Version, polls: PollSummary, *, needs_proof: bool = True) -> Verdict:
    """
    Judge a group.

    Success is: stable, target reached, one version, and every instance on that version, RUNNING, without an action and
    HEALTHY. Each flag alone is misleading at some moment of every rollout. Standby instances do not count.

    Args:
        group: the group at a poll after the PATCH.
        target: the target version of the rollout.
        polls: summary of all polls, this one included.
        needs_proof: whether it is a failure if a group that had instances has none any more, because nothing proves
            the release then; False for a fallback, which is proven already.
    """
    if group.versions != (target,):
        versions = ", ".join(f"{version.template} '{version.name}'" for version in group.versions)
        return Verdict("superseded", f"the target version of the group is now {versions}")
    failed = failure_verdict(group, target, polls, needs_proof=needs_proof)
    if failed:
        return failed
    new = [instance for instance in group.active_instances if instance.version == target]
    conditions = _unmet_conditions(group, target, new)
    if conditions:
        return Verdict("waiting", " · ".join(conditions))
    return Verdict("done", NOTHING_PROVEN if is_empty(group) else f"{len(new)} of {group.target_size} healthy")


def failure_verdict(group: Group, target: Version, polls: PollSummary, *, needs_proof: bool = True) -> Verdict | None:
    """Return why a version has failed, by the instances on it; None if it has not. Arguments of `group_verdict`."""
    if needs_proof and polls.had_instances and is_empty(group):
        text = "the target size became 0 during the rollout, so no instance proves the release"
        return Verdict("failed", text, fix="resize the group, and deploy again")
    new = [instance for instance in group.active_instances if instance.version == target]
    if polls.polls_without_capacity >= _POLLS_BEFORE_CAPACITY:
        codes = capacity_codes(group)
        lacking, code, message = next(
            (instance, code, message) for instance in new for code, message in instance.errors if code in codes
        )
        return Verdict("capacity", f"{code}: {message}", lacking.name)
    for name, count in polls.repairs.items():
        if count >= _REPAIRS_BEFORE_FAILURE:
            delay = f"after the initial delay of {initial_delay_s(group.raw)} s"
            text = f"{name} was recreated {count} times because it was unhealthy {delay}"
            fix = "fix the error in the instance's output, or raise initialDelaySec if the application starts slowly"
            return Verdict("failed", text, name, fix, is_repair=True)
    return None


def capacity_codes(group: Group) -> frozenset[str]:
    """Return the codes of missing capacity that end a rollout: of a full zone only if the group tries no other zone."""
    return CAPACITY_CODES - _ZONE_CODES if group.avoids_full_zones else CAPACITY_CODES


def with_delay_cause(verdict: Verdict, short_delay: str) -> Verdict:
    """
    Return a verdict with the group's initial delay as its cause, if the group repaired an instance too early.

    Args:
        verdict: verdict on the group.
        short_delay: why the initial delay is too short; empty if it is long enough.
    """
    if not (verdict.is_repair and short_delay):
        return verdict
    return replace(verdict, text=f"{verdict.text}; {short_delay}", fix="raise initialDelaySec, and deploy again")


def is_serving(instance: Instance, target: Version) -> bool:
    """Return whether an instance is on a version, running, healthy, and left alone by the group."""
    state = (instance.version, instance.status, instance.action, instance.health)
    return state == (target, "RUNNING", "NONE", "HEALTHY")


def failing_check_warnings(group: Group) -> tuple[str, ...]:
    """
    Return a warning for each health check of a load balancer, or another one beside the group's own, that fails.

    The verdict on a release is that of the group's own check alone: another check may fail for reasons that no rollout
    changes, such as a port that the instances do not serve.
    """
    names = Counter(name for instance in group.active_instances for name in instance.failing_checks)
    own = name_of(health_check_of(group.raw))
    return tuple(
        f"health check '{name}' does not find {count} of {len(group.active_instances)} instances healthy, and a rollout"
        f" is judged by '{own}' alone: a load balancer that uses '{name}' sends them no requests"
        for name, count in sorted(names.items())
    )


def is_empty(group: Group) -> bool:
    """Return whether the target size is 0 and no instance stays, the standby instances aside."""
    return group.target_size == 0 and not any(instance.version for instance in group.active_instances)


def is_idle(group: Group) -> bool:
    """Return whether nothing is left to do on a group: it is settled, or stable without instances."""
    return is_settled(group) or (group.is_stable and len(group.versions) == 1 and is_empty(group))


def is_settled(group: Group) -> bool:
    """Return whether a group serves one version from every instance, and has at least one instance."""
    return (
        group.is_stable
        and bool(group.active_instances)
        and len(group.versions) == 1
        and has_reached(group, group.versions[0])
        and len(group.active_instances) == group.target_size
        and all(is_serving(instance, group.versions[0]) for instance in group.active_instances)
    )


def lacks_only_stability(group: Group, target: Version) -> bool:
    """Return whether every instance of the target size serves a version, and the group has only to become stable."""
    remaining = [instance for instance in group.active_instances if instance.version is not None]
    return (
        not group.is_stable
        and has_reached(group, target)
        and len(remaining) == group.target_size
        and all(is_serving(instance, target) for instance in remaining)
    )


def is_on_one_version(group: Group) -> bool:
    """Return whether every instance that stays is on the group's only version, healthy or not."""
    return (
        len(group.versions) == 1
        and has_reached(group, group.versions[0])
        and all(instance.version in (group.versions[0], None) for instance in group.active_instances)
    )


def has_reached(group: Group, target: Version) -> bool:
    """
    Return whether the target of every instance that is meant to run is a version.

    The group's own flag decides, unless standby instances of another version may keep it false: whether Compute Engine
    updates standby instances, and when, is not documented. Then the rows of the other instances decide.
    """
    if group.is_reached or all(instance.version == target for instance in group.standby_instances):
        return group.is_reached
    return all(instance.version in (target, None) for instance in group.active_instances)


def _unmet_conditions(group: Group, target: Version, new: list[Instance]) -> list[str]:
    """Return the conditions of success that do not hold, in the order of a rollout."""
    serving = sum(is_serving(instance, target) for instance in new)
    actions = Counter(instance.action.lower() for instance in new if instance.action != "NONE")
    unhealthy = [instance for instance in new if instance.action == "NONE" and not is_serving(instance, target)]
    conditions = [f"{count} {action}" for action, count in sorted(actions.items())]
    conditions += [
        f"{instance.name} {(instance.health or instance.status or 'unknown').lower()}" for instance in unhealthy
    ]
    old = len(group.active_instances) - len(new)
    conditions += [f"old {old}"] if old else []
    conditions += [f"{serving} of {group.target_size}"] if serving < group.target_size and not conditions else []
    conditions += ["not reached"] if not has_reached(group, target) and not conditions else []
    return conditions + (["not stable"] if not group.is_stable and not conditions else [])
