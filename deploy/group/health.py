"""Whether a rollout has succeeded, must wait, or has failed: pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from deploy.documents.group_state import Group, Instance, Version, initial_delay_s

# Codes that more waiting does not mend. Source: public reports of groups that retried them for half an hour.
CAPACITY_CODES: Final = frozenset(
    {
        "ZONE_RESOURCE_POOL_EXHAUSTED",
        "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS",
        "QUOTA_EXCEEDED",
        "IP_SPACE_EXHAUSTED",
        "IP_SPACE_EXHAUSTED_WITH_DETAILS",
        "VM_MIN_COUNT_NOT_REACHED",
    }
)
_LOOKS_BEFORE_CAPACITY: Final = 2
_REPAIRS_BEFORE_FAILURE: Final = 2
NOTHING_PROVEN: Final = "no instances, nothing proven"


@dataclass(frozen=True)
class Verdict:
    """
    What a look at a group says.

    Args:
        state: done, waiting, failed, capacity (failed for want of it), or superseded.
        text: What it waits for, or why it failed.
        machine: That failed; empty if none did by itself.
        fix: One action against the cause; empty if the cause is what the instance's output shows.
        is_repair: Whether the group recreated the instance because it was unhealthy.
    """

    state: Literal["done", "waiting", "failed", "capacity", "superseded"]
    text: str
    machine: str = ""
    fix: str = ""
    is_repair: bool = False


@dataclass(frozen=True)
class PollSummary:
    """
    What earlier looks have seen, as far as the verdict needs it.

    Args:
        had_instances: Whether the group had or was to have instances, at preflight or in any poll.
        capacity_looks: Looks in a row at which a new machine lacked capacity.
        repairs: How often each new machine was seen to begin being recreated.
        recreating: New machines that were being recreated at the last look.
    """

    had_instances: bool = False
    capacity_looks: int = 0
    repairs: Mapping[str, int] = field(default_factory=dict)
    recreating: frozenset[str] = frozenset()


def add_poll(group: Group, target: Version, seen: PollSummary) -> PollSummary:
    """Add a look to what was seen."""
    new = [machine for machine in group.active_instances if machine.version == target]
    short = any(code in CAPACITY_CODES for machine in new for code, _ in machine.errors if machine.status == "")
    recreating = frozenset(machine.name for machine in new if machine.action == "RECREATING")
    repairs = Counter(seen.repairs)
    repairs.update(recreating - seen.recreating)
    return PollSummary(
        had_instances=seen.had_instances or not is_empty(group),
        capacity_looks=seen.capacity_looks + 1 if short else 0,
        repairs=dict(repairs),
        recreating=recreating,
    )


def group_verdict(group: Group, target: Version, seen: PollSummary, *, needs_proof: bool = True) -> Verdict:
    """
    Judge a group.

    Success is: stable, target reached, one version, and every machine of that version, RUNNING, without an action and
    HEALTHY. Each flag alone lies at some moment of every rollout. Instances of the standby pool are left out.

    Args:
        group: As it was read after our write.
        target: Version that was asked for.
        seen: Looks until now, this one included.
        needs_proof: Whether a group that had instances and has none any more is a failure: nothing proves the release.
            A fallback is proven already.
    """
    if group.versions != (target,):
        now = ", ".join(f"{one.template} '{one.name}'" for one in group.versions)
        return Verdict("superseded", f"the group is now told to serve {now}")
    if needs_proof and seen.had_instances and is_empty(group):
        text = "the target size became 0 during the rollout, so no instance proves the release"
        return Verdict("failed", text, fix="resize the group, and deploy again")
    new = [machine for machine in group.active_instances if machine.version == target]
    if seen.capacity_looks >= _LOOKS_BEFORE_CAPACITY:
        short = next(one for one in new if any(code in CAPACITY_CODES for code, _ in one.errors))
        code, message = next((code, text) for code, text in short.errors if code in CAPACITY_CODES)
        return Verdict("capacity", f"{code}: {message}", short.name)
    for name, count in seen.repairs.items():
        if count >= _REPAIRS_BEFORE_FAILURE:
            delay = f"after the initial delay of {initial_delay_s(group.raw)} s"
            text = f"{name} was recreated {count} times because it was unhealthy {delay}"
            fix = "mend what the instance's output shows, or raise initialDelaySec if it only starts slowly"
            return Verdict("failed", text, name, fix, is_repair=True)
    waits = [*_waits(group, target, new)]
    if waits:
        return Verdict("waiting", " · ".join(waits))
    return Verdict("done", NOTHING_PROVEN if is_empty(group) else f"{len(new)} of {group.target_size} healthy")


def with_delay_cause(found: Verdict, short_delay: str) -> Verdict:
    """
    Return a verdict with the group's initial delay as its cause, if the group repaired an instance and it is too short.

    Args:
        found: The verdict.
        short_delay: What the initial delay is shorter than; empty if it is long enough.
    """
    if not (found.is_repair and short_delay):
        return found
    return replace(found, text=f"{found.text}; {short_delay}", fix="raise initialDelaySec, and deploy again")


def is_serving(machine: Instance, target: Version) -> bool:
    """Return whether a machine is what was asked for, and healthy."""
    return (machine.version, machine.status, machine.action, machine.health) == (target, "RUNNING", "NONE", "HEALTHY")


def is_empty(group: Group) -> bool:
    """Return whether a group neither is to have running instances nor has one that stays."""
    return group.target_size == 0 and not any(instance.version for instance in group.active_instances)


def is_idle(group: Group) -> bool:
    """Return whether nothing is left to do on a group: it is settled, or stable without instances."""
    return is_settled(group) or (group.is_stable and len(group.versions) == 1 and is_empty(group))


def is_settled(group: Group) -> bool:
    """Return whether a group serves one version from every instance, and has at least one."""
    return (
        group.is_stable
        and bool(group.active_instances)
        and len(group.versions) == 1
        and has_reached(group, group.versions[0])
        and len(group.active_instances) == group.target_size
        and all(is_serving(machine, group.versions[0]) for machine in group.active_instances)
    )


def is_on_one_version(group: Group) -> bool:
    """Return whether every machine that stays is of the group's one version, whatever else it does just now."""
    return (
        len(group.versions) == 1
        and has_reached(group, group.versions[0])
        and all(machine.version in (group.versions[0], None) for machine in group.active_instances)
    )


