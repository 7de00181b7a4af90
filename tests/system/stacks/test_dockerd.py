"""A machine that runs Docker leaves no process, mount or rule, after any end."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support.dockerd import Machine, dockerd
from tests.support.programs import ROOT

_KINDS = ("mnt", "net", "pid")
_HOLDER = """
import sys, time
from tests.support.dockerd import dockerd
from tests.system.stacks.test_dockerd import start_container
with dockerd() as machine:
    start_container(machine)
    print(machine.name, machine.pid, flush=True)
    time.sleep(600)
"""


def start_container(machine: Machine) -> None:
    """Start a container that sleeps, from an empty image with the host's programs."""
    machine("sh", "-c", "mkdir /run/empty && tar -C /run/empty -c . | docker import - nothing:1")
    programs = [f"--volume=/{name}:/{name}:ro" for name in ("bin", "lib", "lib64", "usr") if Path("/", name).exists()]
    machine(
        "docker", "run", "--detach", "--network=host", "--memory=64m", *programs, "nothing:1", "/usr/bin/sleep", "600"
    )


def namespaces(pid: int | str) -> set[str]:
    return {str(Path(f"/proc/{pid}/ns/{kind}").readlink()) for kind in _KINDS}


def inhabitants(of: set[str]) -> list[str]:
    """Return the processes in any of the namespaces."""

    def command(folder: Path) -> str:
        try:
            return (folder / "cmdline").read_text() if namespaces(folder.name) & of else ""
        except OSError:
            return ""

    return list(filter(None, map(command, Path("/proc").glob("[0-9]*"))))


def left(name: str, of: set[str]) -> list[object]:
    """Return what is left of a machine, after a moment in which the rest ends."""
    groups = list(Path("/sys/fs/cgroup").glob(f"*/{name}")) + list(Path("/sys/fs/cgroup").glob(name))
    return [*groups, *inhabitants(of)]


def docker_marks() -> list[str]:
    """Return the rules, bridges, mounts and sockets of Docker on the host."""
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout.splitlines()
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    places = [Path("/run/docker"), Path("/run/docker.sock"), Path("/run/docker.pid"), Path("/var/lib/docker/overlay2")]
    return sorted(
        [line for line in rules if "DOCKER" in line]
        + [line for line in mounts if "docker" in line]
        + [path.name for path in Path("/sys/class/net").glob("docker*")]
        + [str(path) for path in places if path.exists()]
    )


@pytest.fixture(autouse=True)
def _untouched_host() -> Iterator[None]:
    before = docker_marks()
    yield
    assert docker_marks() == before


@pytest.fixture
def hold() -> Iterator[Callable[[int | str], set[str]]]:
    """
    Return the namespaces of a process, and hold them to the end of the test.

    Linux gives the number of a namespace that has ended to a later one (seen on Linux 6.18, 2026-11-28).
    """
    with ExitStack() as held:

        def namespaces_of(pid: int | str) -> set[str]:
            for kind in _KINDS:
                held.enter_context(Path(f"/proc/{pid}/ns/{kind}").open())
            return namespaces(pid)

        yield namespaces_of


def test_nothing_is_left_after_the_block(hold: Callable[[int | str], set[str]]) -> None:
    """After the block no daemon, container, mount or control group is left."""
    with dockerd() as machine:
        start_container(machine)
        of = hold(machine.pid)
        assert not namespaces("self") & of
        assert any("sleep" in command for command in inhabitants(of))
        assert len(left(machine.name, of)) > 3
    assert left(machine.name, of) == []


def _daemon(machine: Machine) -> None:
    done = machine.run("sh", "-c", "kill -KILL $(cat /run/docker.pid)")
    # The end of the daemon ends the machine, and the shell with it where that is faster.
    assert done.returncode in (0, -signal.SIGKILL)


def _everything(machine: Machine) -> None:
    machine.run("sh", "-c", "kill -KILL -1")


@pytest.mark.parametrize("kill", [_daemon, _everything])
def test_nothing_is_left_after_a_crash(kill: Callable[[Machine], None], hold: Callable[[int | str], set[str]]) -> None:
    """A daemon that was killed while a container ran leaves no process, mount or rule."""
    with dockerd() as machine:
        start_container(machine)
        of = hold(machine.pid)
        kill(machine)
    assert left(machine.name, of) == []


def test_nothing_is_left_when_the_holder_is_killed(hold: Callable[[int | str], set[str]]) -> None:
    """The machine of a killed test run ends with the run."""
    command = [sys.executable, "-c", _HOLDER]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout
            name, pid = holder.stdout.readline().split()
            of = hold(pid)
        finally:
            holder.kill()
    deadline = time.monotonic() + 60
    while left(name, of):
        assert time.monotonic() < deadline, left(name, of)
        time.sleep(0.1)


def test_a_later_namespace_is_another(hold: Callable[[int | str], set[str]]) -> None:
    """What starts after a machine has ended is not taken for a rest of it."""
    with _isolated() as process:
        of = hold(process.pid) - namespaces("self")
    for _ in range(50):
        with _isolated():
            assert inhabitants(of) == []


@contextmanager
def _isolated() -> Iterator["subprocess.Popen[bytes]"]:
    """Run a process in namespaces of its own until the block ends."""
    command = ["unshare", "--mount", "--net", "sh", "-c", "echo; exec sleep 60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            process.stdout.readline()
            yield process
        finally:
            process.kill()


def test_concurrent_hosts_are_separate() -> None:
    """Two machines use the same port, folder and container name without a conflict."""
    serve = ("python3", "-m", "http.server", "8000", "--bind", "127.0.0.1")
    with dockerd() as first, dockerd() as second:
        for machine in (first, second):
            machine("mkdir", "-p", "/opt/app")
            machine("tee", "/opt/app/name", stdin=machine.name)
            machine.start(*serve, folder="/opt/app", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for machine in (first, second):
            assert machine.wait_for(8000, "/name") == machine.name.encode()
    assert not Path("/opt/app/name").exists()
