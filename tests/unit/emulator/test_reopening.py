"""Reopening a state file: the clock goes on at the present if nothing was under way, else where it stopped."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.api.messages import Request
from emulator.emulator import Api
from emulator.environment.clock import Clock, reopened_s
from emulator.environment.environment import World
from emulator.environment.store import Store
from emulator.group.health import NEVER
from emulator.seed import plant, read_seed
from tests.unit.emulator.test_process import GROUP, SEED, TEMPLATES, Started

CLOSED_S = 1.8e9
PRESENT_S = CLOSED_S + 540.0
INSTANCES = GROUP.replace("instanceGroupManagers/dojangkok-dev-ai-server-mig", "instances")
IMAGE = "asia-northeast3-docker.pkg.dev/dojangkok-dev/dojangkok-ai/ai-server:latest"
Change = Callable[[Api], object]


def opened(path: Path, start_s: float) -> Api:
    """An emulator in this process on a state file; its clock stands still until it is moved."""
    store = Store(path)
    return Api(World(store, Clock(float(store.setting("now_s", start_s)), None)))


def ask(api: Api, verb: str, path: str, body: object = None) -> Any:
    answer = api.handle(Request(verb, path, {}, b"" if body is None else json.dumps(body).encode()))
    assert answer.status == 200, answer
    return json.loads(answer.body)


def closed(path: Path, change: Change, at_s: float = CLOSED_S) -> None:
    """Leave a state file behind: the seed's group, settled at a moment, and then a change."""
    api = opened(path, at_s - 600)
    plant(api, read_seed(Path(SEED)))
    api.world.clock.move(at_s - api.world.clock.now_s())
    assert ask(api, "GET", f"/{GROUP}")["status"]["isStable"]
    change(api)
    api.world.store.close()


def insert(api: Api, name: str) -> None:
    ask(api, "POST", f"/{TEMPLATES}", {"name": name, "properties": {"machineType": "e2-small"}})


def patch(api: Api) -> None:
    insert(api, "next")
    ask(api, "PATCH", f"/{GROUP}", {"versions": [{"instanceTemplate": "global/instanceTemplates/next"}]})


def first_name(api: Api) -> str:
    return next(iter(api.world.view.groups.values())).machines[0].name


def move(api: Api, seconds: float) -> None:
    api.world.clock.move(seconds)
    api.world.advance()


def verify_for_ever(api: Api) -> None:
    """A rollout whose new instance never becomes healthy, in a group that does not repair."""
    ask(api, "POST", "/emulator/machines", {"template": "next", "never_healthy": True})
    ask(api, "PATCH", f"/{GROUP}", {"instanceLifecyclePolicy": {"defaultActionOnFailure": "DO_NOTHING"}})
    patch(api)
    move(api, 3_000)
    assert api.world.next_s() == NEVER


def settle(api: Api) -> None:
    patch(api)
    move(api, 3_000)


UNDER_WAY: dict[str, Change] = {
    "an operation": lambda api: insert(api, "next"),
    "an operation that never ends": lambda api: (
        ask(api, "POST", "/emulator/faults", {"faults": [{"on": "*.insert", "operation": {"hang": True}}]}),
        insert(api, "next"),
        move(api, 3_000),
    ),
    "a rollout": lambda api: (patch(api), move(api, 20)),
    "a rollout that waits": verify_for_ever,
    "an instance that stops": lambda api: (
        ask(api, "POST", f"/{INSTANCES}/{first_name(api)}/stop"),
        move(api, 1.5),
    ),
    "an instance that is to fail": lambda api: (
        ask(api, "POST", "/emulator/machines", {"template": "next", "crash_after_s": 9_000}),
        settle(api),
    ),
    "a group that grows": lambda api: ask(api, "POST", f"/{GROUP}/resize?size=4"),
    "a group without capacity": lambda api: (
        ask(api, "PUT", "/emulator/capacity", {"asia-northeast3-a": 3}),
        ask(api, "POST", f"/{GROUP}/resize?size=4"),
        move(api, 3_000),
    ),
}
SETTLED: dict[str, Change] = {
    "nothing": lambda api: None,
    "an operation": lambda api: (insert(api, "next"), move(api, 60)),
    "a rollout": settle,
    "a part of the instances": lambda api: (
        insert(api, "next"),
        ask(api, "PATCH", f"/{GROUP}", {
            "versions": [
                {"instanceTemplate": "global/instanceTemplates/dojangkok-dev-ai-server-seed"},
                {"instanceTemplate": "global/instanceTemplates/next", "targetSize": {"fixed": 1}},
            ]
        }),
        move(api, 3_000),
    ),
    "a container": lambda api: (
        ask(api, "POST", "/emulator/ties", {"image": "host/app:1", "answers": True}),
        move(api, 60),
    ),
    "no group": lambda api: (ask(api, "DELETE", f"/{GROUP}"), move(api, 600)),
}  # fmt: skip


@pytest.mark.parametrize("change", UNDER_WAY.values(), ids=UNDER_WAY.keys())
def test_what_was_under_way_goes_on_where_it_was(tmp_path: Path, change: Change) -> None:
    state = tmp_path / "state.db"
    closed(state, change)
    api = opened(state, 0.0)
    kept_s = api.world.clock.now_s()
    assert not api.world.is_settled
    api.world.catch_up(kept_s + 10**6)
    assert api.world.clock.now_s() == api.world.now_s == kept_s


