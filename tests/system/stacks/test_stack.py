"""The AI server's stack of compose/ with real Docker, Compose, image, promtail and node-exporter."""

import json
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest

from tests.support.programs import ROOT
from tests.system.stacks.metrics import PORT, USER, received, start_agent, start_receiver
from tests.system.stacks.stacks import IMAGE, Stack, run_stack

_LOG = "/var/log/dojangkok/dev/application.log"
_GRACE_S = 80


@pytest.fixture(scope="module")
def stack(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The healthy stack."""
    with run_stack("ai-server", archive, tmp_path_factory.mktemp("images"), {}, AI_SERVER_IMAGE=IMAGE) as running:
        yield running


def health(stack: Stack) -> Any:
    """Return the answer of the server's /health, once the server answers."""
    return json.loads(stack.machine.wait_for(8000, "/health", 30))


def _post(stack: Stack, *headers: str) -> str:
    """Return the status of a request for the common checks, which need no other service."""
    url, to_null = "http://127.0.0.1:8000/api/checklists/sync", ("--output", "/dev/null", "--write-out", "%{http_code}")
    given = (option for header in ("Content-Type: application/json", *headers) for option in ("--header", header))
    return stack.machine("curl", "--silent", *to_null, *given, "--data", '{"keywords": null}', url)


def _soon(condition: Callable[[], bool], within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.2)


def test_every_service_is_healthy(stack: Stack) -> None:
    """Every service is healthy by its own healthcheck, and answers requests from outside."""
    assert stack.states() == {"ai-server": "healthy", "node-exporter": "healthy", "promtail": "healthy"}
    assert health(stack) == {"status": "ok"}
    assert b"node_filesystem_size_bytes" in stack.machine.wait_for(9100, "/metrics")


def test_server_runs_and_reports_the_image_of_the_env_file(stack: Stack) -> None:
    """The image reference of .env is that of the container, and that of /version."""
    assert json.loads(stack.machine.wait_for(8000, "/version"))["image"] == IMAGE
    assert stack.inspect("ai-server")["Config"]["Image"] == IMAGE


def test_a_secret_arrives_as_it_was_written(stack: Stack) -> None:
    """A secret reaches the server unchanged: neither Compose nor Docker expands a `$`."""
    lines = (ROOT / "compose/ai-server/app.env.example").read_text().splitlines()
    (key,) = (line for line in lines if line.startswith("VLLM_API_KEY="))
    assert "$" in key
    assert key in stack.inspect("ai-server")["Config"]["Env"]


def test_callers_need_one_of_the_two_tokens(stack: Stack) -> None:
    """Each token of app.env is valid; without a token, or with another one, the answer is 401."""
    lines = (ROOT / "compose/ai-server/app.env.example").read_text().splitlines()
    (value,) = (line.split("=", 1)[1] for line in lines if line.startswith("AI_SERVER_TOKENS="))
    health(stack)
    for token in value.split(","):
        assert _post(stack, f"Authorization: Bearer {token}") == "200"
    assert _post(stack) == "401"
    assert _post(stack, f"Authorization: Bearer {value}") == "401"


def test_the_server_can_do_no_more_than_it_needs(stack: Stack) -> None:
    """The server is not root, has and gains no capability, and can write only its log and /tmp."""
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
    """Loki gets the lines of the server and of the host, with the labels that the dashboards use."""
    health(stack)
    assert "Uvicorn running" in stack.machine("cat", _LOG)
    wanted = [
        f'host="{stack.machine.name}", job="dojangkok-ai", service="ai-server"',
        f'host="{stack.machine.name}", job="syslog", service="machine"',
        "Uvicorn running",
        "startup-script: a line of the script",
    ]
    _soon(lambda: all(part in stack.shipped() for part in wanted))


def test_metrics_reach_prometheus(stack: Stack) -> None:
    """
    Prometheus receives the metrics of the server and of the VM by remote write, labelled by the VM's name, and nothing
    from a sender without the password. The sender is Prometheus with the settings of Alloy's files: Alloy cannot be
    pulled or built where this was written.
    """
    machine = stack.machine
    start_receiver(machine)
    url = f"http://127.0.0.1:{PORT}/api/v1/write"
    variables = {"HOST_NAME": machine.name, "METRICS_PORT": "8000", "METRICS_URL": url, "METRICS_USER": USER}
    start_agent(machine, variables)
    _soon(lambda: len(received(machine, "up == 1")) == len(("ai-server", "node")))
    labels = {(series["metric"]["job"], series["metric"]["instance"]) for series in received(machine, "up == 1")}
    assert labels == {("ai-server", machine.name), ("node", machine.name)}
    (draining,) = received(machine, "ai_draining")
    assert (draining["metric"]["instance"], draining["value"][1]) == (machine.name, "0")
    assert machine.get(PORT, "/api/v1/query?query=up")[0] == HTTPStatus.UNAUTHORIZED


def test_a_restart_serves_again(stack: Stack) -> None:
    """`docker compose restart` drains the old server, and the new server answers and continues the same log."""
    before = stack.machine("cat", _LOG)
    stack.compose("restart", "ai-server")
    assert health(stack) == {"status": "ok"}
    _soon(lambda: stack.states()["ai-server"] == "healthy")
    after = stack.machine("cat", _LOG)
    assert after.startswith(before)
    assert "Uvicorn running" in after[len(before) :]


def test_sigterm_ends_the_server_by_itself(stack: Stack) -> None:
    """After SIGTERM the server ends with exit code 0 long before the grace period of the stack."""
    assert stack.inspect("ai-server")["Config"]["StopTimeout"] == _GRACE_S
    begun = time.monotonic()
    stack.compose("stop", "ai-server")
    took_s = time.monotonic() - begun
    state = stack.inspect("ai-server")["State"]
    assert (state["Status"], state["ExitCode"], state["OOMKilled"]) == ("exited", 0, False)
    assert took_s < _GRACE_S / 4
    stack.compose("start", "ai-server")
    assert health(stack) == {"status": "ok"}


def test_a_crash_is_restarted(stack: Stack) -> None:
    """A killed server starts again, because of `unless-stopped`, and becomes healthy."""
    pid = stack.inspect("ai-server")["State"]["Pid"]
    stack.machine("kill", "-KILL", str(pid))
    _soon(lambda: stack.inspect("ai-server")["RestartCount"] >= 1)
    assert health(stack) == {"status": "ok"}


def test_down_leaves_the_logs_alone(stack: Stack) -> None:
    """`down --volumes` removes containers and volumes, and leaves the log on the host."""
    stack.compose("down", "--volumes")
    assert stack.machine("docker", "ps", "--all", "--quiet") == ""
    assert stack.machine("docker", "volume", "ls", "--quiet") == ""
    assert "Uvicorn running" in stack.machine("cat", _LOG)
