"""A container that is bound again to an image: the health of instances that did not restart."""

from pathlib import Path

import pytest

from emulator.emulator import Emulator
from emulator.environment.bindings import probed
from tests.integration.emulator.seeded import GROUP, START_S, move, opened, settled, succeed

IMAGE = "asia-northeast3-docker.pkg.dev/dojangkok-dev/dojangkok-ai/ai-server:latest"
PRESENT_S = START_S + 3_600.0


def close_with_binding(state: Path) -> None:
    """Write a state file whose instances are HEALTHY by a bound container."""
    emulator = settled(state)
    succeed(emulator, "POST", "/emulator/bindings", {"image": IMAGE, "answers": True})
    move(emulator, 60)
    emulator.environment.store.close()


def reopened_and_rebound(state: Path) -> Emulator:
    """Open the state file again, long after the initial delay, and bind a new container."""
    emulator = opened(state)
    emulator.environment.catch_up(PRESENT_S)
    succeed(emulator, "POST", "/emulator/bindings", {"image": IMAGE, "url": "http://release:8000/health"})
    return emulator


def health(emulator: Emulator) -> set[str]:
    """Return the current actions and health states of all instances."""
    rows = succeed(emulator, "POST", f"/{GROUP}/listManagedInstances")["managedInstances"]
    return {
        f"{row['currentAction']} {health['detailedHealthState']}"
        for row in rows
        for health in row.get("instanceHealth", [])
    }


def probe(emulator: Emulator, *, answers: bool) -> None:
    """Store the result of a probe of the bound container."""
    environment = emulator.environment
    binding = environment.instance_controls.bindings[IMAGE]
    environment.bind(probed(binding, environment.now_s, answers=answers))


@pytest.mark.parametrize(("silent_s", "before_s"), [(0, 0), (4, 0), (9, 3), (0, 6)])
def test_a_new_container_leaves_instances_healthy(state: Path, silent_s: int, before_s: int) -> None:
    """
    While a new container starts, the instances keep the health of the previous container.

    Long after the initial delay, which the present is, an unhealthy instance would be repaired at once.
    """
    close_with_binding(state)
    emulator = reopened_and_rebound(state)
    for answers, seconds in ((False, before_s), (True, 3), (False, silent_s), (True, 60)):
        for _ in range(seconds):
            probe(emulator, answers=answers)
            move(emulator, 1)
            assert health(emulator) == {"NONE HEALTHY"}


def test_a_new_container_that_never_answers_makes_instances_unhealthy(state: Path) -> None:
    """After the time of a start (10 s) and six probes, five seconds apart, the instances are recreated."""
    close_with_binding(state)
    emulator = reopened_and_rebound(state)
    silent_s = 0
    while health(emulator) == {"NONE HEALTHY"}:
        probe(emulator, answers=False)
        move(emulator, 1)
        silent_s += 1
    assert 35 <= silent_s <= 41
    group = next(iter(emulator.environment.view.groups.values()))
    assert {instance.action for instance in group.instances} == {"RECREATING"}


def test_a_silence_as_long_as_the_threshold_makes_instances_unhealthy(state: Path) -> None:
    """A container that was silent for as many probes as the unhealthy threshold has unhealthy instances."""
    close_with_binding(state)
    emulator = opened(state)
    probe(emulator, answers=False)
    move(emulator, 31)
    probe(emulator, answers=True)
    assert "NONE HEALTHY" not in health(emulator)
