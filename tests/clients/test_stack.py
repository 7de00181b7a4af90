"""The AI server's stack of compose/ as its machine runs it: real Docker, Compose, image, promtail and node-exporter."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.clients.dockerd import Machine, dockerd
from tests.clients.running import REPOSITORY, miss, needs

_IMAGE = "registry.example.com/dojangkok-ai/ai-server:built"
_LOG = "/var/log/dojangkok/dev/application.log"
_LOKI_PORT = 3100
_GRACE_S = 310
_BUILD_S = 1800
_NO_GO = 3

# What cannot be pulled is assembled here: the program itself, on the AI server's Debian, and not on busybox and Ubuntu.
_EXPORTERS = {
    "prom/node-exporter:v1.9.0": """
        COPY node_exporter /bin/
        COPY busybox /usr/bin/wget
        USER nobody
        ENTRYPOINT ["/bin/node_exporter"]
        """,
    "grafana/promtail:3.4.2": """
        COPY promtail /usr/bin/
        USER root
        ENTRYPOINT ["/usr/bin/promtail"]
        """,
}


@dataclass(frozen=True)
class Stack:
    """The stack on its machine; `compose` is `docker compose` in /opt/app."""

    machine: Machine
    program: Path

    def compose(self, *args: str) -> str:
        """Run a command that must succeed, and return what it prints."""
        return self.machine(self.program, *args, folder="/opt/app")

    def states(self) -> dict[str, str]:
        """The health of every service that runs."""
        lines = self.compose("ps", "--format", "json").splitlines()
        return {service["Service"]: service["Health"] for service in map(json.loads, lines)}

    def inspect(self, service: str) -> Any:
        """What Docker knows of a service's container, running or not."""
        return json.loads(self.machine("docker", "inspect", self.compose("ps", "--all", "--quiet", service).strip()))[0]

    def health(self) -> Any:
        """The answer of the server's /health, once it answers."""
        return json.loads(self.machine.wait_for(8000, "/health", 30))


def _tool(name: str) -> Path:
    """The directory of a Go tool of the policy; the first time, it is built."""
    command = [str(REPOSITORY / "policy/tools/build"), name]
    built = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_BUILD_S, check=False
    )
    if built.returncode == _NO_GO:
        miss("go", "install Go, 1.24 or newer")
    assert built.returncode == 0, built.stderr
    return Path(built.stdout.strip())


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The AI server's image as `docker load` takes it: AI_SERVER_ARCHIVE, or else what `./daggerw` builds."""
    if given := os.environ.get("AI_SERVER_ARCHIVE"):
        return Path(given)
    needs("skopeo", "'apt-get install skopeo'")
    folder = tmp_path_factory.mktemp("image")
    built, archive = folder / "oci.tar", folder / "docker.tar"
    _run("./daggerw", "--silent", "call", "build", "export", "--path", str(built))
    _run("skopeo", "copy", "--quiet", f"oci-archive:{built}", f"docker-archive:{archive}:{_IMAGE}")
    return archive


def _run(*command: str) -> None:
    done = subprocess.run(
        command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_BUILD_S, check=False
    )
    assert done.returncode == 0, f"{command}: exit code {done.returncode}\n{done.stderr}"


