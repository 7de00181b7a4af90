"""What the cases observe, with changes of the group, for tests that compare whole plans."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from deploy.group.observation import Observation
from deploy.release.record import Fallback
from tests.unit.deploy.test_cases import FOLDER, observed

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SEED = "projects/dojangkok-dev/global/instanceTemplates/dojangkok-dev-ai-server-seed"
FALLBACK = Fallback(SEED, "1")
B_NAME = "deploy/bbbbbbbbbbbb/run0/20261123T113000Z/600s"  # version of release b in the cases
B_DEADLINE = datetime(2026, 11, 23, 11, 40, tzinfo=UTC)
SHORT_DELAY = "the initial delay of 30 s is shorter than 70 s (check interval 5 s * healthy threshold 2 + 60 s)"
SHORT_DELAY_WARNING = f"{SHORT_DELAY}: instances that still start may be recreated. Fix: raise initialDelaySec"
SKEW_WARNING = (
    "this computer's clock is 90 s ahead of Compute Engine's, which deadlines are judged by. Fix: set this computer's"
    " clock"
)


def observation(case: str, **group: Any) -> Observation:
    """Return what a case observes, with changes of its group."""
    complete = observed(json.loads((FOLDER / f"{case}.json").read_text()).get("observed", {}))
    return replace(complete, group=replace(complete.group, **group))


def with_short_delay(before: Observation) -> Observation:
    """Return an observation whose group has an initial delay of 30 s."""
    policies = [{**before.group.raw["autoHealingPolicies"][0], "initialDelaySec": 30}]
    return replace(before, group=replace(before.group, raw={**before.group.raw, "autoHealingPolicies": policies}))


def emptied(before: Observation) -> Observation:
    """Return an observation whose group has no instances."""
    return replace(before, group=replace(before.group, target_size=0, instances=()))
