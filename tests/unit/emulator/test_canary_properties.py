"""Properties of groups with two versions: limits, convergence and the instances that stay, under any change."""

import os
from collections import Counter
from dataclasses import replace

from hypothesis import HealthCheck, event, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from emulator.environment.group_settings import amount
from emulator.group.distribution import is_even
from emulator.group.instances import Instance
from emulator.group.members import Group, with_action_on, with_instance
from emulator.group.profile import Profile
from emulator.group.settings import Settings, Target
from emulator.group.state import is_reached
from tests.unit.emulator.group_rollout import NEW, OLD, ZONES, GroupRollout, available, settled

EXAMPLES = int(os.environ.get("EXAMPLES", "15"))  # of each property; .ci/run tries more
RUNS = hypothesis_settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PROFILES = st.builds(
    Profile,
    create_s=st.floats(0, 60),
    boot_s=st.floats(0, 60),
    answer_s=st.none() | st.floats(0, 60),
    stop_s=st.floats(0, 60),
    delete_s=st.floats(0, 60),
)
SIZES = st.integers(1, 12)
# Surge and unavailable of a regional group are 0 or at least the number of its zones.
POLICIES = st.sampled_from([(1, 0), (3, 0), (0, 1), (0, 3), (3, 3), (5, 4)])
LOCATIONS = st.sampled_from([{"zones": ZONES[:count], "redistributes": count > 1} for count in (1, 2, 3)])
TARGETS = st.one_of(
    st.none(),
    st.integers(0, 14).map(lambda count: {"fixed": count}),
    st.integers(0, 100).map(lambda percent: {"percent": percent}),
)
CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["target", "target", "resize", "delete", "crash", "recreate"]),
        SIZES,
        TARGETS,
        st.integers(0, 25),
    ),
    min_size=1,
    max_size=6,
)


def with_canary(current: Settings, size: int, target: dict[str, int] | None) -> Settings:
    """Return settings with another size and canary; a target of None ends the canary."""
    count = min(size, amount(target or {}, size))
    targets = (Target(NEW, count), Target(OLD, size - count)) if target is not None else (Target(OLD, size),)
    return replace(current, size=size, targets=targets)


def canaries(group: Group) -> list[Instance]:
    """Return the instances of the canary that the group keeps."""
    return [instance for instance in group.living if instance.intended == NEW]


def wanted(current: Settings) -> int:
    """Return the size of the canary."""
    return sum(target.size for target in current.targets if target.version == NEW)


def most_canaries(rollout: GroupRollout) -> int:
    """
    Return how many instances of the canary the next moment may have at most.

    One more than its size appears where a fullest zone has nothing else, so that an instance of the canary is moved.
    """
    group, current = rollout.group, rollout.settings
    zones = Counter(instance.zone for instance in group.living)
    mixed = {instance.zone for instance in group.living if instance.intended != NEW}
    is_moved = any(count == max(zones.values()) and zone not in mixed for zone, count in zones.items())
    return max(len(canaries(group)), wanted(current) + int(current.redistributes and is_moved))


@RUNS
@given(
    size=SIZES, changes=CHANGES, policy=POLICIES, profile=PROFILES, location=LOCATIONS, counts_deleting=st.booleans(),
    substitutes=st.booleans(),
)  # fmt: skip
def test_a_canary_never_exceeds_its_size(
    size: int, changes: list[tuple[str, int, dict[str, int] | None, int]], policy: tuple[int, int], profile: Profile,
    location: dict[str, object], counts_deleting: bool, substitutes: bool,
) -> None:  # fmt: skip
    """
    Under changed targets, resizes, crashes and recreations a canary gains no instance above its size; the group keeps
    its limits, and ends with exactly the sizes of both versions.
    """
    surge, unavailable = policy if substitutes else (0, max(policy))
    rollout = settled(size, **location)
    rollout.profiles["new"] = profile
    limited = replace(rollout.settings, surge=surge, unavailable=unavailable, counts_deleting=counts_deleting)
    rollout.patch(replace(limited, substitutes=substitutes))
    largest, target, is_disturbed = size, None, False
    for kind, number, next_target, moments in changes:
        if kind == "target":
            target = next_target
        if kind in ("target", "resize"):
            new_size = number if kind == "resize" else rollout.settings.size
            rollout.patch(with_canary(rollout.settings, new_size, target))
        elif rollout.group.instances:
            disturb(rollout, kind, number, target)
            is_disturbed = True
        largest = max(largest, rollout.settings.size)
        event(f"{kind}, {'canary' if target else 'no canary'}")
        serving = len(available(rollout.group))
        most = most_canaries(rollout)
        for index, group in enumerate(rollout.moments()):
            assert len(canaries(group)) <= most
            most = most_canaries(rollout)
            assert len(group.living) <= largest + surge
            if not is_disturbed and profile.answer_s is not None:
                least = min(serving, rollout.settings.size - unavailable)
                assert len(available(group)) >= least, (serving, rollout.settings)
                serving = max(serving, len(available(group)))
            if index >= moments:
                break
    rollout.profiles["new"] = Profile()
    rollout.patch(with_canary(rollout.settings, rollout.settings.size, target))
    if profile.answer_s is None:  # instances that are never healthy do not heal by themselves
        healed = [replace(instance, profile=Profile()) for instance in rollout.group.instances]
        rollout.group = replace(rollout.group, instances=tuple(healed))
    rollout.settle()
    assert is_reached(rollout.group, rollout.settings)
    assert len(canaries(rollout.group)) == wanted(rollout.settings)
    assert len(available(rollout.group)) == rollout.settings.size
    assert is_even(rollout.group, rollout.settings) or not rollout.settings.redistributes


def disturb(rollout: GroupRollout, kind: str, number: int, target: dict[str, int] | None) -> None:
    """Let an instance crash for good, recreate an instance, or delete some with a smaller target size."""
    victim, current = rollout.group.instances[number % len(rollout.group.instances)], rollout.settings
    if kind == "crash":
        crashed = replace(victim, profile=replace(victim.profile, crash_after_s=0.0))
        rollout.group = with_instance(rollout.group, crashed)
    elif kind == "recreate":
        rollout.group = with_action_on(rollout.group, {victim.name}, "RECREATING", current)
    else:
        names = {instance.name for instance in rollout.group.living if instance.zone == victim.zone}
        rollout.group = with_action_on(rollout.group, names, "DELETING", current)
        current = with_canary(current, max(1, current.size - len(names)), target)
    rollout.patch(current)
