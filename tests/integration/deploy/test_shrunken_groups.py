"""Groups that become smaller than their rollout's percentages, steps or surge were made for."""

from collections.abc import Callable
from typing import Any

import pytest

from deploy.errors import RefusedError, RolledBackError
from deploy.group.drift import drift
from deploy.rollout.result import Pause, RolloutResult
from deploy.step_settings import StepSettings
from tests.integration.deploy.faulty import set_instance_rule, set_quotas
from tests.integration.deploy.rig import Rig, new_rig
from tests.integration.deploy.stepped import names, share, stepped_rig
from tests.integration.deploy.test_restored_policy import policy_of
from tests.integration.deploy.test_surge_auto import ROOM
from tests.unit.deploy.values import CONFIG, GROUP

PERCENTAGES: dict[str, Any] = {"surge": "20%", "unavailable": "10%", "bake_s": 0.0}
STEPS = (StepSettings(instances=1), StepSettings(pause=True))


def percent_rig(*steps: StepSettings) -> Rig:
    """Return a rig of twelve instances whose environment has percentages."""
    rollout = CONFIG.rollout.model_copy(update={**PERCENTAGES, "steps": steps})
    rig = new_rig(config=CONFIG.model_copy(update={"rollout": rollout}), targetSize=12)
    set_quotas(rig, **ROOM)
    return rig


def shrink(rig: Rig, size: int) -> None:
    """Give the group another target size."""
    rig.control("POST", f"{GROUP}/resize?size={size}")
    rig.emulator.environment.clock.move(600)
    rig.emulator.environment.advance()


@pytest.mark.parametrize("verb", ["abort", "promote", "rollback", "reconcile"])
def test_canary_of_a_group_below_ten_instances(verb: str) -> None:
    """Compute Engine refuses percentages there, so that each PATCH has the numbers that they stand for."""
    rig = percent_rig(*STEPS)
    assert rig.deploy("a").pause is not None
    shrink(rig, 5)
    if verb == "reconcile":
        set_instance_rule(rig, "a", never_healthy=True)
        [name] = names(rig)
        rig.control("POST", f"{GROUP}/recreateInstances", {"instances": [f"zones/asia-northeast3-a/instances/{name}"]})
        with pytest.raises(RolledBackError):
            rig.reconcile()
    else:
        verbs: dict[str, Callable[[], RolloutResult]] = {"abort": rig.abort, "promote": rig.promote}
        verbs.get(verb, rig.rollback)()
    assert share(rig, "a") == (5 if verb == "promote" else 0)
    assert (policy_of(rig)["maxSurge"], policy_of(rig)["maxUnavailable"]) == (1, 1)
    assert not [line for line in drift(rig.config, rig.observed()) if "policy" in line]


def test_rollback_of_a_group_below_ten_instances() -> None:
    """A new release is refused there, with the numbers to set; a rollback to the last release is not refused."""
    rig = percent_rig()
    rig.deploy("a")
    shrink(rig, 4)
    with pytest.raises(RefusedError, match="a percentage needs a target size of at least 10"):
        rig.deploy("b")
    rig.rollback()
    assert rig.serving() == ["latest"] * 4


def test_automatic_rollback_of_a_group_below_ten_instances() -> None:
    """The group shrinks during a rollout that fails."""
    rig = percent_rig()
    set_instance_rule(rig, "a", never_healthy=True)
    shown: list[int] = []

    def resize(_: Any) -> None:
        if not shown:
            shown.append(1)
            rig.control("POST", f"{GROUP}/resize?size=6")

    with pytest.raises(RolledBackError):
        rig.execution(rig.plan("a"), show_snapshot=resize).perform()
    assert rig.serving() == ["latest"] * 6


@pytest.mark.parametrize("pauses", [False, True])
def test_step_of_the_whole_group_is_left_out(pauses: bool) -> None:
    """A group shrinks to the size of a later step, which is the whole group then; its pause comes before it."""
    steps: list[dict[str, Any]] = [{"instances": 1}, {"instances": 3}, *([{"pause": True}] if pauses else [])]
    rig = stepped_rig(*steps)
    rig.control("POST", f"{GROUP}/resize?size=6")
    rig.emulator.environment.clock.move(600)
    shown: list[int] = []

    def resize(_: Any) -> None:
        if share(rig, "a") == 1 and not shown:
            shown.append(1)
            rig.control("POST", f"{GROUP}/resize?size=3")

    result = rig.execution(rig.plan("a"), show_snapshot=resize).perform()
    assert (result.pause, share(rig, "a")) == ((Pause(1, 3, "1 of 3 instances"), 1) if pauses else (None, 3))
    if pauses:
        assert rig.promote(step=1).pause is None
    assert share(rig, "a") == 3


def test_canary_of_more_instances_than_the_group_has() -> None:
    """Every instance is on the canary then, and the next step is the whole group."""
    rig = stepped_rig({"instances": 2}, {"pause": True}, {"instances": 4})
    rig.control("POST", f"{GROUP}/resize?size=6")
    rig.emulator.environment.clock.move(600)
    assert rig.deploy("a").pause == Pause(1, 3, "2 of 6 instances")
    shrink(rig, 1)
    assert rig.promote().pause is None
    assert rig.serving() == ["a"]
