"""gcloud 528 with networks, operations and instances of the emulator, and its output of refusals."""

import re
import shlex

import httpx
import pytest

from tests.support.emulator import GROUP, SEED_TEMPLATE, ZONE, Emulator
from tests.support.gcloud import Gcloud
from tests.support.programs import ROOT
from tests.support.waiting import wait_until

_MANAGED = "instance-groups managed"
_NEW = "--machine-type=n2d-standard-2 --image-family=dojangkok-cpu-base --image-project=dojangkok-dev"


def test_static_address_is_printed_by_the_line_of_the_readme(gcloud: Gcloud) -> None:
    """The line of iac/README.md prints the address that others allow, and no other text."""
    (line,) = re.findall(r"`gcloud compute (addresses describe [^`]*)`", (ROOT / "iac/README.md").read_text())
    gcloud("addresses create dojangkok-ai-nat --region=asia-northeast3")
    command, *arguments = shlex.split(line.replace("PROJECT", "dojangkok-dev"))
    assert re.fullmatch(r"203\.0\.113\.\d+\n", gcloud(command, *arguments))


def test_network_resources(emulator: Emulator, gcloud: Gcloud) -> None:
    """Networks, subnets, firewall rules, routers with NAT and health checks can be made, listed and deleted."""
    region = "--region=asia-northeast3"
    gcloud("networks create net --subnet-mode=custom")
    gcloud(f"networks subnets create sub --network=net --range=10.20.0.0/24 {region} --enable-private-ip-google-access")
    gcloud("firewall-rules create allow --network=net --allow=tcp:8000 --source-ranges=35.191.0.0/16 --target-tags=ai")
    gcloud(f"routers create router --network=net {region}")
    nat = "--auto-allocate-nat-external-ips --nat-all-subnet-ip-ranges"
    gcloud(f"routers nats create nat --router=router {region} {nat}")
    gcloud("health-checks create http check --port=8000 --request-path=/health --check-interval=7")
    assert gcloud.json(f"networks subnets describe sub {region}")["gatewayAddress"] == "10.20.0.1"
    assert gcloud.json("firewall-rules describe allow")["direction"] == "INGRESS"
    assert [nat["name"] for nat in gcloud.json(f"routers nats list --router=router {region}")] == ["nat"]
    assert "check" in gcloud("health-checks list")
    gcloud("health-checks update http check --check-interval=9")
    assert gcloud.json("health-checks describe check")["checkIntervalSec"] == 9
    assert "already being used by" in gcloud.fails("networks delete net")
    gcloud(f"routers delete router {region}")
    gcloud("firewall-rules delete allow")
    gcloud(f"networks subnets delete sub {region}")
    gcloud("networks delete net")
    gcloud("health-checks delete check")
    with pytest.raises(httpx.HTTPStatusError, match="404"):
        emulator.get("projects/dojangkok-dev/global/networks/net")


def test_operations(emulator: Emulator, gcloud: Gcloud) -> None:
    """Operations of all scopes are listed together, can be filtered, and each can be described."""
    gcloud(f"{_MANAGED} resize {GROUP} --size=4")
    scopes = {tuple(sorted({"zone", "region"} & operation.keys())) for operation in gcloud.json("operations list")}
    assert scopes == {(), ("zone",), ("region",)}
    (operation,) = gcloud.json("operations list", "--filter=operationType~resize$")
    assert (operation["targetLink"].rpartition("/")[2], operation["status"]) == (GROUP, "DONE")
    assert gcloud.json(f"operations describe {operation['name']} --zone=asia-northeast3-a")["id"] == operation["id"]
    assert emulator.get(f"{ZONE}/operations/{operation['name']}")["progress"] == 100


def test_instances(emulator: Emulator, gcloud: Gcloud) -> None:
    """An instance can be described, and an instance that another client stops is repaired."""
    name, *_ = emulator.instance_names()
    assert len(gcloud.json("instances list --filter=zone:asia-northeast3-a")) == 3
    before = gcloud.json(f"instances describe {name}")
    assert (before["status"], before["machineType"].rpartition("/")[2]) == ("RUNNING", "n2d-standard-2")
    assert "Pulling asia-northeast3-docker.pkg.dev/" in gcloud(f"instances get-serial-port-output {name}")
    gcloud(f"instances stop {name}")
    wait_until(emulator.is_stable)
    assert gcloud.json(f"instances describe {name}")["status"] == "RUNNING"
    assert gcloud.json(f"instances describe {name}")["id"] != before["id"]


