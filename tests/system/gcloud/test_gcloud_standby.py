"""gcloud 528 with suspended and stopped instances of a group of the emulator."""

from tests.support.emulator import GROUP, Emulator
from tests.support.gcloud import Gcloud
from tests.support.waiting import wait_until

_MANAGED = "instance-groups managed"


def _settle(emulator: Emulator) -> dict[str, str]:
    """Wait until the group is stable; return the status of its instances by name."""
    wait_until(lambda: bool(emulator.group()["status"]["isStable"]))
    return {row["name"]: row["instanceStatus"] for row in emulator.instances()}


def test_suspending_and_resuming(emulator: Emulator, gcloud: Gcloud) -> None:
    """gcloud's four verbs move instances into the pool and out of it; a second suspension of an instance is refused."""
    first, second, _ = sorted(instance["name"] for instance in emulator.instances())
    gcloud(f"{_MANAGED} suspend-instances {GROUP} --instances={first}")
    gcloud(f"{_MANAGED} stop-instances {GROUP} --instances={second} --force")
    statuses = _settle(emulator)
    assert (statuses[first], statuses[second]) == ("SUSPENDED", "TERMINATED")
    assert "is not running" in gcloud.fails(f"{_MANAGED} suspend-instances {GROUP} --instances={first}")
    group = gcloud.json(f"{_MANAGED} describe {GROUP}")
    assert (group["targetSize"], group["targetSuspendedSize"], group["targetStoppedSize"]) == (1, 1, 1)
    gcloud(f"{_MANAGED} resume-instances {GROUP} --instances={first}")
    gcloud(f"{_MANAGED} start-instances {GROUP} --instances={second}")
    assert set(_settle(emulator).values()) == {"RUNNING"}
    assert gcloud.json(f"{_MANAGED} describe {GROUP}")["targetSize"] == 3


def test_a_pool_by_its_sizes(emulator: Emulator, gcloud: Gcloud) -> None:
    """`update` sets the sizes and the policy of the pool, and a group that grows takes from it."""
    gcloud(f"{_MANAGED} update {GROUP} --suspended-size=1 --stopped-size=1 --standby-policy-mode=scale-out-pool")
    assert sorted(_settle(emulator).values()) == ["RUNNING"] * 3 + ["SUSPENDED", "TERMINATED"]
    assert gcloud.json(f"{_MANAGED} describe {GROUP}")["standbyPolicy"]["mode"] == "SCALE_OUT_POOL"
    pool = {name for name, status in _settle(emulator).items() if status != "RUNNING"}
    gcloud(f"{_MANAGED} resize {GROUP} --size=5")
    statuses = _settle(emulator)
    assert {statuses[name] for name in pool} == {"RUNNING"}
    assert sorted(statuses.values()) == ["RUNNING"] * 5 + ["SUSPENDED", "TERMINATED"]