def has_reached(group: Group, target: Version) -> bool:
    """
    Return whether every instance that is meant to run is meant to be of a version.

    The group's own flag counts, unless standby instances of another version may be why it is not set: whether Compute
    Engine updates them, and when, is not documented. Then the rows of the other instances decide.
    """
    if group.is_reached or all(instance.version == target for instance in group.standby_instances):
        return group.is_reached
    return all(instance.version in (target, None) for instance in group.active_instances)


def _waits(group: Group, target: Version, new: list[Instance]) -> list[str]:
    """Everything that is not as it must be, in the order of a rollout."""
    serving = sum(is_serving(machine, target) for machine in new)
    actions = Counter(machine.action.lower() for machine in new if machine.action != "NONE")
    unhealthy = [one for one in new if one.action == "NONE" and not is_serving(one, target)]
    waits = [f"{count} {action}" for action, count in sorted(actions.items())]
    waits += [f"{one.name} {(one.health or one.status or 'unknown').lower()}" for one in unhealthy]
    old = len(group.active_instances) - len(new)
    waits += [f"old {old}"] if old else []
    waits += [f"{serving} of {group.target_size}"] if serving < group.target_size and not waits else []
    waits += ["not reached"] if not has_reached(group, target) and not waits else []
    return waits + (["not stable"] if not group.is_stable and not waits else [])