@pytest.mark.parametrize("change", SETTLED.values(), ids=SETTLED.keys())
def test_a_settled_state_goes_on_at_the_present_and_nothing_else_changes(tmp_path: Path, change: Change) -> None:
    state = tmp_path / "state.db"
    closed(state, change)
    api = opened(state, 0.0)
    entries = list(api.world.store.entries())
    groups = dict(api.world.view.groups)
    present_s = api.world.clock.now_s() + 540.0
    api.world.catch_up(present_s)
    assert api.world.clock.now_s() == api.world.now_s == present_s
    assert api.world.view.groups == groups
    assert list(api.world.store.entries()) == entries
    api.world.store.close()
    assert opened(state, 0.0).world.now_s == present_s


def test_times_of_two_openings_are_as_far_apart_as_the_openings(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    closed(state, lambda api: (insert(api, "first"), move(api, 33)))
    api = opened(state, 0.0)
    api.world.catch_up(PRESENT_S)
    insert(api, "second")
    first, second = (ask(api, "GET", f"/{TEMPLATES}/{name}")["creationTimestamp"] for name in ("first", "second"))
    assert (first, second) == ("2027-01-15T00:00:00.000-08:00", "2027-01-15T00:09:00.000-08:00")


@pytest.mark.parametrize(
    ("kept_s", "present_s", "is_settled", "expected_s"),
    [
        (100.0, 640.0, True, 640.0),
        (100.0, 640.0, False, 100.0),
        (900.0, 640.0, True, 900.0),
        (900.0, 640.0, False, 900.0),
        (640.0, 640.0, True, 640.0),
    ],
)
def test_the_clock_never_goes_back(kept_s: float, present_s: float, is_settled: bool, expected_s: float) -> None:
    assert reopened_s(kept_s, present_s, is_settled=is_settled) == expected_s


def test_a_clock_that_is_ahead_of_the_present_stays(tmp_path: Path) -> None:
    """Time that ran faster than the real one is not taken back."""
    state = tmp_path / "state.db"
    closed(state, lambda api: None)
    api = opened(state, 0.0)
    api.world.catch_up(CLOSED_S - 10**6)
    assert api.world.clock.now_s() == api.world.now_s == CLOSED_S


def now_s(emulator: Started) -> float:
    return float(emulator.client.get("/emulator/clock").json()["now_s"])


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def test_a_killed_process_is_followed_by_the_present(state: Path) -> None:
    """Twice: the second process is killed as well, and the third one's time runs fast."""
    closed(state, lambda api: None, time.time() - 3_600)
    for speed in (1, 600):
        began_s = time.time()
        emulator = Started("--open", "--state", str(state), "--speed", str(speed))
        try:
            shown_s = now_s(emulator)
            assert began_s <= shown_s <= began_s + (time.time() - began_s) * speed + 0.1
        finally:
            emulator.kill()


def test_a_clock_that_is_moved_by_hand_stays_where_it_was(state: Path) -> None:
    closed(state, lambda api: None, 1.7e9)
    emulator = Started("--open", "--state", str(state), "--manual")
    try:
        assert now_s(emulator) == 1.7e9
    finally:
        emulator.kill()


def health(api: Api) -> set[str]:
    rows = ask(api, "POST", f"/{GROUP}/listManagedInstances")["managedInstances"]
    return {
        f"{row['currentAction']} {one['detailedHealthState']}" for row in rows for one in row.get("instanceHealth", [])
    }


def answer(api: Api, *, answers: bool) -> None:
    """Let the container behind the seed's image answer a probe, or not."""
    known = api.world.circumstances.bounds[IMAGE]
    api.world.bind(known.probed(api.world.now_s, answers=answers))


@pytest.mark.parametrize(("silent_s", "before_s"), [(0, 0), (4, 0), (9, 3), (0, 6)])
def test_a_container_that_is_started_again_leaves_its_instances_healthy(
    tmp_path: Path, silent_s: int, before_s: int
) -> None:
    """
    Instances that serve a release outlive the call that made it; the container behind them is a new one in each call.

    Long after the initial delay, which the present is, an unhealthy instance is repaired at once.
    """
    state = tmp_path / "state.db"
    closed(state, lambda api: (ask(api, "POST", "/emulator/ties", {"image": IMAGE, "answers": True}), move(api, 60)))
    api = opened(state, 0.0)
    api.world.catch_up(PRESENT_S)
    ask(api, "POST", "/emulator/ties", {"image": IMAGE, "url": "http://release:8000/health"})
    for answers, seconds in ((False, before_s), (True, 3), (False, silent_s), (True, 60)):
        for _ in range(seconds):
            answer(api, answers=answers)
            move(api, 1)
            assert health(api) == {"NONE HEALTHY"}


def test_a_container_that_does_not_come_up_again_makes_its_instances_unhealthy(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    closed(state, lambda api: (ask(api, "POST", "/emulator/ties", {"image": IMAGE, "answers": True}), move(api, 60)))
    api = opened(state, 0.0)
    api.world.catch_up(PRESENT_S)
    ask(api, "POST", "/emulator/ties", {"image": IMAGE, "url": "http://release:8000/health"})
    silent_s = 0
    while health(api) == {"NONE HEALTHY"}:
        answer(api, answers=False)
        move(api, 1)
        silent_s += 1
    # The start that it is given, and then three probes, five seconds apart.
    assert 20 <= silent_s <= 26
    assert {machine.action for machine in next(iter(api.world.view.groups.values())).machines} == {"RECREATING"}


def test_a_container_that_is_silent_for_as_many_probes_as_the_threshold_is_unhealthy(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    closed(state, lambda api: (ask(api, "POST", "/emulator/ties", {"image": IMAGE, "answers": True}), move(api, 60)))
    api = opened(state, 0.0)
    answer(api, answers=False)
    move(api, 16)
    answer(api, answers=True)
    assert "NONE HEALTHY" not in health(api)
