"""A service in this process that answers every request with the same bytes, and then drips."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_PART_BYTES = 2**20


@contextmanager
def hostile_service(port: int, answer: bytes, drip_s: float = 0) -> Iterator[None]:
    """
    Serve until the end of the block.

    Args:
        port: port on the loopback.
        answer: bytes of the answer, from its status line on.
        drip_s: seconds between further bytes; 0 for none.
    """
    with socket.create_server(("127.0.0.1", port)) as listener:
        threading.Thread(target=_accept, args=(listener, answer, drip_s), daemon=True).start()
        try:
            yield
        finally:
            listener.shutdown(socket.SHUT_RDWR)  # a waiting accept would keep the port open


def _accept(listener: socket.socket, answer: bytes, drip_s: float) -> None:
    with suppress(OSError):  # the listener is closed
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_answer, args=(connection, answer, drip_s), daemon=True).start()


def _answer(connection: socket.socket, answer: bytes, drip_s: float) -> None:
    with connection, suppress(OSError):  # the client leaves
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(_PART_BYTES)
        threading.Thread(target=_drain, args=(connection,), daemon=True).start()
        connection.sendall(answer)
        while drip_s:
            connection.sendall(b" ")
            time.sleep(drip_s)
        time.sleep(1)


def _drain(connection: socket.socket) -> None:
    with suppress(OSError):
        while connection.recv(_PART_BYTES):
            pass
