"""A stack of compose/ on a machine of its own, started with the steps of the startup script."""

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.dockerd import Machine, dockerd
from tests.support.programs import ROOT, go_tool

IMAGE = "registry.example.com/dojangkok-ai/ai-server:built"
LOKI_PORT = 3100

# Images that cannot be pulled are built here: the real program on the AI server's Debian, instead of busybox or Ubuntu.
_ASSEMBLED = {
    "prom/node-exporter:v1.9.0": """
        COPY node_exporter /bin/
        COPY busybox /usr/bin/wget
        USER nobody
        ENTRYPOINT ["/bin/node_exporter"]
        """,
    "grafana/promtail:3.4.2": """
        COPY promtail /usr/bin/
        ENTRYPOINT ["/usr/bin/promtail"]
        """,
}


@dataclass(frozen=True)
class Stack:
    """A stack on its machine; `program` is Docker Compose."""

    machine: Machine
    program: Path

    def compose(self, *args: str) -> str:
        """Run a command of Docker Compose that must succeed, and return its stdout."""
        return self.machine(self.program, *args, folder="/opt/app")

    def states(self) -> dict[str, str]:
        """Return the health of every running service."""
        lines = self.compose("ps", "--format", "json").splitlines()
        return {service["Service"]: service["Health"] for service in map(json.loads, lines)}

    def inspect(self, service: str) -> Any:
        """Return Docker's description of a service's container, which may have ended."""
        return json.loads(self.machine("docker", "inspect", self.compose("ps", "--all", "--quiet", service).strip()))[0]

    def shipped(self) -> str:
        """Return the labels and lines that Loki has received so far."""
        return self.machine.wait_for(LOKI_PORT, "/").decode(errors="replace")


@contextmanager
def run_stack(name: str, archive: Path, context: Path, assembled: dict[str, str], **settings: str) -> Iterator[Stack]:
    """
    Run a stack until the end of the block; it is healthy when the block begins.

    Args:
        name: folder of the stack in compose/.
        archive: the AI server's image for `docker load`.
        context: folder of the build, with the files that `assembled` copies.
        assembled: lines of a Dockerfile by image reference, for images other than the exporters'.
        settings: variables of .env in addition to those of example.env.
    """
    for source in (go_tool("promtail") / "promtail", go_tool("node-exporter") / "node_exporter", Path("/bin/busybox")):
        shutil.copy(source, context)
    with dockerd() as machine:
        loaded = machine("docker", "load", "--quiet", "--input", archive).split()[-1]
        machine("docker", "tag", loaded, IMAGE)
        for reference, lines in (_ASSEMBLED | assembled).items():
            (context / "Dockerfile").write_text(f"FROM {IMAGE}\nUSER root\n{lines}")
            machine("env", "DOCKER_BUILDKIT=0", "docker", "build", "--tag", reference, context)
        machine.start(sys.executable, Path(__file__).with_name("loki.py"), str(LOKI_PORT))
        loki = {
            "LOKI_URL": f"http://127.0.0.1:{LOKI_PORT}",
            "COMPOSE_PROFILES": "promtail",
        }  # alloy cannot be built here
        _lay_out(machine, name, {"HOST_NAME": machine.name} | loki | settings)
        running = Stack(machine, go_tool("compose") / "docker-compose")
        running.compose("up", "--detach", "--wait", "--wait-timeout", "90")
        yield running


def _lay_out(machine: Machine, name: str, settings: dict[str, str]) -> None:
    """Do the steps of the startup script before `docker compose up`, on a machine with Ubuntu's rsyslog."""
    compose = ROOT / "compose"
    example = (compose / name / "example.env").read_text()
    machine("mkdir", "-p", "/opt/app", "/var/log/dojangkok")
    for file, text in {
        "docker-compose.yml": (compose / name / "docker-compose.yml").read_text(),
        "promtail.yml": (compose / "promtail.yml").read_text(),
        "config.alloy": (compose / "config.alloy").read_text(),
        "targets.yml": (compose / name / "targets.yml").read_text(),
        ".env": example + "".join(f"{key}={value}\n" for key, value in settings.items()),
    }.items():
        machine("tee", f"/opt/app/{file}", stdin=text)
    secrets = compose / name / "app.env.example"
    if secrets.exists():
        machine("sh", "-c", "umask 077; cat >/opt/app/app.env", stdin=secrets.read_text())
    # As on Ubuntu, the file belongs to a user other than root, and the group adm may read it.
    machine("sh", "-c", "echo 'startup-script: a line of the script' >/var/log/syslog")
    machine("sh", "-c", "chown 104:4 /var/log/syslog; chmod 640 /var/log/syslog")