@pytest.fixture(scope="module")
def stack(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack, started on a fresh machine by what its startup script does there."""
    program = _tool("compose") / "docker-compose"
    context = tmp_path_factory.mktemp("exporters")
    for source in (_tool("promtail") / "promtail", _tool("node-exporter") / "node_exporter", Path("/bin/busybox")):
        (context / source.name).hardlink_to(source)
    with dockerd() as machine:
        loaded = machine("docker", "load", "--quiet", "--input", archive).split()[-1]
        machine("docker", "tag", loaded, _IMAGE)
        for reference, lines in _EXPORTERS.items():
            (context / "Dockerfile").write_text(f"FROM {_IMAGE}\nUSER root\n{lines}")
            machine("env", "DOCKER_BUILDKIT=0", "docker", "build", "--tag", reference, context)
        _write_files(machine)
        machine.start(sys.executable, Path(__file__).with_name("loki.py"), str(_LOKI_PORT))
        running = Stack(machine, program)
        running.compose("up", "--detach", "--wait", "--wait-timeout", "90")
        yield running


def _write_files(machine: Machine) -> None:
    compose = REPOSITORY / "compose"
    settings = (compose / "ai-server/example.env").read_text()
    settings += f"AI_SERVER_IMAGE={_IMAGE}\nLOKI_URL=http://127.0.0.1:{_LOKI_PORT}\nHOST_NAME={machine.name}\n"
    machine("mkdir", "-p", "/opt/app", "/var/log/dojangkok")
    for name, text in {
        "docker-compose.yml": (compose / "ai-server/docker-compose.yml").read_text(),
        "promtail.yml": (compose / "promtail.yml").read_text(),
        "config.alloy": (compose / "config.alloy").read_text(),
        ".env": settings,
    }.items():
        machine("tee", f"/opt/app/{name}", stdin=text)
    secrets = (compose / "ai-server/app.env.example").read_text()
    machine("sh", "-c", "umask 077; cat >/opt/app/app.env", stdin=secrets)
    # As Ubuntu's rsyslog has it: of a user who is not root, for root's eyes by the group adm alone.
    machine("sh", "-c", "echo 'startup-script: it said this' >/var/log/syslog")
    machine("sh", "-c", "chown 104:4 /var/log/syslog; chmod 640 /var/log/syslog")


def _soon(condition: Callable[[], bool], within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.2)


def test_every_service_is_healthy(stack: Stack) -> None:
    """By the healthchecks of the stack, and asked from outside."""
    assert stack.states() == {"ai-server": "healthy", "node-exporter": "healthy", "promtail": "healthy"}
    assert stack.health() == {"status": "ok"}
    assert b"node_filesystem_size_bytes" in stack.machine.wait_for(9100, "/metrics")


def test_the_server_knows_what_it_was_started_as(stack: Stack) -> None:
    """The reference in .env is what runs and what /version answers."""
    assert json.loads(stack.machine.wait_for(8000, "/version"))["image"] == _IMAGE
    assert stack.inspect("ai-server")["Config"]["Image"] == _IMAGE


def test_a_secret_arrives_as_it_was_written(stack: Stack) -> None:
    """Neither compose nor Docker takes a `$` for a variable."""
    lines = (REPOSITORY / "compose/ai-server/app.env.example").read_text().splitlines()
    (key,) = (line for line in lines if line.startswith("VLLM_API_KEY="))
    assert "$" in key
    assert key in stack.inspect("ai-server")["Config"]["Env"]


def test_the_server_can_do_no_more_than_it_needs(stack: Stack) -> None:
    """Not root, no capability, none to be had, nothing to be written but its log and /tmp."""
    pid = stack.inspect("ai-server")["State"]["Pid"]
    lines = stack.machine("cat", f"/proc/{pid}/status").splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert "0" not in status["Uid"].split()
    assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert status["NoNewPrivs"] == "1"
    for folder, is_writable in (("/tmp", True), ("/var/log/dojangkok", True), ("/app", False), ("/var/tmp", False)):
        touch = (stack.program, "exec", "-T", "ai-server", "touch", f"{folder}/file")
        done = stack.machine.run(*touch, folder="/opt/app")
        assert (done.returncode == 0) == is_writable, f"{folder}: {done.stderr}"
        assert is_writable or "Read-only file system" in done.stderr


def test_logs_reach_loki(stack: Stack) -> None:
    """The server's file and the machine's, with the labels that dashboards ask for."""
    stack.health()
    assert "Uvicorn running" in stack.machine("cat", _LOG)
    wanted = [
        f'host="{stack.machine.name}", job="dojangkok-ai", service="ai-server"',
        f'host="{stack.machine.name}", job="syslog", service="machine"',
        "Uvicorn running",
        "startup-script: it said this",
    ]

    def arrived() -> bool:
        text = stack.machine.wait_for(_LOKI_PORT, "/").decode(errors="replace")
        return all(part in text for part in wanted)

    _soon(arrived)


def test_a_restart_serves_again(stack: Stack) -> None:
    """`docker compose restart`: the old one drains, the new one answers, and goes on in the same log."""
    before = stack.machine("cat", _LOG)
    stack.compose("restart", "ai-server")
    assert stack.health() == {"status": "ok"}
    _soon(lambda: stack.states()["ai-server"] == "healthy")
    after = stack.machine("cat", _LOG)
    assert after.startswith(before)
    assert "Uvicorn running" in after[len(before) :]


def test_sigterm_ends_the_server_by_itself(stack: Stack) -> None:
    """Long before the grace period is over, with exit code 0: nobody has to kill it."""
    begun = time.monotonic()
    stack.compose("stop", "ai-server")
    took_s = time.monotonic() - begun
    state = stack.inspect("ai-server")["State"]
    assert (state["Status"], state["ExitCode"], state["OOMKilled"]) == ("exited", 0, False)
    assert took_s < _GRACE_S / 10
    stack.compose("start", "ai-server")
    assert stack.health() == {"status": "ok"}


def test_a_crash_is_restarted(stack: Stack) -> None:
    """`unless-stopped`: a server that was killed comes back, and is asked for again."""
    pid = stack.inspect("ai-server")["State"]["Pid"]
    stack.machine("kill", "-KILL", str(pid))
    _soon(lambda: stack.inspect("ai-server")["RestartCount"] == 1)
    assert stack.health() == {"status": "ok"}


def test_down_leaves_the_logs_alone(stack: Stack) -> None:
    """No container, and no volume when asked so; the machine's log stays."""
    stack.compose("down", "--volumes")
    assert stack.machine("docker", "ps", "--all", "--quiet") == ""
    assert stack.machine("docker", "volume", "ls", "--quiet") == ""
    assert "Uvicorn running" in stack.machine("cat", _LOG)
