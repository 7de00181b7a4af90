"""Requests that a rollout loses: none. The scenarios and the million requests are those of bench/loss.py."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.system.loss.machine import perform, run_machine

_LEAST: Final = 20_000


def test_a_rollout_loses_no_request(
    archive: Path, tmp_path: Path, record_testsuite_property: Callable[[str, object], None]
) -> None:
    """
    All instances are replaced by `deploy` under load, without retries by the balancer or by callers.

    The requests are those that the balancer has counted; every answer is right, every accepted checklist has one
    callback, and every server ends by itself.
    """
    with run_machine(archive) as machine:
        (outcome,) = perform(machine, tmp_path / "loss", scenarios=("good rollout",), around_s=8)["outcomes"]
    figures = {key: outcome[key] for key in ("requests", "lost", "duplicated", "at_most_lost", "short", "seconds")}
    record_testsuite_property("loss", str(figures))
    assert not outcome["problems"], outcome["problems"]
    assert not outcome["lost"], f"{figures}: {outcome['samples']}"
    assert not outcome["duplicated"], figures
    assert outcome["requests"] > _LEAST, figures
    assert outcome["balancer"]["requests"] == outcome["requests"], f"requests were repeated: {outcome['balancer']}"
    assert outcome["balancer"]["2xx"] == outcome["requests"], outcome["balancer"]
    assert [ended["exit_code"] for ended in outcome["ended"]] == [0, 0, 0], outcome["ended"]