def test_guest_attributes(emulator: Emulator, gcloud: Gcloud) -> None:
    """gcloud prints what an instance has written, and the error for a namespace without a value."""
    read = "instances get-guest-attributes {} --query-path=release/"
    assert "of type 'Guest Attribute' was not found" in gcloud.fails(read.format(emulator.instance_names()[0]))
    emulator.ask("emulator/instance-rules", {"phases": {"booted": 1}})
    emulator.copy_template("phased", enable_guest_attributes="TRUE")
    gcloud(f"{_MANAGED} rolling-action start-update {GROUP} --version=template=phased")
    wait_until(lambda: emulator.is_stable() and emulator.templates_of_instances() == {"phased"})
    (row,) = gcloud.json(read.format(emulator.instance_names()[0]))
    assert (row["namespace"], row["key"], row["value"].split(" ")[1]) == ("release", "booted", "1.00")


def test_a_permission_that_is_switched_off(emulator: Emulator, gcloud: Gcloud) -> None:
    """Without a permission a command fails, names it, and changes nothing."""
    emulator.copy_template("next")
    emulator.ask("emulator/permissions", {"denied": ["compute.instanceGroupManagers.update"]}, "PUT")
    printed = gcloud.fails(f"{_MANAGED} rolling-action start-update {GROUP} --version=template=next")
    assert "Required 'compute.instanceGroupManagers.update' permission" in printed
    assert emulator.group()["instanceTemplate"].endswith(f"/{SEED_TEMPLATE}")


def test_what_is_in_use_cannot_be_deleted(gcloud: Gcloud) -> None:
    """Deleting the template or the health check of a group fails, and the error names the group."""
    for what in (f"instance-templates delete {SEED_TEMPLATE}", "health-checks delete dojangkok-dev-ai-server"):
        printed = gcloud.fails(what)
        assert "is already being used by" in printed
        assert GROUP in printed


def test_what_does_not_exist_or_exists_already(gcloud: Gcloud) -> None:
    """The error names a resource that is unknown or exists already."""
    assert "was not found" in gcloud.fails(f"{_MANAGED} describe nobody")
    assert "already exists" in gcloud.fails(f"instance-templates create {SEED_TEMPLATE} {_NEW}")
    printed = gcloud.fails(f"{_MANAGED} rolling-action start-update {GROUP} --version=template=absent")
    assert "resource.versions[0].instanceTemplate" in printed


def test_values_that_cannot_be(emulator: Emulator, gcloud: Gcloud) -> None:
    """A policy that contradicts itself and a wrong enum are refused, and the field is named."""
    update = f"{_MANAGED} rolling-action start-update {GROUP} --version=template={SEED_TEMPLATE}"
    assert "resource.updatePolicy.maxSurge" in gcloud.fails(f"{update} --replacement-method=recreate --max-surge=1")
    assert "must not both be 0" in gcloud.fails(f"{update} --max-surge=0 --max-unavailable=0")
    with pytest.raises(httpx.HTTPStatusError, match="400") as refused:
        emulator.ask(f"compute/v1/{ZONE}/instanceGroupManagers/{GROUP}", {"updatePolicy": {"type": "SOON"}}, "PATCH")
    assert "SOON" in refused.value.response.text


def test_a_write_that_came_too_late(emulator: Emulator, gcloud: Gcloud) -> None:
    """Named ports that another client has changed since the read are not overwritten; gcloud prints the reason."""
    path = f"{ZONE}/instanceGroups/{GROUP}/setNamedPorts"
    other = {"verb": "POST", "path": path, "body": {"namedPorts": [{"name": "other", "port": 9}]}}
    emulator.ask("emulator/faults", {"faults": [{"on": "instanceGroups.setNamedPorts", "request": other}]})
    assert "fingerprint" in gcloud.fails(f"{_MANAGED} set-named-ports {GROUP} --named-ports=http:1")
    assert emulator.group()["namedPorts"] == [{"name": "other", "port": 9}]
    assert [
        entry["status"] for entry in emulator.request_log("request") if entry.get("reason") == "conditionNotMet"
    ] == [412]
