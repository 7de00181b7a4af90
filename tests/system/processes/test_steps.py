"""A canary over a real socket: each verb in a process of its own."""

import json

from tests.support.deployer import Deployer
from tests.support.releases import reference

STEPS = "{bake_s: 1, poll_s: [0.1, 0.1], steps: [{instances: 1, bake_s: 1}, {pause: true}, {percent: 50, bake_s: 1}]}"


def test_canary_is_promoted_by_another_process(deployer: Deployer) -> None:
    """A deploy pauses at its first step with exit 0; status names the step; promote finishes."""
    deployer.rollout = STEPS
    for args in (
        ("plan", "--image", reference("a")),
        ("deploy", "--image", reference("a")),
        ("status",),
        ("status", "--format", "json"),
        ("history",),
        ("doctor",),
        ("report",),
        ("deploy", "--image", reference("b")),
        ("plan", "--image", reference("b")),
        ("plan", "--image", reference("a")),
        ("prune",),
        ("rollback", "--to", "x"),
        ("deploy", "--image", reference("a")),
        ("reconcile", "--format", "markdown"),
        ("promote",),
        ("promote",),
        ("abort",),
        ("history",),
        ("deploy", "--image", reference("b")),
        ("abort",),
        ("status",),
        ("deploy", "--image", reference("b")),
        ("promote", "--full"),
        ("rollback",),
    ):
        code, out, err = deployer.run(*args)
        print("$", *args, "->", code)
        print(out)
        print("ERR", err)
    raise AssertionError
