"""Guest attributes: what a startup script has written, how long it stays, and how often it may be read."""

import google.cloud.compute_v1 as compute

from tests.contract.marks import covers, unverified, verified
from tests.contract.rig import GROUPS, HOME, PROJECT, ROLL, ZONE, EmulatorClient

ENABLED = {"key": "enable-guest-attributes", "value": "TRUE"}
TIMES = {"booted": 1, "login": 2, "secrets": 3, "pulled": 6, "started": 8}


def path_of(name: str, query: str = "queryPath=release/") -> str:
    """Return the path of a read of an instance's guest attributes."""
    return f"{HOME}/zones/{ZONE}/instances/{name}/getGuestAttributes?{query}"


def running(emulator: EmulatorClient, *items: dict[str, str], **rule: object) -> str:
    """Return the name of an instance that has just become RUNNING, with metadata beside its startup script."""
    emulator.control("POST", "instance-rules", {"phases": TIMES, **rule})
    script = {"key": "startup-script", "value": "#!/bin/sh\ndocker run registry.test/web:new\n"}
    template = emulator.template("new", metadata={"items": [script, *items]})
    emulator.do("POST", GROUPS, {"name": "web", "targetSize": 1, "instanceTemplate": template, "updatePolicy": ROLL})
    return str(emulator.until_row(lambda row: row.get("instanceStatus") == "RUNNING")["name"])


def values(emulator: EmulatorClient, name: str) -> dict[str, list[str]]:
    """Return the words of each phase's value: id of the boot, seconds, and reason."""
    document = emulator.get(path_of(name))
    assert {item["namespace"] for item in document["queryValue"]["items"]} == {"release"}
    return {item["key"]: item["value"].split(" ", 2) for item in document["queryValue"]["items"]}


@verified("G", "Q")
@covers("instances.getGuestAttributes")
def test_a_namespace_without_a_value_is_not_found(emulator: EmulatorClient) -> None:
    """A namespace into which nothing has been written answers 404, with a text that gcloud compares."""
    name = running(emulator, ENABLED, phases={"booted": 3600})
    for query in ("queryPath=release/", "queryPath=hostkeys/", "variableKey=release/booted"):
        message = f"The resource '{query.partition('=')[2]}' of type 'Guest Attribute' was not found."
        assert emulator.refused("GET", path_of(name, query)) == (404, "notFound", message)
        emulator.pass_time(1.0)


@verified("G", "Q")
@covers("instances.getGuestAttributes")
def test_phases_of_a_boot(emulator: EmulatorClient) -> None:
    """A namespace has an item for each value that the instance has written, and a variable key selects one value."""
    name = running(emulator, ENABLED)
    emulator.pass_time(10.0)
    written = values(emulator, name)
    assert {key: float(words[1]) for key, words in written.items()} == TIMES
    assert len({words[0] for words in written.values()}) == 1
    emulator.pass_time(1.0)
    document = emulator.get(path_of(name, "variableKey=release/pulled"))
    assert document["variableValue"] == " ".join(written["pulled"])
    assert document["kind"] == "compute#guestAttributes"


@unverified("I")
@covers("instances.getGuestAttributes")
def test_an_instance_whose_metadata_do_not_enable_guest_attributes(emulator: EmulatorClient) -> None:
    """Without `enable-guest-attributes` no process of the instance can write, so that nothing is found."""
    name = running(emulator)
    emulator.pass_time(10.0)
    assert emulator.refused("GET", path_of(name))[:2] == (404, "notFound")


@verified("Q")
@covers("instances.getGuestAttributes", "instances.reset")
def test_values_of_the_boot_before_stay(emulator: EmulatorClient) -> None:
    """Guest attributes survive a restart: a phase has the value of the boot before until the script writes it again."""
    name = running(emulator, ENABLED)
    emulator.pass_time(10.0)
    (before,) = {words[0] for words in values(emulator, name).values()}
    emulator.do("POST", f"{HOME}/zones/{ZONE}/instances/{name}/reset")
    emulator.until_row(lambda row: row["name"] == name and row.get("instanceStatus") == "RUNNING")
    emulator.pass_time(5.0)
    boots = {key: words[0] for key, words in values(emulator, name).items()}
    assert boots["pulled"] == boots["started"] == before
    assert boots["booted"] not in (before, "")


@unverified("I")
@covers("instances.getGuestAttributes")
def test_reads_above_the_limit_are_refused(emulator: EmulatorClient) -> None:
    """
    An instance's guest attributes may be read 10 times a minute, and 3 times a second; Google's page on them says so.
    That more reads answer as any exceeded rate does is inferred.
    """
    name = running(emulator, ENABLED)
    emulator.pass_time(10.0)
    answers = []
    for _ in range(12):
        answers.append(emulator.send("GET", path_of(name)))
        emulator.pass_time(2.0)
    assert [answer.status_code for answer in answers] == [200] * 10 + [403] * 2
    assert answers[-1].json()["error"]["errors"][0]["reason"] == "rateLimitExceeded"
    emulator.pass_time(60.0)
    assert emulator.send("GET", path_of(name)).status_code == 200


@verified("P")
@covers("instances.getGuestAttributes")
def test_google_client_reads_the_phases(emulator: EmulatorClient) -> None:
    """google-cloud-compute reads items of a namespace."""
    name = running(emulator, ENABLED)
    emulator.pass_time(10.0)
    client = emulator.google(compute.InstancesClient)
    request = compute.GetGuestAttributesInstanceRequest(
        project=PROJECT, zone=ZONE, instance=name, query_path="release/"
    )
    attributes = client.get_guest_attributes(request)
    assert {item.key for item in attributes.query_value.items} == set(TIMES)


@verified("Q")
@covers("instances.getGuestAttributes")
def test_a_startup_script_that_fails(emulator: EmulatorClient) -> None:
    """A script whose boot fails writes the reason behind the seconds."""
    reason = "Error response from daemon: manifest unknown"
    name = running(emulator, ENABLED, phases={"booted": 1, "failed": 4}, failed=reason)
    emulator.pass_time(10.0)
    assert values(emulator, name)["failed"][2] == reason
