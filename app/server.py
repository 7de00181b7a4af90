"""The way in and the way out: uvicorn, leaving as a load balancer wants it."""

import asyncio
import logging
import math
import signal
from types import FrameType

import uvicorn

from app.health import Readiness
from app.main import create_app
from app.settings import Settings

_PORT = 8000


class DrainingServer(uvicorn.Server):
    """
    uvicorn that on SIGTERM says 'not ready', goes on serving while it drains, and then stops.

    Args:
        config: As for `uvicorn.Server`.
        readiness: Closed by the first SIGTERM.
        drain_s: How long requests are accepted after it. A second signal ends that at once.
    """

    def __init__(self, config: uvicorn.Config, readiness: Readiness, drain_s: float) -> None:
        super().__init__(config)
        self._readiness = readiness
        self._drain_s = drain_s

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called by uvicorn's signal handler, in the thread of the event loop."""
        if sig != signal.SIGTERM or not self._readiness.is_open:
            super().handle_exit(sig, frame)
            return
        self._readiness.close()
        logging.getLogger(__name__).info("SIGTERM: not ready any more, draining for %g s", self._drain_s)
        loop = asyncio.get_running_loop()
        loop.call_soon_threadsafe(loop.call_later, self._drain_s, super().handle_exit, sig, frame)


def serve(settings: Settings) -> None:
    """Serve until a signal ends it; requests in flight then have as long as a request to another service may take."""
    readiness = Readiness()
    config = uvicorn.Config(
        create_app(settings, readiness),
        host="0.0.0.0",  # noqa: S104 - a container's own network, or a machine's behind its firewall
        port=_PORT,
        log_config=None,
        timeout_graceful_shutdown=math.ceil(settings.http_timeout_sec),
    )
    DrainingServer(config, readiness, settings.drain_sec).run()
