"""The record of the last run: its group, and its state after a failed write or a killed run."""

import os
import pickle
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.report import formats
from deploy.report.last_run import read_last_run, write_last_run
from deploy.rollout.result import RunResult
from tests.unit.deploy import run_results
from tests.unit.deploy.run_results import command
from tests.unit.deploy.values import CONFIG

OURS = {"project": CONFIG.project, "zone": CONFIG.zone, "group": CONFIG.group, "compute_url": CONFIG.compute_url}
SUCCESS = replace(run_results.SUCCESS, **OURS)  # type: ignore[arg-type]
FAILURE = replace(run_results.FAILURE, **OURS)  # type: ignore[arg-type]
NAME = "dojangkok-dev_asia-northeast3-a_dojangkok-dev-ai-server-mig_"


def record(folder: Path) -> Path:
    [path] = folder.iterdir()
    assert path.name.startswith(NAME)
    return path


def test_result_is_written_and_read_again(tmp_path: Path) -> None:
    """The file has every field of the result, and a later result replaces it."""
    folder = tmp_path / "results"
    assert read_last_run(folder, CONFIG) is None
    for outcome in (FAILURE, SUCCESS):
        write_last_run(folder, outcome)
        assert read_last_run(folder, CONFIG) == outcome
    assert formats.run_report(SUCCESS, command, "json") == record(folder).read_text()


@pytest.mark.parametrize(
    "other",
    [{"project": "other"}, {"zone": "us-central1-a"}, {"group": "other"}, {"compute_url": "http://emulator:8080"}],
    ids=lambda other: next(iter(other)),
)
def test_outcome_of_another_group_is_no_answer(tmp_path: Path, other: dict[str, str]) -> None:
    """A group of the same name may be in another zone or project, or on another endpoint; files may be renamed."""
    config = CONFIG.model_copy(update=other)
    write_last_run(tmp_path, SUCCESS)
    ours = record(tmp_path)
    assert read_last_run(tmp_path, config) is None
    write_last_run(tmp_path, replace(FAILURE, **other))  # type: ignore[arg-type]
    assert read_last_run(tmp_path, CONFIG) == SUCCESS
    [theirs] = set(tmp_path.iterdir()) - {ours}
    ours.replace(theirs)
    assert read_last_run(tmp_path, config) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"verb": "deploy"}', '{"verb": 1}', "\x00"])
def test_corrupt_file_is_named(tmp_path: Path, content: str) -> None:
    """A file that is no result is a refusal with its path."""
    write_last_run(tmp_path, SUCCESS)
    path = record(tmp_path)
    path.write_text(content)
    with pytest.raises(DeployError, match=rf"{path}: not the result of a run: .*Fix: delete "):
        read_last_run(tmp_path, CONFIG)


def test_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The error has the path and the variable to correct."""
    (tmp_path / "file").write_text("")
    with pytest.raises(
        DeployError, match=r"the result of this run was not written: .* Fix: correct DEPLOY_RESULTS, or unset it\."
    ):
        write_last_run(tmp_path / "file", SUCCESS)


FULL_DISK = """
import pickle, resource, sys
from pathlib import Path
from deploy.report.last_run import DeployError, write_last_run
FAILURE = pickle.load(sys.stdin.buffer)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
try:
    write_last_run(Path(sys.argv[1]), FAILURE)
except DeployError as error:
    print(error)
"""


def python(program: str, folder: Path) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-c", program, str(folder)], input=pickle.dumps(FAILURE), capture_output=True, check=False,
        timeout=60, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip


def test_full_disk_leaves_neither_the_run_before_nor_a_temporary_file(tmp_path: Path) -> None:
    """No file may grow beyond 100 bytes, as on a disk that is full."""
    write_last_run(tmp_path, SUCCESS)
    ended = python(FULL_DISK, tmp_path)
    assert b"the result of this run was not written: File too large. Fix: " in ended.stdout, ended.stderr
    assert list(tmp_path.iterdir()) == []
    assert read_last_run(tmp_path, CONFIG) is None


def test_run_before_that_cannot_be_deleted_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says that the file still has the result of the run before."""
    write_last_run(tmp_path, SUCCESS)

    def read_only(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    # Root, who may run the tests, can write to every folder.
    monkeypatch.setattr("tempfile.NamedTemporaryFile", read_only)
    monkeypatch.setattr(Path, "unlink", read_only)
    with pytest.raises(DeployError, match=r"The result of the run before is still there: Read-only file system\."):
        write_last_run(tmp_path, FAILURE)


KILLED = """
import os, pickle, signal, sys
from pathlib import Path
from deploy.report.last_run import DeployError, write_last_run
FAILURE = pickle.load(sys.stdin.buffer)
Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
write_last_run(Path(sys.argv[1]), FAILURE)
"""


def test_temporary_file_of_a_killed_run_is_deleted_by_the_next(tmp_path: Path) -> None:
    """A run deletes the temporary files of killed runs of its own group."""
    write_last_run(tmp_path, SUCCESS)
    other: RunResult = replace(SUCCESS, group="dojangkok-dev-ai-server-mig2")
    for outcome in (SUCCESS, other):
        assert python(KILLED, tmp_path).returncode == -signal.SIGKILL
        write_last_run(tmp_path, outcome)
    assert len(list(tmp_path.glob(".*"))) == 1, "a run deletes the temporary files of its own group alone"
    write_last_run(tmp_path, SUCCESS)
    assert len(list(tmp_path.iterdir())) == 2
