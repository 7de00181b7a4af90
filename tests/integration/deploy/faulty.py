"""A rig whose deploys take no bake, and what goes wrong with it."""

from typing import Any

from tests.integration.deploy.rig import Rig, new_rig
from tests.unit.deploy.values import CONFIG, REPOSITORY, digest


def rig_without_bake(**policy: Any) -> Rig:
    rig = new_rig()
    rig.config = CONFIG.model_copy(update={"rollout": CONFIG.rollout.model_copy(update={"bake_s": 0.0, **policy})})
    rig.emulator.environment.advance()
    return rig


def inject_fault(rig: Rig, **what: Any) -> None:
    rig.control("POST", "emulator/faults", {"faults": [what]})


def set_instance_rule(rig: Rig, letter: str, **how: Any) -> None:
    rig.control("POST", "emulator/instance-rules", {"image": f"{REPOSITORY}@{digest(letter)}", **how})


def request_times(rig: Rig, method: str) -> list[float]:
    return [
        entry["at_s"] for entry in rig.emulator.environment.store.entries(kind="request") if entry["method"] == method
    ]
