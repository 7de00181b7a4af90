"""gcloud 528 with two versions of a group: a canary by percentage and by number, finished and aborted."""

from collections import Counter
from typing import Any

from tests.support.emulator import GROUP, SEED_TEMPLATE, ZONE, Emulator
from tests.support.gcloud import Gcloud
from tests.support.waiting import wait_until

_MANAGED = "instance-groups managed"
_START = f"{_MANAGED} rolling-action start-update"
_REGION = "projects/dojangkok-dev/regions/asia-northeast3"


def _settled(emulator: Emulator, path: str) -> Any:
    """Wait until a group is stable on its versions; return the group."""

    def is_settled() -> bool:
        status = emulator.get(path)["status"]
        return bool(status["isStable"] and status["versionTarget"]["isReached"])

    wait_until(is_settled)
    return emulator.get(path)


def _names(rows: list[Any], template: str) -> set[str]:
    """Return the names of the instances of a template."""
    return {
        row["instance"].rpartition("/")[2]
        for row in rows
        if row["version"]["instanceTemplate"].endswith(f"/{template}")
    }


def test_a_canary_is_begun_grown_and_finished(emulator: Emulator, gcloud: Gcloud) -> None:
    """10 % of 3 instances are 1; the canary grows to 2 and becomes the only version; each keeps what it has."""
    path, old = f"{ZONE}/instanceGroupManagers/{GROUP}", f"--version=template={SEED_TEMPLATE}"
    emulator.copy_template("new")
    kept: set[str] = set()
    for size, count in (("10%", 1), ("2", 2)):
        gcloud(f"{_START} {GROUP} {old} --canary-version=template=new,target-size={size},name=canary")
        group = _settled(emulator, path)
        assert [version["targetSize"]["calculated"] for version in group["versions"]] == [3 - count, count]
        rows = gcloud.json(f"{_MANAGED} list-instances {GROUP}")
        assert kept < _names(rows, "new")
        kept = _names(rows, "new")
        assert (len(kept), len(_names(rows, SEED_TEMPLATE))) == (count, 3 - count)
    # Without a name gcloud fills in that of the version whose template has the same link, which needs Google's host.
    gcloud(f"{_START} {GROUP} --version=template=new,name=canary")
    (version,) = _settled(emulator, path)["versions"]
    assert version["name"] == "canary"
    rows = gcloud.json(f"{_MANAGED} list-instances {GROUP}")
    assert (kept < _names(rows, "new"), len(rows)) == (True, 3)


def test_a_canary_that_is_never_healthy_is_aborted(emulator: Emulator, gcloud: Gcloud) -> None:
    """A third template is refused by gcloud while both versions are served; the old version alone ends the canary."""
    emulator.ask("emulator/instance-rules", {"template": "bad", "never_healthy": True})
    for name in ("bad", "third"):
        emulator.copy_template(name)
    before = {row["name"] for row in emulator.instances()}
    old = f"--version=template={SEED_TEMPLATE}"
    gcloud(f"{_START} {GROUP} {old} --canary-version=template=bad,target-size=1")
    wait_until(lambda: any(row["currentAction"] == "VERIFYING" for row in emulator.instances()))
    assert "inconsistent with current state" in gcloud.fails(f"{_START} {GROUP} --version=template=third").lower()
    assert "100%" in gcloud.fails(f"{_START} {GROUP} {old} --canary-version=template=bad,target-size=101%")
    gcloud(f"{_START} {GROUP} {old}")
    wait_until(lambda: emulator.group()["status"]["isStable"])
    assert {row["name"] for row in emulator.instances()} == before


def test_a_canary_of_a_regional_group(emulator: Emulator, gcloud: Gcloud) -> None:
    """A canary of half of a regional group has an instance in each zone."""
    where, path = "--region=asia-northeast3", f"{_REGION}/instanceGroupManagers/wide"
    emulator.copy_template("new")
    gcloud(f"{_MANAGED} create wide --size=6 --template={SEED_TEMPLATE} {where}")
    _settled(emulator, path)
    canary = "--canary-version=template=new,target-size=50%"
    limits = "--max-surge=3 --max-unavailable=0"
    gcloud(f"{_START} wide --version=template={SEED_TEMPLATE} {canary} {limits} {where}")
    _settled(emulator, path)
    rows = gcloud.json(f"{_MANAGED} list-instances wide {where}")
    new = _names(rows, "new")
    zones = Counter(row["instance"].split("/")[-3] for row in rows if row["instance"].rpartition("/")[2] in new)
    assert sorted(zones.values()) == [1, 1, 1]
