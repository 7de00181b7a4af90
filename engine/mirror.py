"""A docker-registry on loopback: the set-up pushes the stand-ins to it, and it serves them to the engine."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from engine.errors import EngineError
from engine.layout import Layout

_START_TIMEOUT_S = 20
_CONFIG = """\
version: 0.1
log: {{level: warn}}
storage:
  filesystem: {{rootdirectory: {storage}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


def free_port() -> int:
    """Return a port of loopback on which no process listens at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def config(storage: str, port: int) -> str:
    """Return the configuration file of the registry."""
    return _CONFIG.format(storage=storage, port=port)


def repository(reference: str) -> str:
    """
    Return the name under which a client requests an image from a mirror.

    Args:
        reference: full reference, such as `docker.io/library/python:3.10-slim`

    Returns:
        The reference without its host, such as `library/python:3.10-slim`.
    """
    return reference.split("/", 1)[1]


def host(reference: str) -> str:
    """Return the registry of a full reference, such as `docker.io`."""
    return reference.split("/", 1)[0]


@contextmanager
def serving(layout: Layout) -> Iterator[str]:
    """
    Serve the mirror's storage for as long as the block runs.

    Yields:
        The address, such as `localhost:41234`.

    Raises:
        EngineError: the registry ended, or did not listen within 20 s
    """
    port = free_port()
    configuration = layout.scratch / "mirror.yml"
    configuration.write_text(config(str(layout.mirror), port))
    log = layout.log / "mirror.log"
    with log.open("a") as record:
        process = subprocess.Popen(
            ["docker-registry", "serve", str(configuration)], stdin=subprocess.DEVNULL, stdout=record, stderr=record
        )
    try:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise EngineError(f"the mirror does not listen on 127.0.0.1:{port}. Its log: {log}")
            time.sleep(0.05)
        yield f"localhost:{port}"
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
