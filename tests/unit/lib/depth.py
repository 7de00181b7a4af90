"""
Number of examples in the tests of deploy and lib: few in `./daggerw check`, more in .ci/run, by variables.

    EXAMPLES  number of examples of each property
    STEPS     number of steps of deploy's state machine
    SEED      seed of the state machine
    CUTS      `all`: every exchange of a rollout is broken in every way, instead of a selection
"""

import os

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("EXAMPLES", "100"))
STEPS = int(os.environ.get("STEPS", "400"))
SEED = int(os.environ.get("SEED", "0"))
ALL_CUTS = os.environ.get("CUTS") == "all"


def load_profile() -> None:
    """Make hypothesis use the same examples in each run, on slow computers too."""
    slow = [HealthCheck.too_slow]
    settings.register_profile(
        "same", max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=slow
    )
    settings.load_profile("same")
