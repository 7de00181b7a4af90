"""What holds in every rollout, whatever happens in it."""

import os
from dataclasses import replace

from hypothesis import HealthCheck, event, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from emulator.environment.group_status import current_actions, is_reached, is_stable
from emulator.group.health import Behaviour
from emulator.group.instances import Version
from emulator.group.members import Group, Settings, Target, act, living
from tests.unit.emulator.rollouts import OLD, Rollout, available, settings, started

SECONDS = st.floats(min_value=0.0, max_value=60.0, allow_nan=False)
BEHAVIOURS = st.builds(Behaviour, create_s=SECONDS, boot_s=SECONDS, answer_s=SECONDS, stop_s=SECONDS, delete_s=SECONDS)
SIZES = st.integers(1, 20)
POLICIES = st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(any)
DISTURBANCES = st.lists(
    st.tuples(st.sampled_from(["patch", "resize", "crash", "delete"]), st.integers(1, 20), st.integers(1, 25)),
    max_size=4,
)
EXAMPLES = int(os.environ.get("EXAMPLES", "15"))  # of each property; .ci/run tries more
RUNS = hypothesis_settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def version(number: int) -> Version:
    return Version(f"projects/p/global/instanceTemplates/v{number}")


def promised(told: Settings, group: Group) -> int:
    """Machines that a policy promises to keep available."""
    return told.size - told.unavailable


def assert_flags_agree(rollout: Rollout) -> None:
    """The status says no more than the machines do."""
    group, told = rollout.group, rollout.told
    counts = current_actions(group)
    assert sum(counts.values()) == len(group.machines)
    if is_stable(group, told):
        assert counts["none"] == len(group.machines) == told.size
    if is_reached(group, told) and told.proactive:
        assert {machine.intended for machine in living(group)} <= set(told.versions)


@RUNS
@given(size=SIZES, policy=POLICIES, behaviour=BEHAVIOURS)
def test_rollout_keeps_its_promises_and_settles(size: int, policy: tuple[int, int], behaviour: Behaviour) -> None:
    surge, unavailable = policy
    rollout = started(size)
    rollout.behaviours["v1"] = behaviour
    rollout.tell(settings(version(1), size, surge=surge, unavailable=min(unavailable, size)))
    for group in rollout.settle():
        assert len(available(group)) >= promised(rollout.told, group)
        assert len(living(group)) <= size + surge
        assert_flags_agree(rollout)
    assert rollout.versions() == [version(1)] * size
    event(f"surge {min(surge, 2)}, unavailable {min(unavailable, 2)}")


@RUNS
@given(size=SIZES, policy=POLICIES, disturbances=DISTURBANCES, behaviour=BEHAVIOURS)
def test_whatever_interferes_every_run_that_should_settle_settles(
    size: int, policy: tuple[int, int], disturbances: list[tuple[str, int, int]], behaviour: Behaviour
) -> None:
    surge, unavailable = policy
    rollout = started(size)
    rollout.tell(settings(version(0), size, surge=surge, unavailable=unavailable))
    largest = size
    for number, (kind, amount, moments) in enumerate(disturbances, start=1):
        for index, _ in enumerate(rollout.moments()):
            assert len(living(rollout.group)) <= largest + surge
            assert_flags_agree(rollout)
            if index >= moments:
                break
        disturb(rollout, kind, amount, number)
        largest = max(largest, rollout.told.size)
        rollout.behaviours[f"v{number}"] = behaviour
    rollout.settle()
    assert len(available(rollout.group)) == rollout.told.size
    assert set(rollout.versions()) <= set(rollout.told.versions)


@RUNS
@given(size=SIZES, crashes=st.lists(st.integers(0, 19), max_size=3), behaviour=BEHAVIOURS)
def test_no_more_than_crashed_is_lost(size: int, crashes: list[int], behaviour: Behaviour) -> None:
    """A machine that crashes counts against nobody else: the roll never takes a healthy one too many."""
    rollout = started(size)
    rollout.behaviours["v1"] = behaviour
    rollout.tell(settings(version(1), size, surge=1, unavailable=0))
    lost = 0
    for index, group in enumerate(rollout.moments()):
        if index in crashes and available(group):
            disturb(rollout, "delete", 1, 0)
            lost += 1
        assert len(available(rollout.group)) >= size - lost
        if is_stable(group, rollout.told):
            break


@RUNS
@given(size=st.integers(2, 20), share=st.integers(1, 19))
def test_canary_has_its_size(size: int, share: int) -> None:
    share = min(share, size - 1)
    rollout = started(size)
    rollout.tell(settings(version(1), size, targets=(Target(version(1), share), Target(OLD, size - share))))
    for group in rollout.settle():
        assert len(available(group)) >= size
    assert rollout.versions().count(version(1)) == share


def disturb(rollout: Rollout, kind: str, amount: int, number: int) -> None:
    """Do to a group what people and machines do to groups."""
    told, group = rollout.told, rollout.group
    if kind == "patch":
        rollout.tell(settings(version(number), told.size, surge=told.surge, unavailable=told.unavailable))
    elif kind == "resize":
        rollout.tell(replace(told, size=amount, targets=(replace(told.targets[0], size=amount),)))
    elif group.machines:
        victim = group.machines[amount % len(group.machines)]
        if kind == "crash":
            crashed = replace(victim, behaviour=replace(victim.behaviour, crash_after_s=0.0))
            machines = tuple(crashed if one is victim else one for one in group.machines)
            rollout.group = replace(group, machines=machines)
        else:
            rollout.group = act(group, {victim.name}, "RECREATING", told)
        rollout.tell(told)
