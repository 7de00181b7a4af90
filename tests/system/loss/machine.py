"""The machine of the laboratory: Docker with the AI server's image, and the fakes of the services that it calls."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from tests.support.dockerd import Machine, dockerd
from tests.support.programs import ROOT, go_tool, require
from tests.system.loss.experiment import OUTCOMES, Experiment
from tests.system.loss.laboratory import OCR
from tests.system.loss.traffic import LONG_S, UPLOAD_S
from tests.system.stacks.replacing import BACKEND, GATEWAY, VLLM, variables
from tests.system.stacks.stacks import IMAGE

_LOAD_S: Final = 300
_FAKES: Final = "tests/support/app_fakes"


@contextmanager
def run_machine(archive: Path) -> Iterator[Machine]:
    """Run a machine with the image and the fakes until the end of the block."""
    require("haproxy", "'apt-get install haproxy'")
    given = variables()
    fakes = {
        "vllm": [
            "--port", VLLM, "--key", given["VLLM_API_KEY"], "--latency-s", LONG_S,
            "--latency-of", f"easycontract={UPLOAD_S}",
        ],
        "upstage": ["--port", OCR, "--key", given["OCR_API"]],
        "backend": ["--port", BACKEND, "--token", given["BACKEND_INTERNAL_TOKEN"]],
    }  # fmt: skip
    with dockerd() as machine:
        loaded = machine("docker", "load", "--quiet", "--input", archive, within_s=_LOAD_S).split()[-1]
        machine("docker", "tag", loaded, IMAGE)
        machine("docker", "network", "create", "--subnet", "172.30.0.0/24", "--gateway", GATEWAY, "servers")
        for name, arguments in fakes.items():
            machine(
                "docker", "run", "--detach", "--name", name, "--network", "host",
                "--volume", f"{ROOT}/{_FAKES}:/app/{_FAKES}:ro", IMAGE,
                "python", "-m", f"tests.support.app_fakes.{name}", *map(str, arguments),
            )  # fmt: skip
        for port in (VLLM, BACKEND, OCR):
            machine.wait_for(port, "/fake/calls", 60)
        yield machine


def perform(
    machine: Machine, folder: Path, within_s: float = 900, program: tuple[str, ...] = ("experiment",), **wanted: Any
) -> list[dict[str, Any]]:
    """
    Perform an experiment on a machine, and return its outcomes, which are in OUTCOMES of the folder too.

    Args:
        machine: machine of `run_machine`.
        folder: folder for files, which the machine shares.
        within_s: seconds after which the experiment has failed.
        program: module of this folder that performs it, and arguments after the file.
        wanted: fields of Experiment.
    """
    folder.mkdir(parents=True, exist_ok=True)
    experiment = Experiment(vegeta=str(go_tool("vegeta") / "vegeta"), folder=str(folder), **wanted)
    file = folder / "experiment.json"
    file.write_text(json.dumps(asdict(experiment)))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with (folder / "experiment.log").open("w") as log:
        process = machine.start(
            sys.executable, "-m", f"tests.system.loss.{program[0]}", file, *program[1:], folder=folder,
            env=environment, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            process.wait(within_s)
        finally:
            process.kill()
    assert process.returncode == 0, (folder / "experiment.log").read_text()[-4000:]
    return read_outcomes(folder)


def read_outcomes(folder: Path) -> list[dict[str, Any]]:
    """Return the outcomes of an experiment so far."""
    file = folder / OUTCOMES
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
