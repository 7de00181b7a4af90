"""`import`: from a served emulator to a seed file that another emulator serves, and what it refuses."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.emulator import Emulator
from emulator.environment.clock import Clock
from emulator.environment.environment import Environment
from emulator.environment.store import Store
from emulator.import_command import checked_output, checked_place, import_group, import_summary
from emulator.inprocess import Transport
from emulator.seed import plant, read_seed
from emulator.seed_import.compute_reader import ComputeReader, ImportRefusedError
from emulator.seed_import.live_group import Place
from tests.integration.emulator.process import EmulatorProcess
from tests.integration.emulator.seeded import SEED

NAME = "dojangkok-dev-ai-server-mig"
PLACE = Place("dojangkok-dev", zone="asia-northeast3-a")


@pytest.fixture
def source() -> Emulator:
    """The emulator of the live group."""
    emulator = Emulator(Environment(Store(), Clock(1.79e9, None)))
    plant(emulator, read_seed(Path(SEED)))
    return emulator


def reader(emulator: Emulator) -> ComputeReader:
    """Return the reader of an emulator in this process."""
    return ComputeReader(httpx.Client(transport=Transport(emulator)), "http://emulator/compute/v1", "")


def change(emulator: Emulator, verb: str, path: str, body: Any) -> None:
    """Change the live group's environment."""
    client = httpx.Client(transport=Transport(emulator), base_url="http://emulator/compute/v1/projects/dojangkok-dev/")
    client.request(verb, path, json=body).raise_for_status()


def test_imported_seed_is_served(tmp_path: Path) -> None:
    """The process writes the file and its two lines, and another emulator serves the same settled group from it."""
    first, output = EmulatorProcess("--open", "--seed", SEED, "--speed", "60"), tmp_path / "seed.yaml"
    names = ["--project", PLACE.project, "--zone", PLACE.zone, "--group", NAME, "--output", str(output)]
    url = str(first.client.base_url.join("/compute/v1"))
    command = [sys.executable, "-m", "emulator", "import", *names, "--compute-url", url]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "left out: 0\n")
    assert ended.stdout.startswith(f"wrote {output}: group '{NAME}', with 1 networks, ")
    second = EmulatorProcess("--open", "--seed", str(output), "--speed", "60")
    ignored = ("id", "creationTimestamp", "fingerprint", "currentActions", "status")
    groups = [
        {key: value for key, value in emulator.group().items() if key not in ignored} for emulator in (first, second)
    ]
    assert groups[0] == groups[1]
    assert second.group()["status"]["isStable"]
    for emulator in (first, second):
        emulator.kill()


def test_secret_of_a_live_group_is_neither_in_the_file_nor_in_the_report(source: Emulator, tmp_path: Path) -> None:
    """A secret of the group's own metadata is left out, and the comments of the file name its place alone."""
    config = {"properties": {"metadata": {"db-password": "q8Zr2x91LmK0", "role": "web"}}}
    path = f"zones/{PLACE.zone}/instanceGroupManagers/{NAME}"
    change(source, "PATCH", path, {"allInstancesConfig": config})
    output = tmp_path / "seeds/seed.yaml"
    imported = import_group(reader(source), PLACE, NAME, output)
    place = f"instanceGroupManagers.{NAME}.allInstancesConfig.properties.metadata.db-password"
    assert [str(part) for part in imported.left_out] == [f"{place}: looks like a secret"]
    text = output.read_text()
    assert f"#   {place}: looks like a secret\n" in text
    assert "q8Zr2x91LmK0" not in text + import_summary(imported, output, NAME)
    assert read_seed(output).resources["instanceGroupManagers"][0]["allInstancesConfig"] == {
        "properties": {"metadata": {"role": "web"}}
    }
    assert output.stat().st_mode & 0o777 == 0o600


def test_group_without_a_readable_health_check_is_served(source: Emulator, tmp_path: Path) -> None:
    """A health check that the account may not read is left out with the repairs by it, and the rest is imported."""
    client = httpx.Client(transport=Transport(source), base_url="http://emulator/")
    client.put("emulator/permissions", json={"denied": ["compute.healthChecks.get"]}).raise_for_status()
    imported = import_group(reader(source), PLACE, NAME, tmp_path / "seed.yaml")
    assert [part.path for part in imported.left_out] == [
        "healthChecks.dojangkok-dev-ai-server",
        f"instanceGroupManagers.{NAME}.autoHealingPolicies",
    ]
    assert "autoHealingPolicies" not in read_seed(tmp_path / "seed.yaml").resources["instanceGroupManagers"][0]


def test_refused_imports_write_nothing(source: Emulator, tmp_path: Path) -> None:
    """An absent group, a place without or with two names, an existing file and an unwritable one are refused."""
    output = tmp_path / "seed.yaml"
    with pytest.raises(ImportRefusedError, match=r"GET .*/none: 404 .* was not found. Fix: correct --project, --zone"):
        import_group(reader(source), PLACE, "none", output)
    assert not output.exists()
    for zone, region, got in (("z", "r", "both"), ("", "", "neither")):
        with pytest.raises(ImportRefusedError, match=f"--zone, --region: got {got}. Fix: --zone of a zonal group, or"):
            checked_place("p", zone, region)
    output.write_text("kept")
    with pytest.raises(ImportRefusedError, match=r"seed.yaml: exists already. Fix: another path, or add --overwrite."):
        checked_output(output, may_exist=False)
    assert checked_output(output, may_exist=True) == output
    with pytest.raises(ImportRefusedError, match=r"--output: .*/seed.yaml/x: .*. Fix: another path."):
        import_group(reader(source), PLACE, NAME, output / "x")
    assert output.read_text() == "kept"


def test_group_that_the_emulator_refuses_gets_no_file(source: Emulator, tmp_path: Path) -> None:
    """A file is written only after an emulator has created all its resources."""
    live = source.environment.view.get(f"{PLACE.scope}/instanceGroupManagers/{NAME}")
    assert live
    broken = {**live, "updatePolicy": {**live["updatePolicy"], "maxSurge": {"fixed": -1}}}
    source.environment.put(f"{PLACE.scope}/instanceGroupManagers/{NAME}", broken)
    refused = rf"the emulator cannot serve group '{NAME}': resources.instanceGroupManagers: .*No file was written."
    with pytest.raises(ImportRefusedError, match=refused):
        import_group(reader(source), PLACE, NAME, tmp_path / "seed.yaml")
    assert not list(tmp_path.iterdir())
