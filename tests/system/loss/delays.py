"""A network with a delay between the balancer and the servers: bytes, and the ends of connections, arrive later."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from tests.system.loss.containers import PORT

_PIECE_BYTES: Final = 65536
_START_S: Final = 10


@dataclass
class Delays:
    """
    The ways to servers.

    Args:
        delay_s: seconds from one end of a way to the other, in both directions.
        loop: event loop of the ways, which runs in a thread of its own.
        addresses: address of the near end by the address of a server; both have the server's port.
    """

    delay_s: float
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    addresses: dict[str, str] = field(default_factory=dict)

    def address(self, server: str) -> str:
        """Return the address of the near end of the way to a server."""
        if server not in self.addresses:
            near = f"127.0.1.{server.rpartition('.')[2]}"
            listening = asyncio.start_server(lambda *caller: self._connect(server, *caller), near, PORT)
            asyncio.run_coroutine_threadsafe(listening, self.loop).result(_START_S)
            self.addresses[server] = near
        return self.addresses[server]

    async def _connect(self, server: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(server, PORT)
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(self._forward(reader, far_writer), self._forward(far_reader, writer))

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward bytes after the delay until the end of the connection, and the end too."""
        try:
            while piece := await reader.read(_PIECE_BYTES):
                self.loop.call_later(self.delay_s, writer.write, piece)
        except OSError:
            self.loop.call_later(self.delay_s, writer.transport.abort)
        else:
            self.loop.call_later(self.delay_s, writer.close)


@contextmanager
def run_delays(delay_s: float) -> Iterator[Delays]:
    """Run ways with a delay until the end of the block."""
    delays = Delays(delay_s)
    thread = threading.Thread(target=delays.loop.run_forever, daemon=True)
    thread.start()
    try:
        yield delays
    finally:
        delays.loop.call_soon_threadsafe(delays.loop.stop)
        thread.join()
