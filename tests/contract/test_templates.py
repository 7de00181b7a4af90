"""Instance templates: stored unchanged, completed with the server's fields, limited, and not deleted while in use."""

import base64

import pytest

from tests.contract.marks import covers, differs, environment, unverified, verified
from tests.contract.rig import GROUP, GROUPS, HOME, LINKS, REGION, TEMPLATES, EmulatorClient, Json

SCRIPT = "#!/bin/bash\r\nprintf '한국어 %s\\n' \"$1\"\t# trailing \r\n\n"
RICH: Json = {
    "machineType": "e2-small",
    "labels": {"env": "dev", "empty": ""},
    "tags": {"items": ["web"]},
    "canIpForward": False,
    "newInTheFuture": {"deep": [1, {"er": None, "x": []}]},
    "metadata": {"items": [{"key": "startup-script", "value": SCRIPT}, {"key": "empty", "value": ""}]},
    "disks": [{"boot": True, "initializeParams": {"sourceImage": "global/images/base-1", "unknown": "kept"}}],
    "networkInterfaces": [{"network": "global/networks/default", "accessConfigs": [{"natIP": "10.0.0.9"}]}],
    "scheduling": {"preemptible": True, "newField": "kept"},
    "serviceAccounts": [{"email": "default", "scopes": []}],
}


def holds(kept: object, sent: object) -> bool:
    """Return whether a document contains every sent member, beside members that the server adds."""
    if isinstance(sent, dict):
        return isinstance(kept, dict) and all(key in kept and holds(kept[key], value) for key, value in sent.items())
    if isinstance(sent, list):
        return isinstance(kept, list) and len(kept) == len(sent) and all(map(holds, kept, sent))
    return kept == sent


@verified("P", "G")
@covers("instanceTemplates.insert", "instanceTemplates.get")
def test_nothing_that_was_sent_is_lost(emulator: EmulatorClient) -> None:
    """A template keeps every field that was sent, unknown ones, empty ones and every byte of a script included."""
    sent = {key: value for key, value in RICH.items() if key != "networkInterfaces"}
    emulator.do("POST", TEMPLATES, {"name": "t", "description": "", "properties": sent, "alsoNew": 1})
    kept = emulator.get(f"{TEMPLATES}/t")
    assert holds(kept, {"name": "t", "description": "", "properties": sent, "alsoNew": 1})


@verified("P")
@covers("instanceTemplates.insert", "instanceTemplates.get")
def test_the_server_adds_its_fields(emulator: EmulatorClient) -> None:
    """A stored template has kind, id, links, disk and interface names, scheduling and a metadata fingerprint."""
    emulator.do("POST", TEMPLATES, {"name": "t", "properties": RICH})
    kept = emulator.get(f"{TEMPLATES}/t")
    assert kept["kind"] == "compute#instanceTemplate"
    assert kept["id"].isdigit()
    assert kept["selfLink"] == f"{LINKS}/global/instanceTemplates/t"
    disk, interface = kept["properties"]["disks"][0], kept["properties"]["networkInterfaces"][0]
    assert (disk["index"], disk["deviceName"], disk["kind"]) == (0, "persistent-disk-0", "compute#attachedDisk")
    assert (interface["name"], interface["network"]) == ("nic0", f"{LINKS}/global/networks/default")
    assert kept["properties"]["scheduling"]["provisioningModel"] == "STANDARD"
    assert len(base64.b64decode(kept["properties"]["metadata"]["fingerprint"], validate=True)) == 8


@verified("R")
@covers("instanceTemplates.insert")
def test_timestamps_are_pacific(emulator: EmulatorClient) -> None:
    """A creation time has milliseconds and the offset of Pacific time, not Z."""
    emulator.template("t")
    assert emulator.get(f"{TEMPLATES}/t")["creationTimestamp"][19:] in (
        "-08:00",
        *(f".{n:03}-08:00" for n in range(1000)),
    )


@verified("R", "T")
@covers("instanceTemplates.insert")
def test_a_taken_name_is_refused_at_once(emulator: EmulatorClient) -> None:
    """An insert under a taken name answers 409 alreadyExists at once, without an operation."""
    emulator.template("t")
    status, reason, message = emulator.refused("POST", TEMPLATES, {"name": "t", "properties": {}})
    assert (status, reason) == (409, "alreadyExists")
    assert "projects/demo/global/instanceTemplates/t" in message


@verified("G")
@covers("instanceTemplates.insert")
@pytest.mark.parametrize("name", ["Upper", "-dash", "dash-", "a" * 64, "9lives", "a_b"])
def test_names_follow_rfc_1035(emulator: EmulatorClient, name: str) -> None:
    """A name that is not RFC 1035, or is longer than 63, answers 400 that names the field."""
    status, reason, message = emulator.refused("POST", TEMPLATES, {"name": name, "properties": {}})
    assert (status, reason) == (400, "invalid")
    assert "'resource.name'" in message


