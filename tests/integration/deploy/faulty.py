"""A rig whose rollouts have no bake, with faults and instance rules for it."""

from typing import Any

from tests.integration.deploy.rig import Rig, new_rig
from tests.unit.deploy.values import CONFIG, REPOSITORY, digest

REGION = "projects/dojangkok-dev/regions/asia-northeast3"


def rig_without_bake(**settings: Any) -> Rig:
    """Return a rig whose rollout settings have no bake, and are otherwise changed as given."""
    rig = new_rig()
    rig.config = CONFIG.model_copy(update={"rollout": CONFIG.rollout.model_copy(update={"bake_s": 0.0, **settings})})
    rig.emulator.environment.advance()
    return rig


def inject_fault(rig: Rig, **fault: Any) -> None:
    """Create a fault plan with one fault."""
    rig.control("POST", "emulator/faults", {"faults": [fault]})


def set_instance_rule(rig: Rig, letter: str, **rule: Any) -> None:
    """Create an instance rule for a release."""
    rig.control("POST", "emulator/instance-rules", {"image": f"{REPOSITORY}@{digest(letter)}", **rule})


def set_quotas(rig: Rig, **limits: float) -> None:
    """Give the region other limits of some metrics."""
    environment = rig.emulator.environment
    region = environment.view.get(REGION)
    assert region is not None
    quotas = [{**quota, "limit": limits.get(quota["metric"], quota["limit"])} for quota in region["quotas"]]
    environment.put(REGION, {**region, "quotas": quotas})


def request_times(rig: Rig, method: str) -> list[float]:
    """Return the times of the requests to a method."""
    return [
        entry["at_s"] for entry in rig.emulator.environment.store.entries(kind="request") if entry["method"] == method
    ]
