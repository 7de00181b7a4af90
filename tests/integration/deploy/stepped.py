"""Rigs whose environment has steps, and what a group in a rollout with steps shows."""

from typing import Any

from deploy.documents.canary import Canary, Target, target_of
from deploy.documents.group_state import parse_group
from deploy.rollout.result import Pause
from deploy.step_settings import StepSettings
from tests.integration.deploy.rig import Rig, new_rig
from tests.unit.deploy.values import CONFIG, GROUP

# A canary, a pause, half of the group, and the whole group.
AT_STEP_1 = Pause(1, 3, "1 of 3 instances")
STEPS: tuple[dict[str, Any], ...] = ({"instances": 1, "bake_s": 60}, {"pause": True}, {"percent": 50, "bake_s": 30})
# Of environment files in sequences: none, a canary, with a pause, and a pause at a size that another step may have.
SOME_STEPS: tuple[tuple[dict[str, Any], ...], ...] = (
    (),
    ({"instances": 1, "bake_s": 10},),
    ({"instances": 1, "bake_s": 10}, {"pause": True}, {"percent": 60, "bake_s": 10}),
    ({"percent": 30, "bake_s": 0}, {"instances": 2, "bake_s": 20}, {"pause": True}),
)


def with_steps(rig: Rig, *steps: dict[str, Any], **rollout: Any) -> Rig:
    """Return a rig with steps in its environment."""
    settings = {"steps": tuple(StepSettings(**step) for step in steps), "bake_s": 30.0, **rollout}
    rig.config = rig.config.model_copy(update={"rollout": CONFIG.rollout.model_copy(update=settings)})
    return rig


def stepped_rig(*steps: dict[str, Any], **rollout: Any) -> Rig:
    """Return a rig of three instances with steps in its environment; a canary, a pause and a half by default."""
    return with_steps(new_rig(), *(steps or STEPS), **rollout)


def target(rig: Rig) -> Target | None:
    """Return what the group is set to."""
    return target_of(parse_group(rig.emulator.environment.view.get(GROUP) or {}, ()))


def canary(rig: Rig) -> Canary:
    """Return the canary that the group is set to."""
    current = target(rig)
    assert isinstance(current, Canary), current
    return current


def share(rig: Rig, letter: str) -> int:
    """Return the number of instances that have a release."""
    return rig.serving().count(letter)


def names(rig: Rig) -> set[str]:
    """Return the names of the instances on release a."""
    group = rig.emulator.environment.view.groups[GROUP]
    return {instance.name for instance in group.instances if "-r-" in instance.intended.template}
