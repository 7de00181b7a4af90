"""Output that cannot be written: what is done, the recorded outcome and the exit code stay what they are."""

import contextlib
import fcntl
import json
import os
import pty
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.system.processes.served import Served, reference

BROKEN = ("deploy", "--image", reference("b"), "--timeout", "3")
GOOD = ("deploy", "--image", reference("a"))


def start(served: Served, verb: tuple[str, ...], **how: Any) -> "subprocess.Popen[bytes]":
    environment = {**served.environment(), **how.pop("env", {})}
    return subprocess.Popen(served.command(*verb), env=environment, cwd=served.folder, **how)


def recorded(served: Served) -> int | None:
    """The exit code in the record of the last run."""
    (path,) = served.results.glob("*.json")
    code = json.loads(path.read_text())["exit_code"]
    assert code is None or isinstance(code, int)
    return code


@contextlib.contextmanager
def full() -> Iterator[int]:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    yield descriptor
    os.close(descriptor)


@contextlib.contextmanager
def head(lines: int) -> Iterator[int]:
    """A pipe whose reader leaves after some lines."""
    process = subprocess.Popen(["head", "-n", str(lines)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert process.stdin is not None
    yield process.stdin.fileno()
    process.stdin.close()
    process.wait(30)


@contextlib.contextmanager
def terminal() -> Iterator[int]:
    """A terminal that hangs up after its first output."""
    master, slave = pty.openpty()
    reader = subprocess.Popen(["head", "-c", "200"], stdin=master, stdout=subprocess.DEVNULL)
    os.close(master)
    yield slave
    os.close(slave)
    reader.wait(30)


def closed(*descriptors: int) -> Callable[[], None]:
    return lambda: [os.close(descriptor) for descriptor in descriptors] and None


@pytest.mark.parametrize("place", [lambda: head(2), full, terminal], ids=["head", "full", "terminal"])
def test_broken_release_is_rolled_back_though_nobody_reads(served: Served, place: Any) -> None:
    seed = served.serving()
    served.client.post("/emulator/machines", json={"image": reference("b"), "never_healthy": True})
    with place() as descriptor:
        process = start(served, BROKEN, stdout=descriptor, stderr=descriptor)
        assert process.wait(120) == 7
    assert served.serving() == seed
    assert recorded(served) == 7


@pytest.mark.parametrize("descriptors", [(2,), (0, 1, 2)])
def test_broken_release_is_rolled_back_though_the_streams_are_closed(
    served: Served, descriptors: tuple[int, ...]
) -> None:
    seed = served.serving()
    served.client.post("/emulator/machines", json={"image": reference("b"), "never_healthy": True})
    process = start(served, BROKEN, preexec_fn=closed(*descriptors))
    assert process.wait(120) == 7
    assert served.serving() == seed
    assert recorded(served) == 7


def test_reader_that_stands_still_delays_no_rollback(served: Served) -> None:
    """As a terminal does whose output is paused; the report is written once somebody reads again."""
    seed = served.serving()
    served.client.post("/emulator/machines", json={"image": reference("b"), "never_healthy": True})
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    fcntl.fcntl(writing, 1031, 4096)  # F_SETPIPE_SZ
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b"x" * 512)
    os.set_blocking(writing, True)
    process = start(served, BROKEN, stdout=subprocess.DEVNULL, stderr=writing)
    os.close(writing)
    until_s = time.monotonic() + 60
    while not served.results.exists() or recorded(served) is None:
        assert time.monotonic() < until_s
        time.sleep(0.2)
    assert (recorded(served), served.serving(), process.poll()) == (7, seed, None)
    with os.fdopen(reading, "rb") as stream:
        text = stream.read().lstrip(b"x").decode()
    assert process.wait(30) == 7
    assert "failed and rolled back (exit code 7)" in text


ENCODINGS = [
    {"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]  # fmt: skip


@pytest.mark.parametrize("env", ENCODINGS, ids=str)
def test_ascii_locale_gets_its_report(served: Served, env: dict[str, str]) -> None:
    process = start(served, (*GOOD, "--format", "json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    stdout, stderr = process.communicate(timeout=120)
    assert (process.returncode, recorded(served)) == (0, 0), stderr
    assert b"Traceback" not in stderr
    assert (json.loads(stdout)["exit_code"], reference("a").encode() in stdout) == (0, True)
    for shape in ("text", "markdown"):
        verb = ("report", "--format", shape)
        again = start(served, verb, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env)
        stdout, _ = again.communicate(timeout=60)
        assert (again.returncode, reference("a").encode() in stdout) == (0, True)


def test_report_that_finds_no_room_is_no_failure(served: Served) -> None:
    """All verbs write through lib/streams.py, where tests/unit/lib/test_streams.py tests every kind of stream."""
    with full() as descriptor:
        assert start(served, GOOD, stdout=descriptor, stderr=subprocess.DEVNULL).wait(120) == 0
    assert recorded(served) == 0
    for verb in (("status",), ("history",), ("report",), ("plan", "--image", reference("a"))):
        with full() as descriptor:
            assert start(served, verb, stdout=descriptor, stderr=subprocess.DEVNULL).wait(60) == 0, verb
    with head(0) as descriptor:
        assert start(served, ("report",), stdout=descriptor, stderr=subprocess.DEVNULL).wait(60) == 0
    assert start(served, ("status",), stderr=subprocess.DEVNULL, preexec_fn=closed(1)).wait(60) == 0


def test_usage_error_and_refusal_keep_their_code_without_stderr(served: Served) -> None:
    for verb in (("fly",), ("deploy", "--image", "other/path:v1")):
        with full() as descriptor:
            assert start(served, verb, stdout=subprocess.DEVNULL, stderr=descriptor).wait(60) == 3
        assert start(served, verb, stdout=subprocess.DEVNULL, preexec_fn=closed(2)).wait(60) == 3
