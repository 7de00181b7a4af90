"""A real server for each instance of an emulated group, with load, whose metrics a real Prometheus scrapes."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

import httpx

from tests.support.emulator import TEMPLATES, Emulator
from tests.support.loopback import LOOPBACK
from tests.support.programs import ROOT
from tests.support.prometheus import RealPrometheus
from tests.support.releases import digest

_ROUND_S = 0.5
_REQUESTS_A_ROUND = 11


@dataclass
class MeteredInstances:
    """
    The servers behind the instances.

    Args:
        emulator: emulator of the group.
        prometheus: server that scrapes them.
        errors_every: number of requests of which one gets an error, by the letter of a release; 0 for none.

    Attributes:
        unhealthy: names of instances whose server did not answer its health check.
    """

    emulator: Emulator
    prometheus: RealPrometheus
    errors_every: Mapping[str, int]
    unhealthy: set[str] = field(default_factory=set, init=False)
    _servers: "dict[str, tuple[subprocess.Popen[str], str]]" = field(default_factory=dict, init=False)
    _letters: dict[str, str] = field(default_factory=dict, init=False)
    _is_over: threading.Event = field(default_factory=threading.Event, init=False)

    def run(self) -> None:
        """Start and stop servers as instances come and go, and send each of them requests, until `stop` is called."""
        with httpx.Client(trust_env=False, timeout=30) as client:
            while not self._is_over.wait(_ROUND_S):
                self._follow()
                for name, (_, address) in self._servers.items():
                    for _ in range(_REQUESTS_A_ROUND):
                        client.get(f"http://{address}/")
                    if client.get(f"http://{address}/health").status_code != HTTPStatus.OK:
                        self.unhealthy.add(name)

        for name in list(self._servers):
            self._stop_server(name)

    def stop(self) -> None:
        """Let `run` end."""
        self._is_over.set()

    def _follow(self) -> None:
        rows = [row for row in self.emulator.instances() if row.get("instanceStatus") == "RUNNING" and "version" in row]
        wanted = {row["name"]: self._letter(row["version"]["instanceTemplate"]) for row in rows}
        for name in self._servers.keys() - wanted.keys():
            self._stop_server(name)
        started = wanted.keys() - self._servers.keys()
        for name in started:
            self._servers[name] = self._start_server(wanted[name])
        if started:
            self.prometheus.scrape({name: f"{address}/metrics" for name, (_, address) in self._servers.items()})

    def _letter(self, template: str) -> str:
        """Return the letter of the release in a template; empty for the seed's."""
        name = template.rpartition("/")[2]
        if name not in self._letters:
            text = json.dumps(self.emulator.get(f"{TEMPLATES}/{name}"))
            self._letters[name] = next((letter for letter in self.errors_every if digest(letter) in text), "")
        return self._letters[name]

    def _start_server(self, letter: str) -> "tuple[subprocess.Popen[str], str]":
        command = [sys.executable, "-m", "tests.support.metered_server", str(self.errors_every.get(letter, 0))]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        return process, f"{LOOPBACK}:{process.stdout.readline().strip()}"

    def _stop_server(self, name: str) -> None:
        process, _ = self._servers.pop(name)
        process.kill()
        process.communicate()


@contextmanager
def run_instances(
    emulator: Emulator, prometheus: RealPrometheus, errors_every: Mapping[str, int]
) -> Iterator[MeteredInstances]:
    """Run the servers of a group's instances until the block ends; arguments of MeteredInstances."""
    instances = MeteredInstances(emulator, prometheus, errors_every)
    thread = threading.Thread(target=instances.run, daemon=True)
    thread.start()
    try:
        yield instances
    finally:
        instances.stop()
        thread.join()
