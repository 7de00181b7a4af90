"""A rig whose deploys take no bake, and what goes wrong with it."""

from typing import Any

from tests.unit.deploy.rig import CONFIG, REPOSITORY, Rig, digest, rig


def world(**policy: Any) -> Rig:
    one = rig()
    one.config = CONFIG.model_copy(update={"rollout": CONFIG.rollout.model_copy(update={"bake_s": 0.0, **policy})})
    one.api.world.advance()
    return one


def fault(one: Rig, **what: Any) -> None:
    one.control("POST", "emulator/faults", {"faults": [what]})


def behave(one: Rig, letter: str, **how: Any) -> None:
    one.control("POST", "emulator/machines", {"image": f"{REPOSITORY}@{digest(letter)}", **how})


def times(one: Rig, method: str) -> list[float]:
    return [entry["at_s"] for entry in one.api.world.store.entries(kind="request") if entry["method"] == method]
