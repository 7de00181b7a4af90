"""`python -m deploy` as a person runs it, against a running emulator and a registry that has every digest."""

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.support.emulator import REPOSITORY, Emulator, needs

IMAGE = "asia-northeast3-docker.pkg.dev/dojangkok-dev/dojangkok-ai/ai-server"
_SPY = REPOSITORY / "tests/support/spy"
_RUN_S = 120


def reference(number: int) -> str:
    """A release by a number."""
    return f"{IMAGE}@sha256:{number:064x}"


@dataclass(frozen=True)
class Deployer:
    """
    The program with an environment of its own.

    Args:
        emulator: That it works on.
        registry: URL that digests are looked up at.
        folder: Its working directory.
        rollout: The environment's section of that name, times in real seconds.
    """

    emulator: Emulator
    registry: str
    folder: Path
    rollout: str = "{bake_s: 0.2, poll_s: [0.05, 0.05]}"

    def run(
        self, *args: str, spy: dict[str, str] | None = None, is_deaf: bool = False
    ) -> "subprocess.CompletedProcess[str]":
        """Run `python -m deploy ARGS`; `spy` are variables of spy/sitecustomize.py; with `is_deaf` stderr is closed."""
        python = os.environ.get("DEPLOY_PYTHON") or str(REPOSITORY / "deploy/.venv/bin/python")
        needs(python, "'uv sync --project deploy', or DEPLOY_PYTHON names a Python that has its packages")
        (self.folder / "environments").mkdir(exist_ok=True)
        text = (REPOSITORY / "environments/dev.yaml").read_text().partition("rollout:")[0]
        (self.folder / "environments/dev.yaml").write_text(f"{text}rollout: {self.rollout}\n")
        kept = {key: value for key, value in os.environ.items() if not key.startswith("GOOGLE_")}
        environment = kept | {
            "COMPUTE_URL": f"{self.emulator.address}/compute/v1",
            "PYTHONPATH": os.pathsep.join([str(_SPY), str(REPOSITORY)] if spy else [str(REPOSITORY)]),
            "DEPLOY_RESULTS": str(self.folder / "results"),
            **(spy or {}),
        }
        closing = ["sh", "-c", 'exec "$@" 2>&-', "sh"] if is_deaf else []
        return subprocess.run(
            [*closing, python, "-m", "deploy", *args, "--env", "dev", "--registry-url", self.registry],
            env=environment, cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=_RUN_S, check=False,
        )  # fmt: skip

    def json(self, *args: str) -> Any:
        """Run a verb that must succeed, and return its report."""
        done = self.run(*args, "--format", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def versions(self) -> list[str]:
        """Templates that the group is told, and those of its machines, once it is stable."""
        self.emulator.wait(lambda: self.emulator.group()["status"]["isStable"])
        told = {one["instanceTemplate"] for one in self.emulator.group()["versions"]}
        told |= {row["version"]["instanceTemplate"] for row in self.emulator.machines()}
        return sorted(link.rpartition("/")[2] for link in told)


@contextmanager
def run_registry(host: str = "127.0.0.1") -> Iterator[str]:
    """Serve HEAD of every manifest while the block lasts, each tag's with one digest; gives the URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            named = self.path.rpartition("/")[2]
            self.send_header("docker-content-digest", named if named.startswith("sha256:") else f"sha256:{'f' * 64}")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((host, 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{host}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
