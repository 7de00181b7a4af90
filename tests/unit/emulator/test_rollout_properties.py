"""Properties of every rollout: zonal or regional, drained or not, with generated policies, profiles, disturbances."""

import os
from dataclasses import replace

from hypothesis import HealthCheck, event, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from emulator.environment.group_status import current_actions
from emulator.group.distribution import is_even
from emulator.group.instances import Version
from emulator.group.members import with_action_on, with_instance
from emulator.group.profile import Profile
from emulator.group.settings import Settings, Target
from emulator.group.state import is_reached, is_stable
from tests.unit.emulator.group_rollout import OLD, ZONES, GroupRollout, available, settings, settled

SECONDS = st.floats(min_value=0.0, max_value=60.0, allow_nan=False)
PROFILES = st.builds(Profile, create_s=SECONDS, boot_s=SECONDS, answer_s=SECONDS, stop_s=SECONDS, delete_s=SECONDS)
SIZES = st.integers(1, 20)
POLICIES = st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(any)
LOCATIONS = st.builds(
    lambda count, redistributes, drain_s: {
        "zones": ZONES[:count],
        "redistributes": redistributes,
        "drain_s": drain_s,
    },
    st.sampled_from([1, 2, 3]),
    st.booleans(),
    st.sampled_from([0.0, 7.0, 90.0]),
)
DISTURBANCES = st.lists(
    st.tuples(st.sampled_from(["patch", "resize", "crash", "delete"]), st.integers(1, 20), st.integers(1, 25)),
    max_size=4,
)
EXAMPLES = int(os.environ.get("EXAMPLES", "15"))  # of each property; .ci/run tries more
RUNS = hypothesis_settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def version(number: int) -> Version:
    """Return a version by number."""
    return Version(f"projects/p/global/instanceTemplates/v{number}")


def least_available(current: Settings) -> int:
    """Return how many instances the update policy keeps available."""
    return current.size - current.unavailable


def assert_flags_agree(rollout: GroupRollout) -> None:
    """Check that the flags and counters agree with the instances."""
    group, current = rollout.group, rollout.settings
    counts = current_actions(group)
    assert sum(counts.values()) == len(group.instances)
    if is_stable(group, current):
        assert counts["none"] == len(group.instances) == current.size
        assert is_even(group, current) or not current.redistributes
    if is_reached(group, current) and current.proactive:
        assert {instance.intended for instance in group.living} <= set(current.versions)


@RUNS
@given(size=SIZES, policy=POLICIES, profile=PROFILES, location=LOCATIONS, counts_deleting=st.booleans())
def test_a_rollout_stays_within_its_limits_and_settles(
    size: int, policy: tuple[int, int], profile: Profile, location: dict[str, object], counts_deleting: bool
) -> None:
    """With any policy and profile a rollout keeps its limits at every moment, and ends evenly distributed."""
    surge, unavailable = policy
    rollout = settled(size, **location)
    rollout.profiles["v1"] = profile
    limits = {"surge": surge, "unavailable": min(unavailable, size), "counts_deleting": counts_deleting}
    rollout.patch(settings(version(1), size, **limits, **location))
    for group in rollout.settle():
        assert len(available(group)) >= least_available(rollout.settings)
        assert len(group.instances if counts_deleting else group.living) <= size + surge
        assert_flags_agree(rollout)
    assert rollout.versions() == [version(1)] * size
    assert is_even(rollout.group, rollout.settings)
    event(f"surge {min(surge, 2)}, unavailable {min(unavailable, 2)}")


@RUNS
@given(
    size=SIZES,
    policy=POLICIES,
    disturbances=DISTURBANCES,
    profile=PROFILES,
    location=LOCATIONS,
    counts_deleting=st.booleans(),
)
def test_a_disturbed_group_settles(
    size: int,
    policy: tuple[int, int],
    disturbances: list[tuple[str, int, int]],
    profile: Profile,
    location: dict[str, object],
    counts_deleting: bool,
) -> None:
    """After patches, resizes, crashes and recreations a group ends with its size and a target version."""
    surge, unavailable = policy
    rollout = settled(size, **location)
    limits = {"surge": surge, "unavailable": unavailable, "counts_deleting": counts_deleting}
    rollout.patch(settings(version(0), size, **limits, **location))
    largest = size
    for number, (kind, amount, moments) in enumerate(disturbances, start=1):
        for index, _ in enumerate(rollout.moments()):
            assert len(rollout.group.living) <= largest + surge
            assert_flags_agree(rollout)
            if index >= moments:
                break
        disturb(rollout, kind, amount, number)
        largest = max(largest, rollout.settings.size)
        rollout.profiles[f"v{number}"] = profile
    rollout.settle()
    assert len(available(rollout.group)) == rollout.settings.size
    assert set(rollout.versions()) <= set(rollout.settings.versions)


@RUNS
@given(size=SIZES, crashes=st.lists(st.integers(0, 19), max_size=3), profile=PROFILES, location=LOCATIONS)
def test_a_rollout_loses_only_the_recreated_instances(
    size: int, crashes: list[int], profile: Profile, location: dict[str, object]
) -> None:
    """A rollout replaces no available instance beyond those that were recreated meanwhile."""
    rollout = settled(size, **location)
    rollout.profiles["v1"] = profile
    rollout.patch(settings(version(1), size, surge=1, unavailable=0, **location))
    lost = 0
    for index, group in enumerate(rollout.moments()):
        if index in crashes and available(group):
            disturb(rollout, "delete", 1, 0)
            lost += 1
        assert len(available(rollout.group)) >= size - lost
        if is_stable(group, rollout.settings):
            break


@RUNS
@given(size=st.integers(2, 20), share=st.integers(1, 19), location=LOCATIONS)
def test_a_canary_has_its_size(size: int, share: int, location: dict[str, object]) -> None:
    """A canary gets exactly its size, in a group of any size."""
    share = min(share, size - 1)
    rollout = settled(size, **location)
    targets = (Target(version(1), share), Target(OLD, size - share))
    rollout.patch(settings(version(1), size, targets=targets, **location))
    for group in rollout.settle():
        assert len(available(group)) >= size
    assert rollout.versions().count(version(1)) == share


def disturb(rollout: GroupRollout, kind: str, amount: int, number: int) -> None:
    """Change a group as people and failures do: patch, resize, crash or recreate."""
    current, group = rollout.settings, rollout.group
    if kind == "patch":
        target = Target(version(number), current.size)
        rollout.patch(replace(current, targets=(target,)))
    elif kind == "resize":
        rollout.patch(replace(current, size=amount, targets=(replace(current.targets[0], size=amount),)))
    elif group.instances:
        victim = group.instances[amount % len(group.instances)]
        if kind == "crash":
            crashed = replace(victim, profile=replace(victim.profile, crash_after_s=0.0))
            rollout.group = with_instance(group, crashed)
        else:
            rollout.group = with_action_on(group, {victim.name}, "RECREATING", current)
        rollout.patch(current)
