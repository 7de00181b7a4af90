"""Rollouts with steps whose group changes its size, or rounds percentages in another way."""

from typing import Any

from deploy.report.status import status
from deploy.rollout.result import Pause
from tests.integration.deploy.stepped import share, stepped_rig
from tests.unit.deploy.values import GROUP

STEPS: tuple[dict[str, Any], ...] = ({"percent": 30, "bake_s": 60}, {"instances": 2}, {"pause": True})


def test_pause_of_a_step_that_is_left_out_counts() -> None:
    """A group that grows in a bake, so that the next step would raise nothing, pauses where that step would have."""
    rig = stepped_rig(*STEPS)
    resized: list[int] = []

    def resize(_: Any) -> None:
        if share(rig, "a") == 1 and not resized:
            resized.append(1)
            rig.control("POST", f"{GROUP}/resize?size=4")

    result = rig.execution(rig.plan("a"), show_snapshot=resize).perform()
    assert result.pause == Pause(1, 3, "2 of 4 instances")
    assert share(rig, "a") == 2
    shown = status(rig.config, rig.observed(), rig.now())
    assert shown.canary is not None
    assert shown.canary.pauses
    assert rig.reconcile().pause == result.pause
    assert rig.promote().pause is None
    assert share(rig, "a") == 4
