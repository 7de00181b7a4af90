"""
How far the tests of deploy and lib search: as far as `./daggerw check` has time for, farther in .ci/run.

    EXAMPLES  of each property
    STEPS     of the state machine of deploy
    SEED      of the state machine
    CUTS      `all`: every exchange of a rollout is spoilt in every way, and not a part of them
"""

import os

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("EXAMPLES", "100"))
STEPS = int(os.environ.get("STEPS", "400"))
SEED = int(os.environ.get("SEED", "0"))
ALL_CUTS = os.environ.get("CUTS") == "all"


def load_profile() -> None:
    """Let hypothesis take the same examples each time, however slow the machine is: no change fails for another one."""
    slow = [HealthCheck.too_slow]
    settings.register_profile(
        "same", max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=slow
    )
    settings.load_profile("same")
