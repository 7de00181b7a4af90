"""Requests to Compute Engine within any minute of a rollout: invariant I-11 at the default times between polls."""

from typing import Any

import pytest

from deploy.rollout.watch_state import requests_a_minute
from deploy.rollout_settings import RolloutSettings
from tests.integration.deploy.faulty import set_quotas
from tests.integration.deploy.rig import new_rig
from tests.unit.deploy.values import CONFIG

_RULES: dict[str, dict[str, Any]] = {
    "the emulator's own times": {},
    "a change at each poll": {"create_s": [2, 9], "boot_s": [5, 30], "answer_s": [5, 40], "delete_s": [5, 60]},
    "deletions that end at once": {"delete_s": 0.5},
}


@pytest.mark.parametrize(
    ("rule", "size", "surge"),
    [("the emulator's own times", 3, 1), ("a change at each poll", 12, 4), ("deletions that end at once", 3, 1)],
)
def test_rollout_sends_at_most_two_requests_a_second(rule: str, size: int, surge: int) -> None:
    """An answer takes no time here, so that nothing but the pauses limits the requests."""
    settings = RolloutSettings(surge=surge, bake_s=5.0)
    rig = new_rig(config=CONFIG.model_copy(update={"rollout": settings}), targetSize=size)
    assert settings.poll_s == (1.0, 5.0)
    set_quotas(rig, INSTANCES=1_000, N2D_CPUS=1_000, SSD_TOTAL_GB=100_000)
    rig.control("POST", "emulator/instance-rules", _RULES[rule])
    rig.deploy("a")
    rig.emulator.environment.clock.move(600)
    rig.deploy("b")
    entries = rig.emulator.environment.store.entries(kind="request")
    sent_s = [entry["at_s"] for entry in entries if entry["client"].startswith("python-httpx")]
    busiest = max(sum(at_s - 60 < other_s <= at_s for other_s in sent_s) for at_s in sent_s)
    assert busiest <= requests_a_minute(settings) == 120
