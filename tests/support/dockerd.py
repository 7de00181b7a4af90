"""A machine that runs Docker: Debian's dockerd in its own namespaces. Several can run at once; none leaves a trace."""

import http.client
import os
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from tests.support.programs import require, skip_without

_FIRST_PROCESS = Path(__file__).with_name("dockerd.sh")
_START_S = 60
_STOP_S = 60
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Machine:
    """
    A running machine: a network of its own, with loopback alone at first, and its own /etc, /opt, /root, /run and /var.

    The folders begin with the host's content, except for /run, which begins empty; all other folders are shared.
    """

    name: str
    pid: int

    def start(self, *command: str | Path, folder: str | Path = "/", **popen: Any) -> "subprocess.Popen[str]":
        """
        Start a process on the machine. It ends with the machine: a signal to the returned process does not reach it.

        Args:
            command: program and arguments.
            folder: working directory on the machine.
            popen: arguments of subprocess.Popen.
        """
        inside = ["nsenter", f"--target={self.pid}", "--mount", "--net", "--pid", "--uts", "--ipc", "--"]
        popen = {"stdin": subprocess.DEVNULL, "text": True} | popen
        return subprocess.Popen([*inside, "env", f"--chdir={folder}", *map(str, command)], **popen)

    def run(
        self, *command: str | Path, folder: str | Path = "/", stdin: str = "", within_s: float = 120
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command on the machine to its end."""
        pipe = subprocess.PIPE
        with self.start(*command, folder=folder, stdin=pipe, stdout=pipe, stderr=pipe) as process:
            try:
                stdout, stderr = process.communicate(stdin, within_s)
            finally:
                process.kill()
        return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)

    def __call__(self, *command: str | Path, folder: str | Path = "/", stdin: str = "", within_s: float = 120) -> str:
        """Run a command on the machine that must succeed, and return its stdout."""
        done = self.run(*command, folder=folder, stdin=stdin, within_s=within_s)
        assert done.returncode == 0, (
            f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stderr}{done.stdout}"
        )
        return done.stdout

    def connect(self, port: int, timeout_s: float = 20, host: str = _LOOPBACK) -> socket.socket:
        """Connect to a port of an address on the machine."""

        def inside() -> socket.socket:
            with Path(f"/proc/{self.pid}/ns/net").open() as network:
                os.setns(network.fileno(), os.CLONE_NEWNET)
            return socket.create_connection((host, port), timeout_s)

        # A thread of its own enters the namespace; the socket stays in the namespace of its creation.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(inside).result()

    def get(self, port: int, path: str, host: str = _LOOPBACK) -> tuple[int, bytes]:
        """Send a GET to a server on the machine, and return status and body of the answer."""
        connection = http.client.HTTPConnection(host, port)
        connection.sock = self.connect(port, host=host)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def wait_for(self, port: int, path: str, within_s: float = 30, host: str = _LOOPBACK) -> bytes:
        """Repeat a GET until the answer is 200, and return its body."""
        deadline = time.monotonic() + within_s
        while True:
            answer: object
            try:
                status, answer = self.get(port, path, host)
                if status == HTTPStatus.OK:
                    return answer
            except OSError as error:
                answer = error
            assert time.monotonic() < deadline, f"{host}:{port}{path}: {answer!r}"
            time.sleep(0.1)


@contextmanager
def dockerd() -> Iterator[Machine]:
    """Run a machine until the end of the block; its Docker answers on the usual socket, /run/docker.sock."""
    require("dockerd", "'apt-get install docker.io'")
    require("ip", "'apt-get install iproute2'")
    if os.geteuid() != 0:
        skip_without("root", "run the tests as root: namespaces and mounts need it")
    name = f"dockerd-{uuid.uuid4().hex[:8]}"
    with TemporaryFile("w+") as log:
        process = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--uts", "--ipc", "--fork", "--kill-child", _FIRST_PROCESS, name],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            machine = _answering(process, name)
            if machine is None:
                log.seek(0)
                raise AssertionError(f"dockerd does not answer:\n{log.read()}")
            yield machine
        finally:
            assert process.stdin
            process.stdin.close()
            try:
                process.wait(_STOP_S)
            finally:
                process.kill()


def _answering(process: "subprocess.Popen[bytes]", name: str) -> Machine | None:
    """Wait until the machine's Docker answers; return None if it ends or takes too long."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + _START_S
    while process.poll() is None and time.monotonic() < deadline:
        first = children.read_text().split()
        if first:
            machine = Machine(name, int(first[0]))
            if machine.run("docker", "version").returncode == 0:
                return machine
        time.sleep(0.1)
    return None
