"""Connections with the deadline of the current thread's exchange."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from ipaddress import ip_address
from typing import Any, Final

import httpcore

_NESTED: Final = 2
_CHUNK: Final = 16 * 1024  # bytes; the inner stream allows the whole timeout for each part of a write


class Deadline(threading.local):
    """The time of the monotonic clock at which the exchange of the current thread must end."""

    until_s: float = 0.0

    def left(self, timeout: float | None, error: Callable[[str], Exception]) -> float:
        """Return the seconds left, at most the timeout; raise the error if none are left."""
        left = self.until_s - time.monotonic()
        if left <= 0:
            raise error("the deadline of the exchange has passed")
        return left if timeout is None else min(timeout, left)


class Network(httpcore.NetworkBackend):
    """A network whose lookups, connects, reads and writes end by the exchange's deadline."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Look up a host, and connect to its first address that answers."""
        error: Exception = httpcore.ConnectError(f"'{host}' has no address")
        for address, address_port in self._addresses(host, port, timeout):
            try:
                left = self._deadline.left(timeout, httpcore.ConnectTimeout)
                stream = self._sockets.connect_tcp(address, address_port, left, local_address, socket_options)
                return Stream(stream, self._deadline)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as failure:  # noqa: PERF203 - the next address may answer
                error = failure
        raise error

    def _addresses(self, host: str, port: int, timeout: float | None) -> list[tuple[str, int]]:
        if _is_address(host):
            return [(host, port)]
        try:
            return look_up(host, port, self._deadline.left(timeout, httpcore.ConnectTimeout))
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"the lookup of '{host}' did not end") from error
        except OSError as error:
            raise httpcore.ConnectError(f"the lookup of '{host}' failed: {error.strerror or error}") from error


class Stream(httpcore.NetworkStream):
    """
    A connection whose operations end by the deadline of the current thread's exchange.

    Args:
        stream: connection of httpcore.
        deadline: deadline of the current thread's exchange.
        layers: number of TLS layers: two through a proxy that is itself reached over TLS.
    """

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline, layers: int = 0) -> None:
        self._stream = stream
        self._deadline = deadline
        self._layers = layers

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read at most a number of bytes."""
        left = self._deadline.left(timeout, httpcore.ReadTimeout)
        with self._interruption(left, self._layers):
            return self._stream.read(max_bytes, left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write a buffer."""
        for start in range(0, len(buffer), _CHUNK):
            left = self._deadline.left(timeout, httpcore.WriteTimeout)
            with self._interruption(left, self._layers):
                self._stream.write(buffer[start : start + _CHUNK], left)

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Continue over TLS."""
        left = self._deadline.left(timeout, httpcore.ConnectTimeout)
        with self._interruption(left, self._layers + 1):
            stream = self._stream.start_tls(ssl_context, server_hostname, left)
        return Stream(stream, self._deadline, self._layers + 1)

    def get_extra_info(self, info: str) -> Any:
        """Return a property of the connection."""
        return self._stream.get_extra_info(info)

    @contextmanager
    def _interruption(self, seconds: float, layers: int) -> Iterator[None]:
        """Shut TLS in TLS down at its deadline; httpcore allows the whole timeout for each part of a record."""
        if layers < _NESTED:
            yield
            return
        timer = threading.Timer(seconds, _shut_down, (self.get_extra_info("socket"),))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _shut_down(connection: socket.socket) -> None:
    with suppress(OSError):
        # The method of an SSLSocket would also remove the TLS state that the reading thread uses.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)


def look_up(host: str, port: int, seconds: float) -> list[tuple[str, int]]:
    """
    Return the addresses of a host, each with its port.

    Raises:
        TimeoutError: the lookup did not end within the seconds.
        OSError: the lookup failed.
    """
    lookup: Future[list[tuple[str, int]]] = Future()
    # Python cannot interrupt a lookup; a daemon thread does not keep the process alive.
    threading.Thread(target=_look_up, args=(host, port, lookup), daemon=True, name=f"lookup of {host}").start()
    return lookup.result(seconds)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _look_up(host: str, port: int, lookup: Future[list[tuple[str, int]]]) -> None:
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        lookup.set_exception(error if isinstance(error, OSError) else OSError(str(error)))
    else:
        lookup.set_result([(str(address[0]), int(address[1])) for *_, address in entries])
