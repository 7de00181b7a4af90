"""The module, called by path for another repository, with the command lines of the reusable workflow."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from policy.workflows import FOLDER, is_call, read_workflow, steps
from tests.e2e.checkouts import Checkout, copy_repository
from tests.e2e.team_repository import SETTINGS, make_team_repository
from tests.support.reports import unwrapped

MODULE: Final = "github.com/owner/delivery@v1"
LINES: Final = {
    step["run"].partition(" call ")[2].split()[0].strip('"'): step["run"]
    for step in steps(read_workflow(FOLDER / "release.yml"))
    if is_call(step.get("run", ""))
}


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Checkout]:
    """The folder of a job of release.yml: the caller's repository as `source`, this one as `delivery`."""
    (tmp_path / "source").mkdir()
    make_team_repository(tmp_path / "source")
    delivery = copy_repository(tmp_path / "delivery")
    reset = delivery.daggerw("call", "reset-local", "--source", "examples/flask")  # the same project and group
    assert reset.returncode == 0, reset.stderr
    yield delivery
    delivery.interrupt_calls()


def run_line(job: Checkout, name: str, **variables: str) -> str:
    """
    Run the command line of a step as GitHub does, for the local environment, which needs no login.

    Returns:
        Its output: what it prints to stdout, or what it adds to the summary, the outputs or a file of the job.
    """
    folder = job.path.parent
    files = {name: folder / name for name in ("summary.md", "outputs", "bill.json")}
    for file in files.values():
        file.write_text("")
    environment = {
        **{key: value for key, value in os.environ.items() if key != "GOOGLE_APPLICATION_CREDENTIALS"},
        "TARGET": "local", "SOURCE": "source/.", "SETTINGS": f"source/{SETTINGS}", "MODULE": MODULE,
        "IMAGE": "", "COMMIT": "", "TO": "", "FULL": "false", "PROMETHEUS_TOKEN": "",
        "GITHUB_TRIGGERING_ACTOR": "octocat",
        "GITHUB_STEP_SUMMARY": str(files["summary.md"]), "GITHUB_OUTPUT": str(files["outputs"]),
        "RUNNER_TEMP": str(folder), "DAGGER_PROGRESS": "plain", "NO_COLOR": "1", **variables,
    }  # fmt: skip
    ran = subprocess.run(
        ["bash", "-eu", "-c", LINES[name]], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr[-5000:]
    return ran.stdout + "".join(file.read_text() for file in files.values())


def test_every_line_of_the_workflow_works_for_another_repository(job: Checkout) -> None:
    """A release, its report, the rollback, and the plan and the status after it, with the programs of the module."""
    assert list(LINES) == [
        "publish", "deploy", "bill-of-materials", "rollback", "plan", "promote", "abort", "$VERB", "report",
    ]  # fmt: skip
    published = dict(line.split("=", 1) for line in run_line(job, "publish").splitlines())
    assert published["reference"] == f"{published['name']}@{published['digest']}"
    deployed = run_line(job, "deploy", IMAGE=published["reference"])
    bill = json.loads(run_line(job, "bill-of-materials", IMAGE=published["reference"]))
    assert bill["metadata"]["component"]["version"] == published["digest"]
    assert {"bomFormat", "serialNumber", "specVersion"} <= set(bill)
    assert re.search(rf"^  undo +dagger -m {re.escape(MODULE)} call rollback ", unwrapped(deployed), re.MULTILINE)
    assert f"--settings DIR --source SOURCE --module {MODULE}" in unwrapped(deployed)
    reference, digest = published["reference"], published["digest"].removeprefix("sha256:")
    short = f"{published['name'].rpartition('/')[2]} {digest[:7]}"
    assert deployed.startswith(f"✓ {short} ")
    assert reference in run_line(job, "report")
    rolled_back = run_line(job, "rollback")
    assert rolled_back.startswith("✓ rolled back: ")
    assert re.search(rf"^  before +{short}$", rolled_back, re.MULTILINE)
    assert reference in run_line(job, "plan", IMAGE=reference)
    status = unwrapped(run_line(job, "$VERB", VERB="status"))
    assert (reference in status, "serves from every instance" in status) == (False, True)
