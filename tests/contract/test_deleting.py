"""Instances that are being deleted, and the surge: they count, or they are ignored."""

from tests.contract.marks import covers, environment, regional, unverified
from tests.contract.rig import EmulatorClient, actions, flags

pytestmark = regional


def most_instances(emulator: EmulatorClient) -> int:
    """Roll a group of three with a surge of 1; return how many instances it had at most, deleted ones included."""
    emulator.control("POST", "instance-rules", {"delete_s": 40})
    emulator.web(3)
    emulator.roll(emulator.template("new"))
    most = 0
    for group in emulator.moments():
        most = max(most, sum(actions(group).values()))
        if all(flags(group)):
            break
    return most


@unverified("I")
@covers("instanceGroupManagers.patch")
def test_a_deleted_instance_takes_a_place_of_the_surge(emulator: EmulatorClient) -> None:
    """A group creates no instance while an old one is deleted that fills the surge. `--deleting count`, the default."""
    assert most_instances(emulator) == 4


@unverified("I")
@environment(deleting="ignore")
@covers("instanceGroupManagers.patch")
def test_a_deleted_instance_takes_no_place_of_the_surge(emulator: EmulatorClient) -> None:
    """While an old instance is deleted, the next new instance is created. `--deleting ignore`."""
    assert most_instances(emulator) > 4
