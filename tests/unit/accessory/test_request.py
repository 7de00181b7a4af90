"""What is sent to the machine."""

import hashlib
import re
import subprocess

from accessory import image
from accessory.config import Ready
from accessory.request import RECEIVE, Request, arguments
from tests.unit.accessory.settings import CHROMA, DIGEST

WISH = Request("update", "chromadb", CHROMA, "12-ab", "me", image.parse(f"docker.io/chromadb/chroma@{DIGEST}"))


def bash(script: bytes | str, *options: str) -> "subprocess.CompletedProcess[bytes]":
    data = script if isinstance(script, bytes) else script.encode()
    return subprocess.run(["bash", *options], input=data, capture_output=True, check=True)


def test_script_is_whole_bash() -> None:
    bash(WISH.script(), "-n")
    bash(RECEIVE, "-n")


def test_request_stands_above_as_assignments() -> None:
    lines = WISH.script().decode().splitlines()
    assert lines[:18] == [
        "#!/usr/bin/env bash",
        "verb=update",
        f"wish='update docker.io/chromadb/chroma@{DIGEST}'",
        "name=chromadb",
        "service=chromadb",
        "variable=CHROMADB_IMAGE",
        "run=12-ab",
        "by=me",
        f"image=docker.io/chromadb/chroma@{DIGEST}",
        "repository=docker.io/chromadb/chroma",
        "data=/data",
        "snapshots=3",
        "needs_gpu=''",
        "free_mib=512",
        "pull_s=600",
        "stop_s=30",
        "ready_s=120",
        "ready=('http://127.0.0.1:8100/api/v2/heartbeat||')",
    ]


def test_values_cannot_leave_their_assignment() -> None:
    nasty = CHROMA.model_copy(update={"ready": (Ready.model_construct(url="$(echo x)`y`'", has="", bearer=""),)})
    head = Request("status", "chromadb", nasty, "1", "me").script().decode().partition("# shellcheck")[0]
    assert bash(head + 'printf %s "${ready[0]}"').stdout == b"$(echo x)`y`'||"


def test_receiver_is_told_length_and_hash() -> None:
    assert arguments("r", b"script", 3) == ("r", hashlib.sha256(b"script").hexdigest(), "6", "3")


def test_nothing_that_is_piped_is_left_half_read() -> None:
    """With `pipefail`, `grep -q` ends with the first line that it finds, and what writes the others dies of SIGPIPE."""
    assert not re.findall(r"\|\s*grep -\w*q", Request("update", "chromadb", CHROMA, "r1", "me").script().decode())
