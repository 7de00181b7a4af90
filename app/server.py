"""The way in and the way out: uvicorn, leaving as a load balancer wants it."""

import asyncio
import logging
import math
import signal
from types import FrameType
from typing import Final

import uvicorn

from app.health import Readiness
from app.jobs import Jobs
from app.main import create_app
from app.metrics import DRAINING
from app.settings import Settings

_PORT: Final = 8000
_ANSWER_S: Final = 1  # to those whose work was handed back
_log = logging.getLogger(__name__)


class DrainingServer(uvicorn.Server):
    """
    uvicorn that leaves as a load balancer and a backend want it.

    After SIGTERM, in this order:

        at once       not ready any more; everything is served as before (handle_exit)
        DRAIN_SEC     uvicorn closes its port, and waits for requests; then the application's end waits for jobs
                      (lifespan in app/main.py, Jobs.join)
        + FINISH_SEC  what is not done is handed back (Jobs.hand_back): callbacks for jobs, 503 for requests
        + 1 s         uvicorn cuts off requests that are still open
        + 10 s        the process ends, with or without the last callbacks

    It ends as soon as nothing is left to wait for. A second signal hands back at once.
    """

    def __init__(self, config: uvicorn.Config, settings: Settings, readiness: Readiness, jobs: Jobs) -> None:
        super().__init__(config)
        self._settings = settings
        self._readiness = readiness
        self._jobs = jobs

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called by uvicorn's signal handler, in the thread of the event loop."""
        loop = asyncio.get_running_loop()
        if sig != signal.SIGTERM or not self._readiness.is_open:
            loop.call_soon_threadsafe(self._jobs.hand_back)
            super().handle_exit(sig, frame)
            return
        self._readiness.close()
        DRAINING.set(1)
        drain_s, finish_s = self._settings.drain_sec, self._settings.finish_sec
        _log.info("SIGTERM: not ready any more, draining for %g s, finishing within %g s", drain_s, finish_s)
        loop.call_soon_threadsafe(loop.call_later, drain_s, super().handle_exit, sig, frame)
        loop.call_soon_threadsafe(loop.call_later, drain_s + finish_s, self._jobs.hand_back)


def serve(settings: Settings) -> None:
    """Serve until a signal ends it; by then every request has its answer, and every job its callback."""
    readiness, jobs = Readiness(), Jobs()
    config = uvicorn.Config(
        create_app(settings, readiness, jobs),
        host="0.0.0.0",  # noqa: S104 - a container's own network, or a machine's behind its firewall
        port=_PORT,
        log_config=None,
        loop="uvloop",
        http="httptools",
        timeout_graceful_shutdown=math.ceil(settings.finish_sec) + _ANSWER_S,
    )
    DrainingServer(config, settings, readiness, jobs).run()
