"""Output that cannot be written changes neither the rollout nor the recorded outcome nor the exit code."""

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

from tests.support.deployer import Deployer
from tests.support.releases import reference

BROKEN = ("deploy", "--image", reference("b"), "--timeout", "3")
GOOD = ("deploy", "--image", reference("a"))


def start(deployer: Deployer, verb: tuple[str, ...], **how: Any) -> "subprocess.Popen[bytes]":
    environment = {**deployer.environment(), **how.pop("env", {})}
    return subprocess.Popen(deployer.command(*verb), env=environment, cwd=deployer.folder, **how)


def recorded(deployer: Deployer) -> int | None:
    """The exit code in the record of the last run."""
    (path,) = deployer.results.glob("*.json")
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
    """Return a function that closes descriptors in the new process, before the program starts."""

    def close() -> None:
        for descriptor in descriptors:
            os.close(descriptor)

    return close


@pytest.mark.parametrize("place", [lambda: head(2), full, terminal], ids=["head", "full", "terminal"])
def test_broken_release_is_rolled_back_without_a_reader(deployer: Deployer, place: Any) -> None:
    """A broken release is rolled back although no output can be written: reader gone, disk full, terminal closed."""
    seed = deployer.emulator.templates_of_instances()
    deployer.emulator.ask("emulator/instance-rules", verb="POST", body={"image": reference("b"), "never_healthy": True})
    with place() as descriptor:
        process = start(deployer, BROKEN, stdout=descriptor, stderr=descriptor)
        assert process.wait(120) == 7
    assert deployer.emulator.templates_of_instances() == seed
    assert recorded(deployer) == 7


@pytest.mark.parametrize("descriptors", [(2,), (0, 1, 2)])
def test_broken_release_is_rolled_back_though_the_streams_are_closed(
    deployer: Deployer, descriptors: tuple[int, ...]
) -> None:
    """A broken release is rolled back although the process started with closed streams."""
    seed = deployer.emulator.templates_of_instances()
    deployer.emulator.ask("emulator/instance-rules", verb="POST", body={"image": reference("b"), "never_healthy": True})
    process = start(deployer, BROKEN, preexec_fn=closed(*descriptors))
    assert process.wait(120) == 7
    assert deployer.emulator.templates_of_instances() == seed
    assert recorded(deployer) == 7


def test_reader_that_stands_still_delays_no_rollback(deployer: Deployer) -> None:
    """A paused terminal delays no rollback, and the report is written once the terminal continues."""
    seed = deployer.emulator.templates_of_instances()
    deployer.emulator.ask("emulator/instance-rules", verb="POST", body={"image": reference("b"), "never_healthy": True})
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    fcntl.fcntl(writing, 1031, 4096)  # F_SETPIPE_SZ
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b"x" * 512)
    os.set_blocking(writing, True)
    process = start(deployer, BROKEN, stdout=subprocess.DEVNULL, stderr=writing)
    os.close(writing)
    until_s = time.monotonic() + 60
    while not deployer.results.exists() or recorded(deployer) is None:
        assert time.monotonic() < until_s
        time.sleep(0.2)
    assert (recorded(deployer), deployer.emulator.templates_of_instances(), process.poll()) == (7, seed, None)
    with os.fdopen(reading, "rb") as stream:
        text = stream.read().lstrip(b"x").decode()
    assert process.wait(30) == 7
    assert "rolled back (exit code 7) · " in text


ENCODINGS = [
    {"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]  # fmt: skip


@pytest.mark.parametrize("env", ENCODINGS, ids=str)
def test_ascii_locale_gets_its_report(deployer: Deployer, env: dict[str, str]) -> None:
    """A report is printed in a locale that has ASCII alone."""
    process = start(deployer, (*GOOD, "--format", "json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    stdout, stderr = process.communicate(timeout=120)
    assert (process.returncode, recorded(deployer)) == (0, 0), stderr
    assert b"Traceback" not in stderr
    assert (json.loads(stdout)["exit_code"], reference("a").encode() in stdout) == (0, True)
    for shape in ("text", "markdown"):
        verb = ("report", "--long", "--format", shape)
        again = start(deployer, verb, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=env)
        stdout, _ = again.communicate(timeout=60)
        assert (again.returncode, reference("a").encode() in stdout) == (0, True)


def test_report_that_finds_no_room_is_no_failure(deployer: Deployer) -> None:
    """Every verb keeps its exit code on a full device; tests/unit/lib/test_streams.py tests other streams."""
    with full() as descriptor:
        assert start(deployer, GOOD, stdout=descriptor, stderr=subprocess.DEVNULL).wait(120) == 0
    assert recorded(deployer) == 0
    for verb in (("status",), ("history",), ("report",), ("plan", "--image", reference("a"))):
        with full() as descriptor:
            assert start(deployer, verb, stdout=descriptor, stderr=subprocess.DEVNULL).wait(60) == 0, verb
    with head(0) as descriptor:
        assert start(deployer, ("report",), stdout=descriptor, stderr=subprocess.DEVNULL).wait(60) == 0
    assert start(deployer, ("status",), stderr=subprocess.DEVNULL, preexec_fn=closed(1)).wait(60) == 0


def test_usage_error_and_refusal_keep_their_code_without_stderr(deployer: Deployer) -> None:
    """A wrong command line and a refusal end with exit code 3 although stderr cannot be written."""
    for verb in (("fly",), ("deploy", "--image", "other/path:v1")):
        with full() as descriptor:
            assert start(deployer, verb, stdout=subprocess.DEVNULL, stderr=descriptor).wait(60) == 3
        assert start(deployer, verb, stdout=subprocess.DEVNULL, preexec_fn=closed(2)).wait(60) == 3
