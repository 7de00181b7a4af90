"""
The instances of the emulated group as containers of the AI server's image, by a hook of the emulator.

Each has an address of its own. It is started, stopped (SIGTERM, the stack's grace, SIGKILL) and killed when the
emulator's instance is. An instance of Compute Engine has processors of its own; here, a server that starts gets few of
the processor's shares until it answers, so that it does not slow down those that serve.

TARGETS in the folder lists names and addresses in the form of Prometheus' file_sd_configs, so that a Prometheus beside
it scrapes every instance under its name.
"""

import http.client
import json
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

PORT: Final = 8000
TARGETS: Final = "targets.json"
_ADDRESSES: Final = tuple(f"172.30.0.{number}" for number in range(16, 250))
_COMMAND_S: Final = 120
_START_S: Final = 120
_STARTING_SHARES, _SERVING_SHARES = "64", "1024"  # of the processor, among the containers of the machine


@dataclass(frozen=True)
class Release:
    """
    What an instance of an image runs.

    Args:
        variables: environment of the server.
        command: command in place of the image's own.
        ends_well: whether a server must end with exit code 0 after SIGTERM.
    """

    variables: Mapping[str, str]
    command: tuple[str, ...] = ()
    ends_well: bool = True


@dataclass
class Ended:
    """
    The end of a container.

    Args:
        exit_code: exit code of the server; 137 is a kill.
        seconds: time from SIGTERM to the end of the container.
        is_as_planned: whether the exit code is 0, or the server has crashed, or is of a release that ends otherwise.
    """

    instance: str
    exit_code: int
    seconds: float
    is_as_planned: bool


@dataclass
class Containers:
    """
    The containers of a machine.

    Args:
        image: image of the AI server on the machine.
        releases: what the instances run, by the image of their template.
        grace_s: seconds between SIGTERM and SIGKILL.
        folder: folder for TARGETS and the logs of servers that end with an error.
        errors: events that failed.
    """

    image: str
    releases: Mapping[str, Release]
    grace_s: int
    folder: Path
    addresses: dict[str, str] = field(default_factory=dict)
    ended: list[Ended] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    started: int = 0
    _crashed: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def handle(self, event: Mapping[str, str]) -> dict[str, str]:
        """Do what an event of the emulator asks for, and return the answer."""
        instance = event["instance"]
        if event["event"] == "start":
            return {"url": f"http://{self._start(instance, self.releases[event['image']])}:{PORT}/health"}
        if event["event"] == "stop":
            self._stop(instance, self.releases[event["image"]])
        elif event["event"] == "crash":
            self._crashed.add(instance)
            docker("kill", instance)
        else:
            self._remove(instance)
        return {}

    def _start(self, instance: str, release: Release) -> str:
        with self._lock:
            # Addresses go round, so that no new instance has the address of one that has just ended.
            address = _ADDRESSES[self.started % len(_ADDRESSES)]
            self.started += 1
            self._crashed.discard(instance)
            self._write(self.addresses | {instance: address})
        docker("rm", "--force", instance)
        variables = (f"--env={name}={value}" for name, value in release.variables.items())
        docker(
            "run", "--detach", "--name", instance, "--network", "servers", "--ip", address, "--read-only",
            "--tmpfs", "/tmp", "--cap-drop", "ALL", "--restart", "unless-stopped", "--stop-timeout", str(self.grace_s),
            "--cpu-shares", _STARTING_SHARES, *variables, self.image, *release.command,
        )  # fmt: skip
        threading.Thread(target=_give_shares, args=(instance, address), daemon=True).start()
        return address

    def _stop(self, instance: str, release: Release) -> None:
        started_at = time.monotonic()
        docker("stop", instance)
        code = int(docker("inspect", "--format", "{{.State.ExitCode}}", instance))
        is_as_planned = not code or not release.ends_well or instance in self._crashed
        self.ended.append(Ended(instance, code, time.monotonic() - started_at, is_as_planned))
        if code:
            (self.folder / f"{instance}.log").write_text(docker("logs", "--tail", "100", instance))

    def _remove(self, instance: str) -> None:
        docker("rm", "--force", instance)
        with self._lock:
            self._write({name: address for name, address in self.addresses.items() if name != instance})

    def remove_all(self) -> None:
        """Remove the containers of all instances."""
        for instance in list(self.addresses):
            self._remove(instance)

    def _write(self, addresses: dict[str, str]) -> None:
        self.addresses = addresses
        rows = [{"targets": [f"{address}:{PORT}"], "labels": {"instance": name}} for name, address in addresses.items()]
        written = self.folder / f".{TARGETS}"
        written.write_text(json.dumps(rows))
        written.replace(self.folder / TARGETS)

    def ends(self) -> list[dict[str, Any]]:
        """Return the ends of containers so far as JSON."""
        return [asdict(ended) for ended in self.ended]


def _give_shares(instance: str, address: str) -> None:
    """Wait until a server answers, and give it its share of the processor."""
    deadline = time.monotonic() + _START_S
    while not _answers(address) and time.monotonic() < deadline:
        time.sleep(0.2)
    docker("update", "--cpu-shares", _SERVING_SHARES, instance)


def _answers(address: str) -> bool:
    """Return whether a server answers; httpx would read the certificates of the host for each call, 25 ms."""
    connection = http.client.HTTPConnection(address, PORT, timeout=2)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def docker(*args: str) -> str:
    """Run a command of Docker, and return its output; an error is the output."""
    done = subprocess.run(
        ["docker", *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=_COMMAND_S, check=False,
    )  # fmt: skip
    return done.stdout.strip()


@contextmanager
def serve_hook(containers: Containers) -> Iterator[str]:
    """Serve the hook until the end of the block; gives its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            event = json.loads(self.rfile.read(int(self.headers["content-length"])))
            try:
                status, answer = 200, json.dumps(containers.handle(event)).encode()
            except Exception as error:  # noqa: BLE001 - the thread would end without a trace in the outcome
                status, answer = 500, b"{}"
                containers.errors.append(f"{event}: {error!r}")
            self.send_response(status)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
