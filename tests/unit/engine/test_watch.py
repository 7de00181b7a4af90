"""A call whose engine ends: real processes in the places of the CLI and the engine."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.waiting import wait_until
from tests.support.watched_calls import lines_of_daggerw

WITHIN_S = 20


@pytest.fixture
def engine(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A process whose id stands in `engine.lock`."""
    process = subprocess.Popen(["sleep", "600"])
    (tmp_path / "engine.lock").write_text(str(process.pid))
    yield process
    process.kill()
    process.wait()


def watched(home: Path, command: str) -> "subprocess.Popen[str]":
    """Start a shell that is watched as `daggerw` is, and runs a command."""
    (home / "watched").write_text(lines_of_daggerw())
    program = f'here=.; home="{home}"; . "{home}/watched"; {command}'
    return subprocess.Popen(["sh", "-c", program], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def watches(home: Path) -> list[str]:
    """Return the ids of the processes that watch an engine in this folder."""
    files = Path("/proc").glob("[0-9]*/cmdline")
    found = []
    for file in files:
        with suppress(OSError):  # a process that ended meanwhile
            words = file.read_bytes().split(b"\0")
            found += [file.parent.name] if b"./engine/watch" in words and str(home).encode() in words else []
    return found


@pytest.mark.parametrize("command", ["exec sleep 600", "shown=$(sleep 600); echo over", "sleep 600 & wait"])
def test_call_ends_with_its_engine_and_says_so(command: str, engine: "subprocess.Popen[bytes]", tmp_path: Path) -> None:
    """The CLI takes the place of the shell, or is its child where `daggerw` needs its exit code or its output."""
    call = watched(tmp_path, command)
    engine.send_signal(signal.SIGKILL)
    engine.wait()
    _, stderr = call.communicate(timeout=WITHIN_S)
    assert call.returncode in (-signal.SIGINT, -signal.SIGTERM)
    assert f"the local engine ended during this call ({tmp_path}/log/engine.log). Fix: call again" in stderr


def test_process_that_the_caller_had_started_goes_on(engine: "subprocess.Popen[bytes]", tmp_path: Path) -> None:
    """A script may start a job and then become the call by `exec`: the job is the call's child, and no part of it."""
    inner = f'here=.; home="{tmp_path}"; . "{tmp_path}/watched"; exec sleep 600'
    command = f"sleep 600 >/dev/null 2>&1 & echo $! >&2; exec sh -c '{inner}'"
    (tmp_path / "watched").write_text(lines_of_daggerw())
    call = subprocess.Popen(["sh", "-c", command], stderr=subprocess.PIPE, text=True)
    assert call.stderr is not None
    job = int(call.stderr.readline())
    try:
        wait_until(lambda: watches(tmp_path) != [])
        engine.kill()
        engine.wait()
        call.communicate(timeout=WITHIN_S)
        wait_until(lambda: watches(tmp_path) == [])
        assert Path(f"/proc/{job}/exe").exists()
    finally:
        os.kill(job, signal.SIGKILL)


def test_reader_that_has_gone_holds_nothing_up(engine: "subprocess.Popen[bytes]", tmp_path: Path) -> None:
    """As in `./daggerw … 2>&1 | head`: a process that waited for a reader of that pipe would wait for ever."""
    call = watched(tmp_path, "trap '' PIPE; exec sleep 600")
    assert call.stderr is not None
    wait_until(lambda: watches(tmp_path) != [])
    call.stderr.close()
    engine.kill()
    engine.wait()
    call.wait(timeout=WITHIN_S)
    wait_until(lambda: watches(tmp_path) == [])


@pytest.mark.parametrize("content", ["", None])
def test_call_without_an_engine_id_goes_on(content: str | None, tmp_path: Path) -> None:
    """The id is unknown while another call sets the engine up, or after its folder was deleted."""
    if content is not None:
        (tmp_path / "engine.lock").write_text(content)
    call = watched(tmp_path, "exec sleep 2")
    assert call.wait(timeout=WITHIN_S) == 0


@pytest.mark.usefixtures("engine")
def test_call_ends_by_itself_and_the_watch_with_it(tmp_path: Path) -> None:
    """A call that ends is not held up: its output is closed at once, and the watch goes within a second or two."""
    call = watched(tmp_path, "exec cat")
    wait_until(lambda: watches(tmp_path) != [])
    _, stderr = call.communicate(timeout=WITHIN_S)
    assert (call.returncode, stderr) == (0, "")
    wait_until(lambda: watches(tmp_path) == [])
