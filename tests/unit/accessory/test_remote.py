"""The scripts that run on the machine, in a real shell; over SSH and with Docker: tests/system/accessory."""

import os
import subprocess
from pathlib import Path

import pytest

MACHINE = Path("accessory/remote/machine.sh")
IMAGE = "host/vllm@sha256:1"


def started(folder: Path, image: str = IMAGE) -> str:
    """Run `start` of the script on /opt/app in a folder, with a docker that does nothing, and return its .env."""
    docker = folder / "bin/docker"
    docker.parent.mkdir(exist_ok=True)
    docker.write_text("#!/bin/sh\nexit 0\n")
    docker.chmod(0o755)
    script = f'run=r\n. "$1"\napp=$2 variable=VLLM_IMAGE service=vllm stop_s=1\nstart {image}\n'
    environment = os.environ | {"PATH": f"{docker.parent}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-c", script, "test", str(MACHINE), str(folder)], env=environment, check=True, timeout=60)
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
def test_a_variable_gets_a_line_of_its_own(before: str, after: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(before)
    assert started(tmp_path) == after
    assert started(tmp_path) == after


def test_mode_of_the_variables_is_kept(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("HOST_NAME=x")
    (tmp_path / ".env").chmod(0o640)
    started(tmp_path)
    assert (tmp_path / ".env").stat().st_mode & 0o777 == 0o640
