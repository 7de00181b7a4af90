"""The number of polls before a rollout counts as done."""

from tests.integration.deploy.faulty import request_times, rig_without_bake
from tests.unit.deploy.values import GROUP


def test_rollout_is_done_at_the_second_successful_poll() -> None:
    """Without a bake the rollout ends at the second successful poll in a row, neither earlier nor later."""
    rig = rig_without_bake()
    rig.deploy("a")
    [patched_s] = request_times(rig, "instanceGroupManagers.patch")
    entries = [entry for entry in rig.emulator.environment.store.entries(kind="group") if entry["group"] == GROUP]
    served = [entry for entry in entries if entry["at_s"] > patched_s and entry["is_stable"] and entry["is_reached"]]
    served_s = served[0]["at_s"]
    polls = {time_s for time_s in request_times(rig, "instanceGroupManagers.get") if time_s >= served_s}
    assert len(polls) == 2
