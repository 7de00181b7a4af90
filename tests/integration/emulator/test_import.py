"""`import` as a process: from a served emulator to a seed file that another emulator serves."""

import subprocess
import sys
from pathlib import Path

from tests.integration.emulator.process import EmulatorProcess
from tests.integration.emulator.seeded import SEED


def imported(emulator: EmulatorProcess, output: Path, *args: str) -> "subprocess.CompletedProcess[str]":
    """Run `import` for the seed's group."""
    names = ["--project", "dojangkok-dev", "--group", "dojangkok-dev-ai-server-mig", "--output", str(output)]
    url = f"{emulator.client.base_url}compute/v1".replace("//compute", "/compute")
    command = [sys.executable, "-m", "emulator", "import", *names, "--compute-url", url, *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_imported_seed_is_served(tmp_path: Path) -> None:
    """The file is written once, and another emulator serves the same settled group from it."""
    source, output = EmulatorProcess("--open", "--seed", SEED, "--speed", "60"), tmp_path / "seed.yaml"
    ended = imported(source, output, "--zone", "asia-northeast3-a")
    assert (ended.returncode, ended.stderr) == (0, "left out: 0\n")
    assert ended.stdout.startswith(f"wrote {output}: group 'dojangkok-dev-ai-server-mig', with 1 networks, ")
    copy = EmulatorProcess("--open", "--seed", str(output), "--speed", "60")
    ignored = ("id", "creationTimestamp", "fingerprint", "currentActions", "status")
    groups = [{key: value for key, value in one.group().items() if key not in ignored} for one in (source, copy)]
    assert groups[0] == groups[1]
    assert copy.group()["status"]["isStable"]
    for args, text in (
        (("--zone", "asia-northeast3-a"), "exists already. Fix: another path, or add --overwrite.\n"),
        (("--zone", "a", "--region", "r", "--overwrite"), "--zone, --region: got both. Fix: --zone of a zonal group,"),
        (("--zone", "asia-northeast3-b", "--overwrite"), "was not found. Fix: correct --project, --zone, --region or"),
    ):
        ended = imported(source, output, *args)
        assert (ended.returncode, ended.stdout, text in ended.stderr) == (3, "", True), ended.stderr
    for emulator in (source, copy):
        emulator.kill()
