"""The local engine after interruptions, kills, deletions and stops."""

import os
import select
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.checkouts import Checkout, copy_repository
from tests.support.programs import ROOT
from tests.support.waiting import wait_until

_NOT_REACHABLE = ("127.0.0.1:", "[::1]:", "10.", "[fe80:")  # by another computer
SET_UP = ("bin", "content", "done", "mirror")  # what engine/ sets up in its directory


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout with an engine of its own: a copy of this one's programs and images, and Go's caches themselves."""
    subprocess.run(["./daggerw", "core", "version"], cwd=ROOT, capture_output=True, check=True)
    own = Path(engine_home(ROOT))
    cache = Path(tempfile.mkdtemp(prefix="dojangkok-engine-test-", dir=own.parents[1]))
    (cache / "go").symlink_to(own.parent / "go")
    for folder in SET_UP:
        shutil.copytree(own / folder, cache / own.name / folder, symlinks=True)
    checkout = copy_repository(tmp_path_factory.mktemp("machine") / "checkout")
    checkout.environment.update(DAGGERW_ENGINE="local", DOJANGKOK_ENGINE_HOME=str(cache))
    assert "setting up" not in asked(checkout).stderr
    yield checkout
    subprocess.run(["engine/stop"], cwd=checkout.path, env={**os.environ, **checkout.environment}, check=True)
    shutil.rmtree(cache)


def engine_home(path: Path, **environment: str) -> str:
    """Return the output of `engine/home`."""
    printed = subprocess.run(
        ["engine/home"], cwd=path, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return printed.stdout.strip()


def home(machine: Checkout) -> Path:
    return Path(engine_home(machine.path, **machine.environment))


def engine_pid(machine: Checkout) -> int:
    """Return the id of the engine's first process."""
    return int((home(machine) / "engine.lock").read_text())


def stop(machine: Checkout, *args: str) -> str:
    ran = subprocess.run(
        ["engine/stop", *args],
        cwd=machine.path,
        env={**os.environ, **machine.environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return ran.stderr


def asked(machine: Checkout) -> "subprocess.CompletedProcess[str]":
    """Make a call that needs an engine, but no module."""
    return machine.daggerw("core", "version")


def test_second_call_finds_everything_in_place(machine: Checkout) -> None:
    """The second call builds nothing and takes seconds."""
    before = engine_pid(machine)
    ran = asked(machine)
    assert ran.returncode == 0
    assert "setting up" not in ran.stderr
    assert engine_pid(machine) == before


def test_killed_engine_is_noticed(machine: Checkout) -> None:
    """A call after the engine's process was killed starts the engine again."""
    os.kill(engine_pid(machine), signal.SIGKILL)
    assert (home(machine) / "engine.sock").exists()
    assert asked(machine).returncode == 0


def test_nothing_listens_beyond_loopback_and_the_engine_s_bridge(machine: Checkout) -> None:
    """The engine opens no port that another computer could reach."""
    listening = subprocess.run(["ss", "-Hlntup"], capture_output=True, text=True, check=True).stdout
    ours = [line for line in listening.splitlines() if '"dnsmasq"' in line or '"docker-registry"' in line]
    assert ours
    # While dnsmasq asks another server, it waits for the answer at a port of UDP, any but 53, of every address.
    served = [line.split()[4] for line in ours if not (line.startswith("udp") and not line.split()[4].endswith(":53"))]
    assert [address for address in served if not address.startswith(_NOT_REACHABLE)] == []


def test_stop_ends_the_engine_and_wipe_deletes_its_state(machine: Checkout) -> None:
    """`engine/stop` ends the engine in order, and `--wipe` deletes its state."""
    assert "stopped the engine" in stop(machine)
    assert "no engine ran" in stop(machine)
    assert (home(machine) / "state").exists()
    stop(machine, "--wipe")
    assert not (home(machine) / "state").exists()
    assert asked(machine).returncode == 0


def test_deleted_directory_and_interrupted_set_up_are_repaired_by_two_calls_at_once(machine: Checkout) -> None:
    """
    The directory is deleted under its engine, and the set-up that follows is killed: two calls at once end with one
    complete engine, and the old one is gone.
    """
    orphan = os.pidfd_open(engine_pid(machine))  # its number may be another process's by the end
    shutil.rmtree(home(machine))
    interrupted = machine.start_daggerw("core", "version")
    wait_until((home(machine) / "done" / "root").exists, 300)
    os.killpg(interrupted.pid, signal.SIGKILL)
    _, stderr = interrupted.communicate()
    assert "setting up the local engine" in stderr
    assert not (home(machine) / "done" / "sdks").exists()
    running = [machine.start_daggerw("core", "version") for _ in range(2)]
    ended = [(process.communicate(timeout=600), process.returncode) for process in running]
    assert [code for _, code in ended] == [0, 0], ended
    assert [stdout.strip() for (stdout, _), _ in ended] == ["v0.19.10", "v0.19.10"]
    assert sum("another call is setting up an engine; waiting for it" in stderr for (_, stderr), _ in ended) == 1
    has_ended, _, _ = select.select([orphan], [], [], 0)
    os.close(orphan)
    assert has_ended
