"""The all-instances configuration, which overrides a template's metadata and labels."""

from typing import Any

from tests.contract.marks import covers, regional, unverified, verified
from tests.contract.rig import GROUP, HOME, ZONE, EmulatorClient

pytestmark = regional
MASK = {
    "properties": {
        "metadata": {"startup-script": "#!/bin/sh\ndocker run registry.test/web:mask\n"},
        "labels": {"a": "b"},
    }
}


def instance(emulator: EmulatorClient) -> tuple[dict[str, str], dict[str, str]]:
    """Return metadata and labels of the group's first instance."""
    document = emulator.get(f"{HOME}/zones/{ZONE}/instances/{emulator.rows()[0]['name']}")
    items = {item["key"]: item["value"] for item in document["metadata"]["items"]}
    return items, document.get("labels", {})


def config(group: dict[str, Any]) -> tuple[bool, bool]:
    """Return whether the configuration is effective, and whether its revision is that of none."""
    status = group["status"]["allInstancesConfig"]
    return status["effective"], "currentRevision" not in status


@verified("P")
@covers("instanceGroupManagers.patch", "instanceGroupManagers.applyUpdatesToInstances", "instances.get")
def test_it_reaches_existing_instances_by_an_update(emulator: EmulatorClient) -> None:
    """A new configuration is not effective until the instances are updated; a refresh is enough."""
    group = emulator.web(1)
    assert config(group) == (True, True)
    before = emulator.rows()[0]
    emulator.do("PATCH", GROUP, {"allInstancesConfig": MASK})
    group = emulator.settled()
    assert config(group) == (False, False)
    assert "web:old" in instance(emulator)[0]["startup-script"]
    emulator.do("POST", f"{GROUP}/applyUpdatesToInstances", {"allInstances": True})
    assert config(emulator.settled()) == (True, False)
    metadata, labels = instance(emulator)
    assert "web:mask" in metadata["startup-script"]
    assert labels == {"a": "b"}
    assert emulator.rows()[0]["id"] == before["id"]
    emulator.do("PATCH", GROUP, {"allInstancesConfig": None})
    assert config(emulator.settled()) == (False, True)


@unverified("M")
@covers("instanceGroupManagers.patch", "instances.get")
def test_new_instances_have_it(emulator: EmulatorClient) -> None:
    """Instances that a rollout creates have the configuration, which overrides the template's startup script."""
    emulator.control("POST", "instance-rules", {"image": "registry.test/web:mask", "never_healthy": True})
    emulator.web(1)
    emulator.do("PATCH", GROUP, {"allInstancesConfig": MASK})
    emulator.roll(emulator.template("new"))
    row = emulator.until_row(lambda row: "/new" in str(row.get("version")) and row["currentAction"] == "VERIFYING")
    document = emulator.get(f"{HOME}/zones/{ZONE}/instances/{row['name']}")
    assert "web:mask" in document["metadata"]["items"][0]["value"]
    emulator.pass_time(120)
    assert emulator.group()["status"]["isStable"] is False
