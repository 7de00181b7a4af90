"""
The acceptance against the emulator and a registry, with the real skopeo.

The steps of NEEDS_GOOGLE are left out by name: the emulator has no APIs to enable, no accounts, no single VMs and no
IAP, and Packer and the pipeline need an engine or Google. tests/system/terraform applies iac/ to the emulator. The step
`capacity` needs Google for its disk alone, and gets a stand-in for gcloud.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from acceptance.exchange import Exchange, read_exchanges
from acceptance.place import environment_text, read_place
from acceptance.steps import steps
from tests.support.docker_registry import docker_registry, logins
from tests.support.emulator import Emulator, run_emulator
from tests.support.image_layout import write_image
from tests.support.programs import ROOT, python_of, require

NEEDS_GOOGLE = (
    "bootstrap", "apply", "packer", "publish", "fleet", "capacity", "accessory-update", "accessory-rollback",
    "second-plan", "destroy",
)  # fmt: skip
_LEFT_OUT = [name for name in NEEDS_GOOGLE if name != "capacity"]
PROJECT = "disposable-1"
_RUN_S = 1800
_SPEED = 60  # of the emulator's clock
# No slower instance has the emulator of the replay: what a run has waited for has happened in its replay, too.
_INSTANCES = {"create_s": 6, "boot_s": 12, "answer_s": 20, "delete_s": 16}


@dataclass(frozen=True)
class Run:
    """
    The acceptance, with an emulator and a registry instead of Google.

    Args:
        folder: folder of the run.
        registry: host of the registry.
        first: reference of the first release.
        environment: environment file to start from.
        variables: variables of the process.
    """

    folder: Path
    registry: str
    first: str
    environment: Path
    variables: dict[str, str]

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run the program."""
        skips = [part for name in _LEFT_OUT for part in ("--skip", name)]
        return subprocess.run(
            [python_of("deploy"), "-m", "acceptance", "--project", PROJECT, "--folder", str(self.folder),
             "--environment", str(self.environment), "--release", self.first, "--disposable", PROJECT, *skips,
             *arguments],
            cwd=ROOT, env={**os.environ, **self.variables}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=_RUN_S, check=False,
        )  # fmt: skip

    def kept(self) -> dict[str, str]:
        """Return the values that commands of the run printed."""
        values: dict[str, str] = json.loads((self.folder / "progress.json").read_text())["kept"]
        return values

    def exchanges(self, step: str) -> tuple[Exchange, ...]:
        """Return what a step has recorded."""
        return read_exchanges([self.folder / f"exchanges/{step}.jsonl"])


def _with_names(text: str, registry: str) -> str:
    """Return an environment file or a seed with the registry and the project of the run."""
    text = text.replace("asia-northeast3-docker.pkg.dev/dojangkok-dev", f"{registry}/{PROJECT}")
    return re.sub(r"(?<![\w-])dojangkok-dev(?![\w-])", PROJECT, text)


def _push_first(folder: Path, registry: str, variables: dict[str, str]) -> str:
    """Push an image without layers; return its reference."""
    reference = f"{registry}/{PROJECT}/dojangkok-ai/ai-server@{write_image(folder)}"
    copy = ["skopeo", "copy", "--quiet", "--preserve-digests", "--dest-tls-verify=false", f"oci:{folder}"]
    subprocess.run([*copy, f"docker://{reference}"], env={**os.environ, **variables}, check=True, timeout=60)
    return reference


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """The host of a registry that needs a login."""
    require("skopeo", "the Debian package skopeo")
    with docker_registry(tmp_path) as host:
        yield host


@pytest.fixture
def emulator(tmp_path: Path, registry: str) -> Iterator[Emulator]:
    """An emulator whose group has the names of the run."""
    seed = tmp_path / "seed.yaml"
    seed.write_text(_with_names((ROOT / "emulator/seeds/dojangkok.yaml").read_text(), registry))
    with run_emulator(seed=seed, speed=_SPEED) as running:
        running.ask("emulator/instance-rules", _INSTANCES)
        yield running


@pytest.fixture
def run(tmp_path: Path, registry: str, emulator: Emulator) -> Run:
    """The acceptance, whose first release is in the registry."""
    (tmp_path / "work").mkdir()
    (tmp_path / "layout").mkdir()
    file = str(logins(tmp_path, registry))
    variables = {"REGISTRY_AUTH_FILE": file, "REGISTRY_CREDENTIALS": file, "HOME": str(tmp_path)}
    text = (ROOT / "environments/dev.yaml").read_text().partition("rollout:")[0]
    text = text.replace("asia-northeast3-docker.pkg.dev", registry).replace('registry_url: ""', "")
    environment = tmp_path / "environment.yaml"
    environment.write_text(
        f"{text}\nregistry_url: http://{registry}\ncompute_url: {emulator.address}/compute/v1\n"
        "rollout: {bake_s: 0.2, timeout_s: 30, poll_s: [0.1, 0.1]}\n"
    )
    first = _push_first(tmp_path / "layout", registry, variables)
    (tmp_path / "bin").mkdir()
    gcloud = tmp_path / "bin/gcloud"
    program = Path(__file__).with_name("gcloud_disks.py")
    gcloud.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{program}" {emulator.address} "$@"\n')
    gcloud.chmod(0o755)
    variables["PATH"] = f"{gcloud.parent}:{os.environ['PATH']}"
    return Run(tmp_path / "work", registry, first, environment, variables)


