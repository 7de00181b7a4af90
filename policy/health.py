"""The server of a VM's stack, and the health check that asks it over HTTP."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Final, Literal

from policy.vm import Vm

_LOOPBACK: Final = "127.0.0.1"
_PATHS: Final = ("/health", "/api/v2/heartbeat")  # of ai-server and vllm, and of chromadb
_PROBE_S: Final = 20


@dataclass(frozen=True)
class HealthCheck:
    """
    A health check by HTTP.

    Args:
        path: path that it asks.
        healthy_threshold: number of answers with status 200 in a row after which the VM is healthy.
    """

    path: str
    healthy_threshold: int

    def state(self, vm: Vm) -> Literal["HEALTHY", "UNHEALTHY"]:
        """Probe the VM; return its health."""
        with _server(vm) as port:
            is_healthy = all(_answers_200(port, self.path) for _ in range(self.healthy_threshold))
        return "HEALTHY" if is_healthy else "UNHEALTHY"


@contextmanager
def _server(vm: Vm) -> Iterator[int]:
    """Serve the stack of a VM until the block ends, if Compose has started it; give the port."""
    if vm.is_serving:
        with HTTPServer((_LOOPBACK, 0), _Handler) as server:
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            yield server.server_port
            server.shutdown()
            thread.join()
    else:  # the port is taken, and no server listens
        with socket.socket() as unused:
            unused.bind((_LOOPBACK, 0))
            yield unused.getsockname()[1]


class _Handler(BaseHTTPRequestHandler):
    """Answers at the paths of the services' health."""

    def do_GET(self) -> None:
        """Answer 200 at a path of health, and 404 at any other."""
        self.send_response(200 if self.path in _PATHS else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


def _answers_200(port: int, path: str) -> bool:
    connection = HTTPConnection(_LOOPBACK, port, timeout=_PROBE_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except ConnectionRefusedError:
        return False
    finally:
        connection.close()
