"""The script for the VM."""

import hashlib
import re
import subprocess

from accessory import image
from accessory.config import Ready
from accessory.request import RECEIVE, Request, arguments
from tests.unit.accessory.settings import CHROMA, DIGEST

REQUEST = Request("update", "chromadb", CHROMA, "12-ab", "me", image.parse(f"docker.io/chromadb/chroma@{DIGEST}"))


def bash(script: bytes | str, *options: str) -> "subprocess.CompletedProcess[bytes]":
    """Run a script in bash; it must succeed."""
    data = script if isinstance(script, bytes) else script.encode()
    return subprocess.run(["bash", *options], input=data, capture_output=True, check=True)


def test_script_is_valid_bash() -> None:
    """bash parses the request and the receiver."""
    bash(REQUEST.script(), "-n")
    bash(RECEIVE, "-n")


def test_request_begins_with_assignments() -> None:
    """The values of the request are assignments above the functions."""
    lines = REQUEST.script().decode().splitlines()
    assert lines[:19] == [
        "#!/usr/bin/env bash",
        "verb=update",
        f"request='update docker.io/chromadb/chroma@{DIGEST}'",
        "name=chromadb",
        "service=chromadb",
        "variable=CHROMADB_IMAGE",
        "run=12-ab",
        "state=/var/lib/dojangkok",
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


def test_values_are_quoted() -> None:
    """Shell syntax in a value has no effect."""
    hostile = CHROMA.model_copy(update={"ready": (Ready.model_construct(url="$(echo x)`y`'", has="", bearer=""),)})
    head = Request("status", "chromadb", hostile, "1", "me").script().decode().partition("# shellcheck")[0]
    assert bash(head + 'printf %s "${ready[0]}"').stdout == b"$(echo x)`y`'||"


def test_arguments_have_length_and_hash() -> None:
    """The receiver checks the script by its hash and length."""
    digest = hashlib.sha256(b"script").hexdigest()
    assert arguments("/var/lib/state", "r", b"script", 3) == ("/var/lib/state/runs/r", digest, "6", "3")


def test_no_pipe_ends_in_grep_q() -> None:
    """With `pipefail`, `grep -q` exits at its first match, and the writing program ends with SIGPIPE."""
    assert not re.findall(r"\|\s*grep -\w*q", Request("update", "chromadb", CHROMA, "r1", "me").script().decode())