def _add_rules(emulator: Emulator, values: dict[str, str]) -> None:
    """Let instances behave as the containers of the failing variants would."""
    rules: dict[str, dict[str, object]] = {
        "exits": {"never_healthy": True},
        "never-healthy": {"never_healthy": True},
        "crashes": {"crash_after_s": 400},
    }
    for name, rule in rules.items():
        emulator.ask("emulator/instance-rules", {"image": values[name], **rule})


def test_steps_that_need_google_are_named() -> None:
    """The steps that need Google are those of the list above."""
    text = environment_text((ROOT / "environments/dev.yaml").read_text(), PROJECT)
    place = read_place(PROJECT, Path(), text)
    assert tuple(step.name for step in steps(place) if step.needs_google) == NEEDS_GOOGLE


def test_every_other_step(run: Run, emulator: Emulator) -> None:
    """
    Variants are pushed; a failed step stops the run with the commands to continue and to delete; then every step ends
    as it must, its exchanges are recorded, and tests/contract replays them.
    """
    emulator.ask("emulator/permissions", {"denied": ["compute.instanceGroupManagers.get"]}, "PUT")
    stopped = run.run()
    assert stopped.returncode == 1
    assert "✓ variants" in stopped.stdout
    assert "✗ stable" in stopped.stderr
    assert f"continue: uv run --project deploy python -m acceptance --project {PROJECT} --folder" in stopped.stderr
    assert "--from destroy" in stopped.stderr
    assert len(set(run.kept().values())) == 6
    _add_rules(emulator, run.kept())

    emulator.ask("emulator/permissions", {"denied": []}, "PUT")
    done = run.run()
    assert done.returncode == 0, done.stdout + done.stderr
    names = re.findall(r"^✓ (\S+)  \d+ s", done.stdout, re.MULTILINE)
    assert names == [
        "stable", "doctor", "plan", "deploy", "bad-image", "crash-after-bake", "never-healthy", "capacity", "rollback",
        "canary", "reports",
    ]  # fmt: skip
    assert "no exchange with Google: no row of emulator/FIDELITY.md is measured" in done.stdout
    assert f"gcloud projects delete {PROJECT}" in done.stderr

    patches = [exchange for exchange in run.exchanges("bad-image") if exchange.verb == "PATCH"]
    assert [patch.status for patch in patches[:2]] == [200, 200], "the deploy, and its rollback"
    assert not any(exchange.verb == "PATCH" for exchange in run.exchanges("capacity"))
    sizes = [
        [entry.get("targetSize") for entry in exchange.request["versions"]]
        for exchange in run.exchanges("canary")
        if exchange.verb == "PATCH"
    ]
    one = [None, {"fixed": 1}]
    assert sizes == [one, [None], one, [None]], "a canary that is promoted, and one that is aborted"
    assert all("/projects/demo" in exchange.path for exchange in run.exchanges("deploy"))
    recorded = "".join(file.read_text() for file in (run.folder / "exchanges").iterdir())
    assert PROJECT not in recorded
    assert_replayed(run.folder)


def assert_replayed(folder: Path) -> None:
    """Let tests/contract replay all exchanges of a run, on an emulator of its own."""
    test = "tests/contract/test_recordings.py::test_committed_recordings"
    command = [python_of("emulator"), "-m", "pytest", "-c", "emulator/pyproject.toml", "--rootdir=.", test, "-rA"]
    runs = folder / "runs"
    runs.mkdir()
    (folder / "exchanges").rename(runs / "exchanges")
    _stretch(runs / "exchanges")
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"], cwd=ROOT, env={**os.environ, "RECORDINGS": str(runs)},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_RUN_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    for number in (0, 1):
        assert re.search(rf"^PASSED \S+::test_committed_recordings\[.*run-{number}\b.*\]$", done.stdout, re.MULTILINE)


def _stretch(exchanges: Path) -> None:
    """Write the times of a recording by the emulator's clock, as the replay lets time pass between two requests."""
    rows = {file: [json.loads(line) for line in file.read_text().splitlines()] for file in exchanges.iterdir()}
    began = min(datetime.fromisoformat(row["at"]) for lines in rows.values() for row in lines)
    for file, lines in rows.items():
        for row in lines:
            passed = datetime.fromisoformat(row["at"]) - began
            row["at"] = (began + passed * _SPEED).isoformat(timespec="microseconds")
        file.write_text("".join(f"{json.dumps(row, ensure_ascii=False, sort_keys=True)}\n" for row in lines))
