"""The scripts for the VM in a real shell; tests/system/accessory runs them over SSH and with Docker."""

import os
import subprocess
from pathlib import Path

import pytest

STATE_SCRIPT = Path("accessory/remote/state.sh")
IMAGE = "host/vllm@sha256:1"


def start(folder: Path, image: str = IMAGE) -> str:
    """Run the function `start` with a stand-in for docker, and return the .env that it wrote."""
    docker = folder / "bin/docker"
    docker.parent.mkdir(exist_ok=True)
    docker.write_text("#!/bin/sh\nexit 0\n")
    docker.chmod(0o755)
    script = f'run=r state=/var/lib/state\n. "$1"\napp=$2 variable=VLLM_IMAGE service=vllm stop_s=1\nstart {image}\n'
    environment = os.environ | {"PATH": f"{docker.parent}:{os.environ['PATH']}"}
    subprocess.run(
        ["bash", "-c", script, "test", str(STATE_SCRIPT), str(folder)], env=environment, check=True, timeout=60
    )
    return (folder / ".env").read_text()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", f"VLLM_IMAGE={IMAGE}\n"),
        ("HOST_NAME=x\n", f"HOST_NAME=x\nVLLM_IMAGE={IMAGE}\n"),
        ("HOST_NAME=x", f"HOST_NAME=x\nVLLM_IMAGE={IMAGE}\n"),
        ("VLLM_IMAGE=old\nHOST_NAME=x", f"HOST_NAME=x\nVLLM_IMAGE={IMAGE}\n"),
        ("HOST_NAME=x\nVLLM_IMAGE=old", f"HOST_NAME=x\nVLLM_IMAGE={IMAGE}\n"),
        ("# a\n\nMODEL=a\\b\nVLLM_IMAGE_TAG=x", f"# a\n\nMODEL=a\\b\nVLLM_IMAGE_TAG=x\nVLLM_IMAGE={IMAGE}\n"),
    ],
    ids=["empty", "whole", "no newline", "no newline after another", "no newline of its own", "alike"],
)
def test_variable_gets_its_own_line(before: str, after: str, tmp_path: Path) -> None:
    """The image replaces its line or is added, also after a missing final newline."""
    (tmp_path / ".env").write_text(before)
    assert start(tmp_path) == after
    assert start(tmp_path) == after


def test_mode_of_the_environment_file_is_kept(tmp_path: Path) -> None:
    """The rewritten .env has the mode of the former file."""
    (tmp_path / ".env").write_text("HOST_NAME=x")
    (tmp_path / ".env").chmod(0o640)
    start(tmp_path)
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o640
