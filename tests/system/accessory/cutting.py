"""A TCP proxy that cuts a connection after some bytes."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

Direction = Literal["up", "down"]


@dataclass
class Proxy:
    """
    The proxy.

    Args:
        port: port of the proxy on loopback.
        cut: direction and number of bytes after which the next connection is cut; None for no cut.
        is_dead: whether every connection is cut at once.
        was_cut: event that is set when a connection was cut.
        carried: number of bytes in each direction, of all connections.
    """

    port: int
    cut: tuple[Direction, int] | None = None
    is_dead: bool = False
    was_cut: threading.Event = field(default_factory=threading.Event)
    carried: dict[Direction, int] = field(default_factory=lambda: {"up": 0, "down": 0})

    def carry(self, near: socket.socket, dial: Callable[[], socket.socket]) -> None:
        """Carry a connection until either end closes it, or until its last byte."""
        cut, self.cut = self.cut, None
        with near, suppress(OSError):
            if self.is_dead:
                return
            with dial() as far:
                far.settimeout(None)
                left = dict([cut]) if cut else {}
                up = threading.Thread(target=self._pump, args=("up", near, far, left.get("up")))
                up.start()
                self._pump("down", far, near, left.get("down"))
                up.join()

    def _pump(self, direction: Direction, source: socket.socket, sink: socket.socket, left: int | None) -> None:
        with suppress(OSError):
            while left is None or left > 0:
                data = source.recv(65_536 if left is None else min(left, 65_536))
                if not data:
                    break
                sink.sendall(data)
                self.carried[direction] += len(data)
                left = None if left is None else left - len(data)
        if left is not None and left <= 0:
            self.was_cut.set()
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def proxy(dial: Callable[[], socket.socket]) -> Iterator[Proxy]:
    """
    Listen until the end of the block.

    Args:
        dial: function that connects to the target.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        proxy = Proxy(server.getsockname()[1])

        def serve() -> None:
            with suppress(OSError):
                while True:
                    near, _ = server.accept()
                    threading.Thread(target=proxy.carry, args=(near, dial), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield proxy
        server.shutdown(socket.SHUT_RDWR)
