"""Rollouts with steps: a canary beside the old release, promoted, aborted, and taken over by another process."""

from typing import Any

from deploy.documents.canary import Canary, target_of
from deploy.documents.group_state import Version, parse_group
from deploy.rollout.result import RolloutResult
from deploy.step_settings import StepSettings
from tests.integration.deploy.rig import Rig, new_rig
from tests.unit.deploy.values import CONFIG, GROUP


def stepped(*steps: dict[str, Any], **rollout: Any) -> Rig:
    """Return a rig of three instances whose environment has steps."""
    rig = new_rig()
    settings = {"steps": tuple(StepSettings(**step) for step in steps), "bake_s": 30.0, **rollout}
    rig.config = CONFIG.model_copy(update={"rollout": CONFIG.rollout.model_copy(update=settings)})
    return rig


def target(rig: Rig) -> Version | Canary | None:
    """Return what the group is set to."""
    return target_of(parse_group(rig.emulator.environment.view.get(GROUP) or {}, ()))


def letters(rig: Rig) -> str:
    """Return the releases of the instances, sorted."""
    return "".join(sorted(letter if len(letter) == 1 else "-" for letter in rig.serving()))


PAUSED = ({"instances": 1, "bake_s": 60}, {"percent": 50}, {"pause": True})


def test_steps_rise_to_the_whole_group() -> None:
    """Each step serves and bakes before the next one; the version's name never changes, and no instance is replaced."""
    rig = stepped({"instances": 1, "bake_s": 60}, {"percent": 50})
    result = rig.deploy("a")
    assert isinstance(result, RolloutResult)
    assert result.pause is None
    assert letters(rig) == "aaa"
    assert isinstance(target(rig), Version)
    assert [phase.name for phase in result.phases] == []
