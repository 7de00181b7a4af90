"""Reopening a state file: the clock continues at the present if the state was settled, else where it stopped."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.emulator import Emulator
from emulator.group.health import NEVER
from emulator.seed import plant, read_seed
from tests.integration.emulator.process import EmulatorProcess
from tests.integration.emulator.seeded import (
    GROUP,
    INSTANCES,
    SEED,
    START_S,
    TEMPLATES,
    insert_template,
    move,
    opened,
    patch_to_next,
    succeed,
)

PRESENT_S = START_S + 540.0
Change = Callable[[Emulator], object]


def closed(path: Path, change: Change, at_s: float = START_S) -> None:
    """Write a state file: the seed's group, settled at a moment, and then a change."""
    emulator = opened(path, at_s - 600)
    plant(emulator, read_seed(Path(SEED)))
    emulator.environment.clock.move(at_s - emulator.environment.clock.now_s())
    assert succeed(emulator, "GET", f"/{GROUP}")["status"]["isStable"]
    change(emulator)
    emulator.environment.store.close()


def first_name(emulator: Emulator) -> str:
    """Return the name of the group's first instance."""
    return next(iter(emulator.environment.view.groups.values())).instances[0].name


def verify_without_end(emulator: Emulator) -> None:
    """Begin a rollout whose new instance never becomes healthy, in a group that does not repair."""
    succeed(emulator, "POST", "/emulator/instance-rules", {"template": "next", "never_healthy": True})
    succeed(emulator, "PATCH", f"/{GROUP}", {"instanceLifecyclePolicy": {"defaultActionOnFailure": "DO_NOTHING"}})
    patch_to_next(emulator)
    move(emulator, 3_000)
    assert emulator.environment.next_s() == NEVER


def roll_out(emulator: Emulator) -> None:
    """Complete a rollout."""
    patch_to_next(emulator)
    move(emulator, 3_000)


UNSETTLED: dict[str, Change] = {
    "an operation": lambda emulator: insert_template(emulator, "next"),
    "an operation that never ends": lambda emulator: (
        succeed(emulator, "POST", "/emulator/faults", {"faults": [{"on": "*.insert", "operation": {"hang": True}}]}),
        insert_template(emulator, "next"),
        move(emulator, 3_000),
    ),
    "a rollout": lambda emulator: (patch_to_next(emulator), move(emulator, 20)),
    "a rollout that waits": verify_without_end,
    "an instance that stops": lambda emulator: (
        succeed(emulator, "POST", f"/{INSTANCES}/{first_name(emulator)}/stop"),
        move(emulator, 1.5),
    ),
    "an instance that is to fail": lambda emulator: (
        succeed(emulator, "POST", "/emulator/instance-rules", {"template": "next", "crash_after_s": 9_000}),
        roll_out(emulator),
    ),
    "a group that grows": lambda emulator: succeed(emulator, "POST", f"/{GROUP}/resize?size=4"),
    "a group without capacity": lambda emulator: (
        succeed(emulator, "PUT", "/emulator/capacity", {"asia-northeast3-a": 3}),
        succeed(emulator, "POST", f"/{GROUP}/resize?size=4"),
        move(emulator, 3_000),
    ),
}
SETTLED: dict[str, Change] = {
    "nothing": lambda emulator: None,
    "an operation": lambda emulator: (insert_template(emulator, "next"), move(emulator, 60)),
    "a rollout": roll_out,
    "a part of the instances": lambda emulator: (
        insert_template(emulator, "next"),
        succeed(emulator, "PATCH", f"/{GROUP}", {
            "versions": [
                {"instanceTemplate": "global/instanceTemplates/dojangkok-dev-ai-server-seed"},
                {"instanceTemplate": "global/instanceTemplates/next", "targetSize": {"fixed": 1}},
            ]
        }),
        move(emulator, 3_000),
    ),
    "a container": lambda emulator: (
        succeed(emulator, "POST", "/emulator/bindings", {"image": "host/app:1", "answers": True}),
        move(emulator, 60),
    ),
    "no group": lambda emulator: (succeed(emulator, "DELETE", f"/{GROUP}"), move(emulator, 600)),
}  # fmt: skip


@pytest.mark.parametrize("change", UNSETTLED.values(), ids=UNSETTLED.keys())
def test_an_unsettled_state_continues_where_it_stopped(state: Path, change: Change) -> None:
    """A state with an operation, a rollout or a scheduled change continues at the time at which it stopped."""
    closed(state, change)
    emulator = opened(state, 0.0)
    kept_s = emulator.environment.clock.now_s()
    assert not emulator.environment.is_settled
    emulator.environment.catch_up(kept_s + 10**6)
    assert emulator.environment.clock.now_s() == emulator.environment.now_s == kept_s


@pytest.mark.parametrize("change", SETTLED.values(), ids=SETTLED.keys())
def test_a_settled_state_continues_at_the_present(state: Path, change: Change) -> None:
    """A settled state continues at the present, with the same groups and the same request log."""
    closed(state, change)
    emulator = opened(state, 0.0)
    entries = list(emulator.environment.store.entries())
    groups = dict(emulator.environment.view.groups)
    present_s = emulator.environment.clock.now_s() + 540.0
    emulator.environment.catch_up(present_s)
    assert emulator.environment.clock.now_s() == emulator.environment.now_s == present_s
    assert emulator.environment.view.groups == groups
    assert list(emulator.environment.store.entries()) == entries
    emulator.environment.store.close()
    assert opened(state, 0.0).environment.now_s == present_s


def test_the_time_between_two_openings_passes(state: Path) -> None:
    """Templates of two openings are as far apart as the openings."""
    closed(state, lambda emulator: (insert_template(emulator, "first"), move(emulator, 33)))
    emulator = opened(state, 0.0)
    emulator.environment.catch_up(PRESENT_S)
    insert_template(emulator, "second")
    first, second = (
        succeed(emulator, "GET", f"/{TEMPLATES}/{name}")["creationTimestamp"] for name in ("first", "second")
    )
    assert (first, second) == ("2027-01-15T00:00:00.000-08:00", "2027-01-15T00:09:00.000-08:00")


def test_a_clock_ahead_of_the_present_stays(tmp_path: Path) -> None:
    """Virtual time that ran faster than real time is kept."""
    state = tmp_path / "state.db"
    closed(state, lambda emulator: None)
    emulator = opened(state, 0.0)
    emulator.environment.catch_up(START_S - 10**6)
    assert emulator.environment.clock.now_s() == emulator.environment.now_s == START_S


def now_s(process: EmulatorProcess) -> float:
    """Return the virtual time of a process."""
    return float(process.client.get("/emulator/clock").json()["now_s"])


def test_after_a_kill_a_settled_state_continues_at_the_present(state: Path) -> None:
    """Two processes are killed; each following process begins at the present, the last with a fast clock."""
    closed(state, lambda emulator: None, time.time() - 3_600)
    for speed in (1, 600):
        began_s = time.time()
        process = EmulatorProcess("--open", "--state", str(state), "--speed", str(speed))
        try:
            shown_s = now_s(process)
            assert began_s <= shown_s <= began_s + (time.time() - began_s) * speed + 0.1
        finally:
            process.kill()


def test_a_manual_clock_stays(state: Path) -> None:
    """With --manual a reopened state stays at its time."""
    closed(state, lambda emulator: None, 1.7e9)
    process = EmulatorProcess("--open", "--state", str(state), "--manual")
    try:
        assert now_s(process) == 1.7e9
    finally:
        process.kill()
