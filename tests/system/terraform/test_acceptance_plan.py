"""The Terraform commands of acceptance, planned: their values and targets are those that `iac/` takes."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from acceptance.place import ROOT, Place, environment_text, prepare, read_place
from acceptance.runner import rendered
from acceptance.steps import Command, steps
from policy.terraform import Terraform, copy_iac

_PLAN_S = 300
# The names that steps keep before the fleet is created, in the form that Packer and the pipeline print.
_KEPT = {"cpu-image": "dojangkok-cpu-base-20261201101500", "first": f"REPOSITORY@sha256:{'a' * 64}"}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A prepared run."""
    text = environment_text((ROOT / "environments/dev.yaml").read_text(), "disposable-1")
    place = read_place("disposable-1", tmp_path / "run", text)
    place.folder.mkdir()
    prepare(place, text)
    return place


@pytest.fixture
def terraform(tmp_path: Path, place: Place, provider: Path, monkeypatch: pytest.MonkeyPatch) -> Terraform:
    """A copy of `iac/` for the provider that can be built, with the files that acceptance writes."""
    monkeypatch.setenv("PATH", f"{provider}:{os.environ['PATH']}")
    terraform = copy_iac(tmp_path / "copy")
    for name in ("acceptance.tf.json", "override.tf.json"):
        shutil.copy(place.terraform / name, terraform.path("dev"))
    shutil.copytree(place.folder / "environments", tmp_path / "copy/environments", dirs_exist_ok=True)
    terraform.run_checked("environments/dev", "get")
    return terraform


def plan(terraform: Terraform, place: Place, command: Command) -> str:
    """Plan with the values and targets of a command; return the output of the plan, which must succeed."""
    kept = {name: value.replace("REPOSITORY", place.repository) for name, value in _KEPT.items()}
    _, _, _, *arguments = rendered(command, kept)
    arguments = [argument for argument in arguments if argument not in ("-auto-approve", "-detailed-exitcode")]
    done = subprocess.run(
        ["terraform", "plan", "-refresh=false", *arguments], cwd=terraform.path("dev"),
        env={**os.environ, **terraform.variables}, capture_output=True, text=True, timeout=_PLAN_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_apply_can_be_planned(terraform: Terraform, place: Place) -> None:
    """Each apply, and the second plan, plans the modules that it names; the GPU's VM is in none of them."""
    added = {}
    for step in steps(place):
        for command in step.commands:
            if command.arguments[0] == "terraform" and command.arguments[2] in ("apply", "plan"):
                output = plan(terraform, place, command)
                added[step.name] = int(re.findall(r"Plan: (\d+) to add, 0 to change, 0 to destroy", output)[0])
                assert "module.fleet.module.vllm.google" not in output
    assert list(added) == ["bootstrap", "apply", "fleet", "second-plan"]
    assert added["bootstrap"] < added["apply"] < added["fleet"] == added["second-plan"]


def test_group_starts_with_the_first_release(terraform: Terraform, place: Place) -> None:
    """The seed template of the fleet names the image of the step `publish`, and the VM image of the step `packer`."""
    (fleet,) = (step for step in steps(place) if step.name == "fleet")
    output = plan(terraform, place, fleet.commands[0])
    assert f"AI_SERVER_IMAGE={place.repository}@sha256:{'a' * 64}" in output
    assert "dojangkok-cpu-base-20261201101500" in output
