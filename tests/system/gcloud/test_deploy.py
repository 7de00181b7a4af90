"""`python -m deploy` as a process: kills at each exchange, recorded connections, and a comparison with gcloud."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.deployer import Deployer
from tests.support.emulator import GROUP, TEMPLATES, Emulator, run_emulator
from tests.support.fake_registry import FakeRegistry, served
from tests.support.gcloud import Gcloud
from tests.support.releases import numbered_reference
from tests.support.reports import unwrapped

ODD: tuple[dict[str, Any], ...] = (
    {"value": {}},
    {"value": {"error": {"code": 503, "message": "backend"}}},
    {"members": {"versions": None, "items": [None], "managedInstances": [None]}},
)


@pytest.fixture
def deployer(emulator: Emulator, tmp_path: Path) -> Iterator[Deployer]:
    with served(FakeRegistry(holds_every_digest=True)) as registry:
        yield Deployer(emulator, registry, tmp_path)


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Deployer]:
    """An emulator whose clock runs 600 times as fast as real time."""
    with run_emulator(speed=600) as running, served(FakeRegistry(holds_every_digest=True)) as registry:
        running.wait_for_stable_group()
        yield Deployer(running, registry, tmp_path)


def _contents(emulator: Emulator) -> list[tuple[str, str]]:
    """Return base and digest of each template that deploy created."""
    contents = []
    for template in emulator.get(TEMPLATES)["items"]:
        metadata = {item["key"]: item["value"] for item in template["properties"]["metadata"]["items"]}
        if "release" in metadata:
            entry = json.loads(metadata["release"])
            contents.append((entry["base_id"], entry["digest"]))
    return contents


def test_next_process_continues_after_a_kill_at_every_second_exchange(
    quick: Deployer, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    SIGKILL of the process itself, at every second exchange, before it or after it by turns; `deploy` again and
    `reconcile` take turns to go on. Both at every exchange, in one process: tests/integration/deploy/test_cuts.py. Both
    have their stderr closed at every third of these, and the one that goes on meets an odd answer of status 200 at the
    exchange of the kill.
    """
    number = -1
    while True:
        number += 2
        when = ("before", "after")[number // 2 % 2]
        before = quick.versions()
        is_deaf = number % 3 == 0
        release = ("--image", numbered_reference(number))
        died = quick.run_spied("deploy", *release, spy={"SPY_KILL": f"{when}:{number}"}, is_deaf=is_deaf)
        if died.exit_code != -9:
            break
        again = number // 4 % 2
        odd = {"on": "*", "nth": [number], "body": ODD[number // 2 % len(ODD)]}
        quick.emulator.ask("emulator/faults", {"faults": [odd]})
        verb = ["deploy", *release] if again else ["reconcile"]
        following = quick.run_spied(*verb, is_deaf=is_deaf)
        quick.emulator.ask("emulator/faults", verb="DELETE")
        assert following.exit_code == 0, f"exchange {number}: {following.stderr}"
        serving = quick.versions()
        assert len(serving) == 1
        (name,) = serving
        script = json.dumps(quick.emulator.get(f"{TEMPLATES}/{name}"))
        assert f"{number:064x}" in script or (not again and serving == before), f"exchange {number}"
        contents = _contents(quick.emulator)
        assert len(contents) == len(set(contents)), f"exchange {number}"
    assert died.exit_code == 0, died.stderr
    assert number > 20
    with capsys.disabled():
        print(f"\n{number // 2} exchanges of a real process, SIGKILL and an odd answer at each: one version every time")


def _connections(deployer: Deployer, file: Path, code: int, *args: str) -> set[str]:
    done = deployer.run_spied(*args, spy={"SPY_CONNECTIONS": str(file)})
    assert done.exit_code == code, done.stderr
    return set(file.read_text().split())


def test_no_connection_but_to_the_emulator_and_the_registry(deployer: Deployer, tmp_path: Path) -> None:
    """Deploy connects to no other host, although operations have links to Google's own host."""
    allowed = {url.removeprefix("http://") for url in (deployer.emulator.address, deployer.registry_url)}
    addresses = _connections(deployer, tmp_path / "one", 0, "deploy", "--image", numbered_reference(1))
    assert addresses == allowed
    links = {operation["selfLink"].split("/")[2] for operation in _operations(deployer.emulator)}
    assert links == {"www.googleapis.com"}
    addresses = _connections(deployer, tmp_path / "two", 0, "rollback")
    assert addresses <= allowed


def test_control_records_another_connection(deployer: Deployer, tmp_path: Path) -> None:
    """The control of the test above: the hook records a connection to a registry on another address."""
    with served(FakeRegistry(holds_every_digest=True), "127.0.0.2") as elsewhere:
        other = Deployer(deployer.emulator, elsewhere, tmp_path)
        addresses = _connections(other, tmp_path / "one", 0, "plan", "--image", numbered_reference(1))
    assert elsewhere.removeprefix("http://") in addresses
    assert not addresses <= {url.removeprefix("http://") for url in (deployer.emulator.address, deployer.registry_url)}


@pytest.mark.parametrize("method", ["instanceTemplates.insert", "instanceGroupManagers.patch"])
def test_operation_done_with_an_error_and_no_http_code_is_no_success(deployer: Deployer, method: str) -> None:
    """An operation that is DONE with an error, without an HTTP code, fails the deploy; the group is unchanged."""
    failing = {"on": method, "nth": [1], "operation": {"error": "INTERNAL_ERROR", "has_http_code": False}}
    before = deployer.versions()
    deployer.emulator.ask("emulator/faults", {"faults": [failing]})
    done = deployer.run("deploy", "--image", numbered_reference(1))
    assert (done.exit_code, "INTERNAL_ERROR" in done.stderr) == (3, True), done.stderr
    assert "The group is unchanged. The release before still serves." in unwrapped(done.stderr)
    assert deployer.versions() == before


def test_gcloud_agrees_with_status(deployer: Deployer, gcloud: Gcloud) -> None:
    """`describe` and `list-instances` agree with the report of a deploy and with `status`."""
    report = deployer.json("deploy", "--image", numbered_reference(7))["rollout"]
    status = deployer.run("status")
    described = gcloud.json(f"instance-groups managed describe {GROUP}")
    (version,) = described["versions"]
    template = version["instanceTemplate"].rpartition("/")[2]
    assert template == report["target"]["link"].rpartition("/")[2]
    assert version["name"] == report["target"]["name"]
    assert (described["status"]["isStable"], described["status"]["versionTarget"]["isReached"]) == (True, True)
    instances = gcloud.json(f"instance-groups managed list-instances {GROUP}")
    assert status.exit_code == 0, status.stderr
    assert template in status.stdout
    for instance in instances:
        assert instance["name"] in status.stdout
        assert instance["version"]["instanceTemplate"].rpartition("/")[2] == template
        assert instance["instanceHealth"][0]["detailedHealthState"] == "HEALTHY"
    assert len(instances) == described["targetSize"] == 3


def _operations(emulator: Emulator) -> list[dict[str, str]]:
    scopes = emulator.get("projects/dojangkok-dev/aggregated/operations")["items"].values()
    return [operation for scope in scopes for operation in scope.get("operations", [])]
