"""An image that cannot be pulled, at real time: its reason and the phases of its boot in every format of the report."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from tests.support import fake_registry
from tests.support.deployer import Deployer
from tests.support.emulator import Emulator, run_emulator
from tests.support.fake_registry import FakeRegistry
from tests.support.group_log import first_running_s
from tests.support.programs import ROOT
from tests.support.releases import digest, reference
from tests.support.reports import unwrapped

REASON = "Error response from daemon: manifest unknown"
FAST = {"create_s": 0.5, "boot_s": 0.5, "answer_s": 0.5, "delete_s": 0.5}
PHASES = {"booted": 2, "login": 3, "secrets": 4, "failed": 9}


@pytest.fixture
def deployer(tmp_path: Path) -> Iterator[Deployer]:
    """The program with its own polls, and a group whose startup script writes how far a boot has come."""
    seed = yaml.safe_load((ROOT / "emulator/seeds/dojangkok.yaml").read_text())
    seed["instance_rules"] = [FAST, {"image": reference("a"), "phases": PHASES, "failed": REASON, **FAST}]
    [template] = seed["resources"]["instanceTemplates"]
    template["properties"]["metadata"]["items"].append({"key": "enable-guest-attributes", "value": "TRUE"})
    file = tmp_path / "seed.yaml"
    file.write_text(yaml.safe_dump(seed))
    with run_emulator(seed=file, speed=1) as emulator, fake_registry.served(FakeRegistry()) as url:
        emulator.wait_for_stable_group(within_s=120)
        yield Deployer(emulator, url, tmp_path, rollout="{bake_s: 1}")


def seconds_to_the_rollback(emulator: Emulator) -> float:
    """Return the seconds from the first RUNNING instance of release a to the PATCH that rolls it back."""
    running_s = first_running_s(emulator.request_log("group"), digest("a"))
    requests = emulator.request_log("request")
    patches = [entry["at_s"] for entry in requests if entry["method"] == "instanceGroupManagers.patch"]
    return float(patches[-1] - running_s)


def test_image_that_cannot_be_pulled_is_rolled_back_with_its_reason_and_its_phases(
    deployer: Deployer, record_testsuite_property: Callable[[str, object], None]
) -> None:
    """tests/integration/deploy/test_boot_phases.py proves that it takes less than 20 s; here is the figure."""
    code, _, report = deployer.run("deploy", "--image", reference("a"), "--long")
    assert code == 7, report
    record_testsuite_property("seconds from RUNNING to the rollback", seconds_to_the_rollback(deployer.emulator))
    assert f"failed: {REASON}" in unwrapped(report)
    for options in (["--long"], ["--format", "markdown"], ["--format", "json"]):
        code, shown, stderr = deployer.run("report", *options)
        assert (code, REASON in unwrapped(shown)) == (0, True), stderr
        assert all(phase in shown for phase in PHASES), shown
    [new] = [row for row in json.loads(shown)["rollout"]["instances"] if row["is_new"]]
    assert [round(new["boot"][f"{name}_s"] - new["running_s"]) for name in ("booted", "login", "secrets")] == [2, 3, 4]
