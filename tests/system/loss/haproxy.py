"""A HAProxy whose servers are the members of the emulated group, and which behaves as google_balancer.py says."""

import csv
import io
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.system.loss.containers import PORT as SERVER_PORT
from tests.system.loss.google_balancer import (
    BACKEND_KEEP_ALIVE_S,
    CLIENT_KEEP_ALIVE_S,
    POLL_S,
    RETRIED_STATUSES,
    RETRIES,
    GoogleBalancer,
)

PORT: Final = 8080
URL: Final = f"http://127.0.0.1:{PORT}"
_BACKEND: Final = "servers"
_START_S: Final = 20
_COUNTS: Final = {
    "requests": "req_tot", "2xx": "hrsp_2xx", "4xx": "hrsp_4xx", "5xx": "hrsp_5xx", "other": "hrsp_other",
}  # fmt: skip
_BACKEND_COUNTS: Final = {
    "failed_connections": "econ", "failed_answers": "eresp", "retried": "wretr", "moved": "wredis"
}  # fmt: skip


def configuration(google: GoogleBalancer, control: Path) -> str:
    """
    Return the configuration; the balancer begins without a server.

    Without http-ignore-probes a connection that a caller opens and never uses counts as a request.
    A server that is added at run time keeps no idle connection without pool-max-conn (HAProxy 2.6.12, tried
    2026-11-27: of 40 connections the server saw 40 closed at once, and with -1 none).
    """
    again = " ".join(map(str, RETRIED_STATUSES))
    retries = (
        f"""retries {RETRIES}
    option redispatch 1
    retry-on conn-failure empty-response {again}
    http-request disable-l7-retry unless {{ method GET HEAD }}"""
        if google.retries
        else "retries 0\n    no option redispatch"
    )
    return f"""
global
    stats socket {control} mode 600 level admin
    log stdout format raw local0
    maxconn 8000
    nbthread 1

defaults
    mode http
    log global
    option httplog
    option dontlog-normal
    option http-ignore-probes
    option http-keep-alive
    timeout connect 5s
    timeout client {CLIENT_KEEP_ALIVE_S}s
    timeout http-keep-alive {CLIENT_KEEP_ALIVE_S}s
    timeout server {google.request_timeout_s}s
    timeout check {google.check_timeout_s}s

frontend callers
    bind 127.0.0.1:{PORT}
    default_backend {_BACKEND}

backend {_BACKEND}
    balance roundrobin
    http-reuse always
    option httpchk GET /readyz
    http-check expect status 200
    {retries}
"""


@dataclass
class Balancer:
    """
    A running balancer.

    Args:
        google: what it imitates.
        pid: id of its process, which has one thread.
        control: socket of its commands.
        log: everything that it logged: requests that did not end well.
        members: state by instance: serving, draining or gone.
        drained_at: time at which the connections of a draining instance end, by the monotonic clock.
        errors: why the members of the group were not followed.
    """

    google: GoogleBalancer
    pid: int
    control: Path
    log: Path
    members: dict[str, str] = field(default_factory=dict)
    drained_at: dict[str, float] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def command(self, text: str) -> str:
        """Send a command of HAProxy's runtime API, and return its answer."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.control))
            connection.sendall(f"{text}\n".encode())
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
        return b"".join(parts).decode().strip()

    def _change(self, text: str) -> None:
        answer = self.command(text)
        assert not answer, f"{text}: {answer}"

    def follow(self, addresses: Mapping[str, str]) -> None:
        """
        Take the members of the group as servers, drain those that left, and end connections after the draining.

        Args:
            addresses: address by name of every instance that is a member now.
        """
        for name, address in addresses.items():
            if self.members.get(name) != "serving":
                self._add(name, address)
        for name, state in self.members.items():
            if state == "serving" and name not in addresses:
                self._change(f"set server {_BACKEND}/{name} state drain")
                self.members[name] = "draining"
                self.drained_at[name] = time.monotonic() + self.google.draining_s
            elif state == "draining" and time.monotonic() >= self.drained_at[name]:
                self._change(f"set server {_BACKEND}/{name} state maint")
                self._change(f"shutdown sessions server {_BACKEND}/{name}")
                self.members[name] = "gone"

    def _add(self, name: str, address: str) -> None:
        google, server = self.google, f"server {_BACKEND}/{name}"
        if name in self.members:  # an instance that was recreated under its name
            self._change(f"set {server} weight 0")
            self.command(f"set {server} addr {address} port {SERVER_PORT}")  # answers what it changed
            self._change(f"set {server} state ready")
        else:
            answer = self.command(
                f"add {server} {address}:{SERVER_PORT} check inter {google.check_interval_s}s"
                f" rise {google.healthy_threshold} fall {google.unhealthy_threshold}"
                f" pool-purge-delay {BACKEND_KEEP_ALIVE_S}s pool-max-conn -1 weight 0"
            )
            assert "New server registered" in answer, f"{name}: {answer}"
            self._change(f"enable health {_BACKEND}/{name}")
            self._change(f"enable {server}")
        # A new server counts as healthy for HAProxy, and as unhealthy for Google: without a weight it gets no request.
        self._change(f"set {server} health down")
        self._change(f"set {server} weight 1")
        self.members[name] = "serving"

    def serving(self) -> list[str]:
        """Return the names of the servers that get requests."""
        return [row["svname"] for row in self._rows() if row["status"] == "UP" and row["svname"] in self.members]

    def counts(self) -> dict[str, int]:
        """Return the requests and answers that the balancer has counted so far."""
        rows = {(row["# pxname"], row["svname"]): row for row in self._rows()}
        front, back = rows["callers", "FRONTEND"], rows[_BACKEND, "BACKEND"]
        return {name: int(front[key] or 0) for name, key in _COUNTS.items()} | {
            name: int(back[key] or 0) for name, key in _BACKEND_COUNTS.items()
        }

    def waited_s(self) -> float:
        """Return the seconds for which it could run, but had no processor (Linux, sched-stats.rst, read 2026-11-27)."""
        return int(Path(f"/proc/{self.pid}/schedstat").read_text().split()[1]) / 1e9

    def _rows(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.command("show stat"))))


@contextmanager
def run_balancer(google: GoogleBalancer, folder: Path, members: Callable[[], Mapping[str, str]]) -> Iterator[Balancer]:
    """
    Run a balancer until the end of the block.

    Args:
        google: what it imitates.
        folder: folder for its files.
        members: returns the address by name of every instance that is a member of the group now.
    """
    control, log = Path("/run/haproxy.sock"), folder / "haproxy.log"
    control.unlink(missing_ok=True)
    file = folder / "haproxy.cfg"
    file.write_text(configuration(google, control))
    with log.open("w") as output:
        process = subprocess.Popen(["haproxy", "-db", "-f", str(file)], stdout=output, stderr=output)
    balancer, is_over = Balancer(google, process.pid, control, log), threading.Event()

    def follow() -> None:
        try:
            balancer.follow(members())
        except Exception as error:  # noqa: BLE001 - the thread would end, and all requests to new members be lost
            balancer.errors.append(f"members: {error!r}")

    def follow_forever() -> None:
        while not is_over.wait(POLL_S):
            follow()

    try:
        deadline = time.monotonic() + _START_S
        while not control.exists():
            assert process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < deadline, f"no answer within {_START_S} s"
            time.sleep(0.05)
        thread = threading.Thread(target=follow_forever, daemon=True)
        thread.start()
        yield balancer
        is_over.set()
        thread.join()
    finally:
        is_over.set()
        process.kill()
        process.wait()
