"""ChromaDB's heartbeat as a metric; the server does not use ChromaDB otherwise."""

import asyncio
from typing import Final, NoReturn

from app.clients.outbound import Destination, Outbound, OutboundPolicy
from app.clients.transport import ServiceClient
from app.errors import AppError
from app.metrics import CHROMADB_UP
from app.settings import Settings

_PERIOD_S: Final = 30
_LONGEST_S: Final = 5


class Chroma:
    """
    Watches ChromaDB's heartbeat.

    Source: GET /api/v2/heartbeat, `{"nanosecond heartbeat": …}` (chromadb 1.5.9, tried 2026-11-25).
    """

    def __init__(self, client: ServiceClient, url: str, settings: Settings, policy: OutboundPolicy) -> None:
        answer_s = min(_LONGEST_S, settings.http_timeout_sec)
        destination = Destination("chromadb", answer_s=answer_s, attempts=1, has_circuit=False)
        self._outbound = Outbound(client, destination, policy)
        self._url = f"{url.rstrip('/')}/api/v2/heartbeat"

    async def watch(self) -> NoReturn:
        """Set the metric periodically, until the task is cancelled."""
        while True:
            CHROMADB_UP.set(await self.is_up())
            await asyncio.sleep(_PERIOD_S)

    async def is_up(self) -> bool:
        """Return whether ChromaDB answers its heartbeat."""
        try:
            answer = await self._outbound.send("GET", self._url)
        except AppError:
            return False
        return answer.is_success and b"heartbeat" in answer.body
