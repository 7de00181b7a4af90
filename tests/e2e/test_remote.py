"""The module, called for another repository: by path, as the reusable workflow calls it, and by a git URL."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from policy.workflows import FOLDER, is_call, read_workflow, steps
from tests.e2e.checkouts import Checkout, copy_repository, pushed
from tests.e2e.git_server import git_server
from tests.e2e.team_repository import SETTINGS, commit_all, make_team_repository

MODULE: Final = "github.com/owner/delivery@v1"
LINES: Final = {
    step["run"].partition(" call ")[2].split()[0]: step["run"]
    for step in steps(read_workflow(FOLDER / "release.yml"))
    if is_call(step.get("run", ""))
}


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Checkout]:
    """The folder of a job of release.yml: the caller's repository as `source`, this one as `delivery`."""
    (tmp_path / "source").mkdir()
    make_team_repository(tmp_path / "source")
    delivery = copy_repository(tmp_path / "delivery")
    yield delivery
    delivery.interrupt_calls()


def run_line(job: Checkout, name: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line of a step as GitHub does, for the local environment, which needs no login."""
    folder = job.path.parent
    environment = {
        **{key: value for key, value in os.environ.items() if key != "GOOGLE_APPLICATION_CREDENTIALS"},
        "TARGET": "local", "SOURCE": "source/.", "SETTINGS": f"source/{SETTINGS}", "MODULE": MODULE,
        "IMAGE": "", "COMMIT": "", "TO": "", "GITHUB_TRIGGERING_ACTOR": "octocat",
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"), "DAGGER_PROGRESS": "plain", "NO_COLOR": "1", **variables,
    }  # fmt: skip
    return subprocess.run(
        ["bash", "-eu", "-c", LINES[name]], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_another_repository_ships_with_the_programs_of_the_module(job: Checkout) -> None:
    """
    A release by path, with the lines of release.yml, then the same by a git URL, which the engine clones itself.

    The engine must reach loopback, as the local one does.
    """
    reset = job.daggerw("call", "reset-local")
    assert reset.returncode == 0, reset.stderr
    deployed = run_line(job, "deploy")
    assert deployed.returncode == 0, deployed.stderr[-5000:]
    assert f"undo      dagger -m {MODULE} call rollback" in deployed.stdout
    assert f"--settings DIR --source SOURCE --module {MODULE}" in deployed.stdout
    reported = run_line(job, "report")
    assert reported.returncode == 0, reported.stderr[-5000:]
    [digest] = set(re.findall(r"^  now +\S+@(sha256:[0-9a-f]{64}) ", deployed.stdout, re.MULTILINE))
    assert digest in (job.path.parent / "summary.md").read_text()

    bare = job.path.parent / "served/delivery.git"
    commit = commit_all(job.path)
    subprocess.run(["git", "clone", "--quiet", "--bare", job.path, bare], check=True)
    with git_server(bare.parent):
        url = f"http://127.0.0.1/delivery.git@{commit}"
        called = subprocess.run(
            [job.path / "daggerw", "-m", url, "call", "release", "--source", ".", "--settings", f"./{SETTINGS}"],
            cwd=job.path.parent / "source",
            env={**os.environ, "DAGGER_PROGRESS": "plain", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert called.returncode == 0, called.stderr[-5000:]
    assert pushed(called.stdout).endswith(digest)