@verified("G")
@covers("instanceTemplates.insert")
def test_a_metadata_value_has_256_kib(emulator: EmulatorClient) -> None:
    """A metadata value of 262144 bytes is stored; one byte more answers 400, which names the item and both sizes."""

    def properties(size: int) -> Json:
        return {
            "metadata": {
                "items": [{"key": "a", "value": "b"}, {"key": "script", "value": "é" * (size // 2) + "x" * (size % 2)}]
            }
        }

    emulator.template("fits", **properties(262_144))
    status, reason, message = emulator.refused("POST", TEMPLATES, {"name": "t", "properties": properties(262_145)})
    assert (status, reason) == (400, "invalid")
    assert "resource.properties.metadata.items[1].value" in message
    assert "262144" in message
    assert "262145" in message


@verified("G")
@covers("instanceTemplates.insert")
def test_all_metadata_has_512_kb(emulator: EmulatorClient) -> None:
    """Keys and values of 512 KB together answer 400."""
    items = [{"key": f"k{index}", "value": "x" * 262_142} for index in range(2)]
    status, reason, _ = emulator.refused("POST", TEMPLATES, {"name": "t", "properties": {"metadata": {"items": items}}})
    assert (status, reason) == (400, "invalid")
    items[1]["value"] = items[1]["value"][1:]
    emulator.template("fits", metadata={"items": items})


@unverified("M")
@covers("instanceTemplates.insert")
def test_metadata_keys_are_unique(emulator: EmulatorClient) -> None:
    """A duplicate metadata key answers 400."""
    items = [{"key": "a", "value": "1"}, {"key": "a", "value": "2"}]
    body = {"name": "t", "properties": {"metadata": {"items": items}}}
    assert emulator.refused("POST", TEMPLATES, body)[:2] == (400, "invalid")


@differs("Compute Engine accepts the insert and fails the operation with INTERNAL_ERROR; here the insert is refused")
@covers("instanceTemplates.insert")
def test_the_machine_type_is_a_bare_name(emulator: EmulatorClient) -> None:
    """A machine type given as a URL answers 400."""
    body = {"name": "t", "properties": {"machineType": f"{LINKS}/zones/{REGION}-a/machineTypes/e2-small"}}
    assert emulator.refused("POST", TEMPLATES, body)[:2] == (400, "invalid")


@unverified("M")
@covers("instanceTemplates.insert", "projects.get")
@environment(max_templates=2)
def test_templates_have_a_quota(emulator: EmulatorClient) -> None:
    """An insert beyond the project's quota of templates answers 403 quotaExceeded; the project shows the quota."""
    emulator.template("a")
    emulator.template("b")
    status, reason, message = emulator.refused("POST", TEMPLATES, {"name": "c", "properties": {}})
    assert (status, reason) == (403, "quotaExceeded")
    assert "INSTANCE_TEMPLATES" in message
    (quota,) = emulator.get(HOME)["quotas"]
    assert (quota["limit"], quota["usage"]) == (2.0, 2.0)


@verified("R")
@covers("instanceTemplates.delete")
def test_a_template_in_use_is_refused(emulator: EmulatorClient) -> None:
    """Deleting a template that a group refers to answers 400 resourceInUseByAnotherResource, and keeps it."""
    emulator.web(0, check=False)
    status, reason, message = emulator.refused("DELETE", f"{TEMPLATES}/old")
    assert (status, reason) == (400, "resourceInUseByAnotherResource")
    assert "is already being used by 'projects/demo/zones/asia-northeast3-a/instanceGroupManagers/web'" in message
    emulator.get(f"{TEMPLATES}/old")


@verified("R")
@covers("instanceTemplates.delete")
@environment(in_use="fail")
def test_a_template_in_use_fails_the_operation(emulator: EmulatorClient) -> None:
    """Deleting a template in use may also answer 200 with an operation that ends with an error; the template stays."""
    emulator.web(0, check=False)
    operation = emulator.finish(emulator.ask("DELETE", f"{TEMPLATES}/old"))
    assert operation["error"]["errors"][0]["code"] == "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE"
    assert (operation["httpErrorStatusCode"], operation["httpErrorMessage"]) == (400, "BAD REQUEST")
    emulator.get(f"{TEMPLATES}/old")


@verified("R")
@covers("instanceTemplates.delete", "instanceGroupManagers.patch")
def test_a_template_is_in_use_until_its_last_instance_is_deleted(emulator: EmulatorClient) -> None:
    """After a patch the former template is in use as long as an instance was created from it."""
    emulator.web()
    emulator.roll(emulator.template("new"))
    assert emulator.refused("DELETE", f"{TEMPLATES}/old")[1] == "resourceInUseByAnotherResource"
    emulator.settled()
    assert emulator.do("DELETE", f"{TEMPLATES}/old")["operationType"] == "delete"
    assert emulator.refused("GET", f"{TEMPLATES}/old")[:2] == (404, "notFound")


@verified("T", "G")
@covers(
    "regionInstanceTemplates.insert",
    "regionInstanceTemplates.get",
    "regionInstanceTemplates.list",
    "regionInstanceTemplates.delete",
    "regionOperations.wait",
    "instanceTemplates.aggregatedList",
)
def test_regional_templates_stand_beside_global_ones(emulator: EmulatorClient) -> None:
    """A regional template has its own collection, can be a group's template, and appears in the aggregated list."""
    regional = f"{HOME}/regions/{REGION}/instanceTemplates"
    link = emulator.do("POST", regional, {"name": "t", "properties": {}})["targetLink"]
    emulator.template("t")
    assert emulator.get(f"{regional}/t")["region"] == f"{LINKS}/regions/{REGION}"
    assert [template["selfLink"] for template in emulator.get(regional)["items"]] == [link]
    scopes = emulator.get(f"{HOME}/aggregated/instanceTemplates")["items"]
    filled = {scope for scope, resources in scopes.items() if "instanceTemplates" in resources}
    assert filled == {"global", f"regions/{REGION}"}
    emulator.do("POST", GROUPS, {"name": "web", "targetSize": 0, "instanceTemplate": link})
    assert emulator.get(GROUP)["versions"][0]["instanceTemplate"] == link
    assert emulator.refused("DELETE", f"{regional}/t")[1] == "resourceInUseByAnotherResource"
    emulator.do("DELETE", GROUP)
    emulator.do("DELETE", f"{regional}/t")
    emulator.get(f"{TEMPLATES}/t")
