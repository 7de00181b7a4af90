"""Environment files: the values that the push needs, and what is refused."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from ci import environments
from ci.destination import EMBEDDED_HOST
from ci.errors import RefusedError
from ci.steps import emulator
from tests.unit.ci.doubles import Folder


def read(folder: Path, env: str) -> environments.Environment:
    """Read an environment from a folder of this computer."""
    files: Any = Folder(folder)
    return asyncio.run(environments.read(files, env))


def test_environment_names_the_image() -> None:
    """The image's name is the file's `repository`."""
    assert read(Path("environments"), "local").image == "registry:5000/dojangkok-ai/ai-server"


def test_local_environment_names_the_services_that_the_pipeline_starts() -> None:
    """So the local environment has no endpoint that its file does not name."""
    local = yaml.safe_load(Path("environments/local.yaml").read_text())
    assert local["compute_url"] == f"{emulator.URL}/compute/v1"
    assert local["registry_url"] == f"http://{EMBEDDED_HOST}"


def test_unknown_environment_is_refused_with_the_names_of_the_others(tmp_path: Path) -> None:
    """The error lists every file of environments/."""
    for name in ("prod", "dev"):
        (tmp_path / f"{name}.yaml").write_text("repository: host/path/app\n")
    with pytest.raises(
        RefusedError, match=r"got 'staging', and there is no environments/staging\.yaml\. Fix: one of dev, prod"
    ):
        read(tmp_path, "staging")


def test_source_without_environment_files_is_refused(tmp_path: Path) -> None:
    """The error names both places where the folder may be."""
    with pytest.raises(
        RefusedError, match=r"environments: the folder cannot be read: .*make it in the source, or pass --settings DIR"
    ):
        read(tmp_path / "environments", "dev")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "got NoneType, must be keys with values. Fix: write 'repository: HOST/PATH', such as europe-"),
        (b"- repository", "got list, must be keys with values"),
        (b"project: p", "repository: missing. Fix: write 'repository: HOST/PATH', such as europe-"),
        (b"repository: [1]", "repository: got a value of type list, must be HOST/PATH without tag"),
        (b"repository: 0x" + b"f" * 5_000, "repository: got a value of type int"),
        (b"repository: host/path:tag", "repository: got 'host/path:tag', must be HOST/PATH without tag"),
        (b"repository: team/app", "repository: got 'team/app', must be HOST/PATH without tag"),
        (b"repository: app", "repository: got 'app', must be HOST/PATH without tag"),
        (b"repository: " + b"9" * 5_000, "a value cannot be read: Exceeds the limit (4300 digits)"),
        (b"repository: " + b"[" * 5_000 + b"]" * 5_000, "cannot be read: "),
        (b"repository: caf\xe9", "cannot be read: 'utf-8' codec"),
        (b"repository: a\0b", "unacceptable character"),
        (b"{", "while parsing"),
        (
            b"repository: host/path/app\nvulnerabilities: {fails: low}",
            "line 2: vulnerabilities.fails: unknown key. Fix: ",
        ),
        (
            b"repository: host/path/app\nvulnerabilities: {allowed: [{id: CVE-1, reason: r, until: 2026-13-01}]}",
            "line 2: ",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_wrong_value_is_refused_with_the_name_of_the_file(tmp_path: Path, content: bytes, text: str) -> None:
    """The exit code is 3, and the error begins with the file's path."""
    (tmp_path / "dev.yaml").write_bytes(content)
    with pytest.raises(RefusedError) as refused:
        read(tmp_path, "dev")
    assert str(refused.value).startswith("environments/dev.yaml: ")
    assert text in str(refused.value)
    assert refused.value.exit_code == 3


def test_file_that_the_engine_cannot_read_is_refused(tmp_path: Path) -> None:
    """A folder in place of the file is such a file."""
    (tmp_path / "dev.yaml").mkdir(parents=True)
    with pytest.raises(RefusedError, match=r"environments/dev\.yaml: cannot be read: .* Fix: make it a text file"):
        read(tmp_path, "dev")


def test_environment_says_which_vulnerabilities_stop_a_release(tmp_path: Path) -> None:
    """The file of an environment without the key has the default."""
    (tmp_path / "dev.yaml").write_text("repository: host.test/app\nvulnerabilities: {fails_from: low}\n")
    assert read(tmp_path, "dev").vulnerabilities.fails_from == "low"
    assert read(Path("environments"), "local").vulnerabilities.fails_from == "high"
