"""gcloud 528 with a regional group, a regional template and a regional autoscaler of the emulator."""

from collections import Counter
from typing import Any

from tests.support.emulator import Emulator
from tests.support.gcloud import Gcloud
from tests.support.waiting import wait_until

_MANAGED = "instance-groups managed"
_HOME = "projects/dojangkok-dev/regions/asia-northeast3"
_REGION = "--region=asia-northeast3"
_NEW = "--machine-type=e2-small --image-family=debian-12 --image-project=debian-cloud"
_OLD_LINK, _NEW_LINK = (f"{_HOME}/instanceTemplates/wide-{number}" for number in (1, 2))


def _settle(emulator: Emulator) -> dict[str, Any]:
    """Wait until the group is stable on its versions; return the group."""

    def is_settled() -> bool:
        status = emulator.get(f"{_HOME}/instanceGroupManagers/wide")["status"]
        return bool(status["isStable"] and status["versionTarget"]["isReached"])

    wait_until(is_settled)
    return dict(emulator.get(f"{_HOME}/instanceGroupManagers/wide"))


def test_a_regional_group(emulator: Emulator, gcloud: Gcloud) -> None:
    """A group of a region is created on a template of the region, rolled, resized, autoscaled and deleted."""
    for name in ("wide-1", "wide-2"):
        gcloud(f"instance-templates create {name} {_NEW} --instance-template-region=asia-northeast3")
    printed = gcloud.json(f"{_MANAGED} create wide --size=3 --template={_OLD_LINK} {_REGION}")
    assert [zone["zone"][-1] for zone in printed[0]["distributionPolicy"]["zones"]] == ["a", "b", "c"]
    gcloud(f"{_MANAGED} wait-until wide --stable {_REGION}")
    roll = f"{_MANAGED} rolling-action start-update wide --version=template={_NEW_LINK} {_REGION}"
    refused = gcloud.fails(f"{roll} --max-surge=1 --max-unavailable=0")
    assert "has to be either 0 or at least equal to the number of zones" in refused
    gcloud(f"{roll} --max-surge=3 --max-unavailable=0")
    assert _settle(emulator)["versions"][0]["instanceTemplate"].endswith(_NEW_LINK)
    rows = gcloud.json(f"{_MANAGED} list-instances wide {_REGION}")
    assert sorted(row["instance"].split("/")[-3][-1] for row in rows) == ["a", "b", "c"]
    assert {row["version"]["instanceTemplate"].rpartition("/")[2] for row in rows} == {"wide-2"}

    gcloud(f"{_MANAGED} update wide --instance-redistribution-type=none {_REGION}")
    gcloud(f"{_MANAGED} resize wide --size=6 {_REGION}")
    _settle(emulator)
    links = [row["instance"] for row in gcloud.json(f"{_MANAGED} list-instances wide {_REGION}")]
    in_a = ",".join(link for link in links if "-a/instances/" in link)
    gcloud(f"{_MANAGED} delete-instances wide --instances={in_a} {_REGION}")
    assert _settle(emulator)["targetSize"] == 4
    rows = emulator.ask(f"compute/v1/{_HOME}/instanceGroupManagers/wide/listManagedInstances", verb="POST")
    zones = Counter(row["instance"].split("/")[-3][-1] for row in rows["managedInstances"])
    assert zones == {"b": 2, "c": 2}

    gcloud(f"{_MANAGED} update wide --instance-redistribution-type=proactive {_REGION}")
    gcloud(f"{_MANAGED} set-autoscaling wide --min-num-replicas=5 --max-num-replicas=6 {_REGION}")
    assert _settle(emulator)["targetSize"] == 5
    (listed,) = [row for row in gcloud.json(f"{_MANAGED} list") if row["name"] == "wide"]
    assert (listed["region"].rpartition("/")[2], listed["autoscaled"], listed["size"]) == (
        "asia-northeast3",
        "yes",
        "5",
    )
    gcloud(f"{_MANAGED} delete wide {_REGION}")
    gcloud(f"instance-templates delete wide-1 {_REGION}")
    assert [entry["path"] for entry in emulator.request_log("request") if entry.get("unknown")] == []
