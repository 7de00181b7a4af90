"""Debian's Prometheus as a process on loopback, which scrapes servers of a test by the names of instances."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

import httpx
import yaml

from tests.support.loopback import LOOPBACK, free_port
from tests.support.programs import require
from tests.support.waiting import wait_until

_INTERVAL: Final = "2s"
_START_S: Final = 60
_END_S: Final = 30


@dataclass(frozen=True)
class RealPrometheus:
    """
    A running server.

    Args:
        url: URL of the server.
        targets: file with the servers that are scraped.
    """

    url: str
    targets: Path

    def scrape(self, servers: Mapping[str, str]) -> None:
        """Scrape these servers from now on: HOST:PORT/PATH by the name of the instance."""
        rows = [
            {"targets": [host], "labels": {"instance": name, "__metrics_path__": f"/{path}"}}
            for name, (host, _, path) in ((name, address.partition("/")) for name, address in servers.items())
        ]
        part = self.targets.with_suffix(".part")
        part.write_text(json.dumps(rows))
        part.replace(self.targets)

    def query(self, query: str) -> httpx.Response:
        """Return the answer to an instant query."""
        return httpx.post(f"{self.url}/api/v1/query", data={"query": query}, trust_env=False)


@contextmanager
def run_prometheus(folder: Path, targets: Path | None = None) -> Iterator[RealPrometheus]:
    """
    Run a server on loopback until the block ends.

    Args:
        folder: folder of its data and configuration.
        targets: file of another program that lists the servers; None for one that `scrape` writes.
    """
    require("prometheus", "'apt-get install prometheus'")
    configuration = folder / "prometheus.yml"
    if targets is None:
        targets = folder / "targets.json"
        targets.write_text("[]")
    scrape = {"job_name": "web", "file_sd_configs": [{"files": [str(targets)], "refresh_interval": _INTERVAL}]}
    configuration.write_text(
        yaml.safe_dump(
            {"global": {"scrape_interval": _INTERVAL, "scrape_timeout": _INTERVAL}, "scrape_configs": [scrape]}
        )
    )
    address = f"{LOOPBACK}:{free_port()}"
    command = [
        "prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={folder / 'data'}", "--log.level=error",
        f"--web.listen-address={address}",
    ]  # fmt: skip
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, env={"PATH": os.environ["PATH"]})
    try:
        server = RealPrometheus(f"http://{address}", targets)
        wait_until(lambda: process.poll() is not None or _is_ready(server), _START_S)
        assert process.poll() is None
        yield server
    finally:
        process.terminate()
        process.wait(_END_S)


def _is_ready(server: RealPrometheus) -> bool:
    try:
        return httpx.get(f"{server.url}/-/ready", trust_env=False).status_code == HTTPStatus.OK
    except httpx.HTTPError:
        return False
