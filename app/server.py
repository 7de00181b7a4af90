"""The server: uvicorn with a graceful shutdown for load balancers and jobs."""

import asyncio
import logging
import math
import signal
from types import FrameType
from typing import Final

import uvicorn

from app.connections import ConnectionPolicy, limited_protocol
from app.jobs import Jobs
from app.main import create_app
from app.metrics import DRAINING
from app.policies import Policies
from app.readiness import Readiness
from app.settings import Settings

_PORT: Final = 8000
_ANSWER_S: Final = 1  # for responses of jobs that were handed back
_log = logging.getLogger(__name__)


class DrainingServer(uvicorn.Server):
    """
    uvicorn with a graceful shutdown.

    After SIGTERM:

        at once       the server is not ready, and still serves every request (handle_exit); each answer is the last one
                      of its connection (LastAnswers)
        DRAIN_SEC     uvicorn closes its port and idle connections, and waits for requests; then the application waits
                      for jobs (lifespan in app/main.py, Jobs.join)
        + FINISH_SEC  unfinished jobs are handed back (Jobs.hand_back): callbacks for jobs, 503 for requests
        + 1 s         uvicorn ends open requests
        + 10 s        the process ends, even without the last callbacks

    The process ends earlier if no request and no job is left. A second signal hands jobs back at once.
    """

    def __init__(self, config: uvicorn.Config, settings: Settings, readiness: Readiness, jobs: Jobs) -> None:
        super().__init__(config)
        self._settings = settings
        self._readiness = readiness
        self._jobs = jobs

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Start the shutdown; uvicorn's signal handler calls this in the thread of the event loop."""
        loop = asyncio.get_running_loop()
        if sig != signal.SIGTERM or not self._readiness.is_open:
            loop.call_soon_threadsafe(self._jobs.hand_back)
            super().handle_exit(sig, frame)
            return
        self._readiness.close()
        DRAINING.set(1)
        drain_s, finish_s = self._settings.drain_sec, self._settings.finish_sec
        _log.info("SIGTERM: not ready, draining for %g s, finishing within %g s", drain_s, finish_s)
        loop.call_soon_threadsafe(loop.call_later, drain_s, super().handle_exit, sig, frame)
        loop.call_soon_threadsafe(loop.call_later, drain_s + finish_s, self._jobs.hand_back)


def serve(settings: Settings) -> None:
    """Serve until a signal; at the end every request has its answer, and every job its callback."""
    policies = Policies(connections=ConnectionPolicy(keep_alive_s=settings.keep_alive_sec))
    readiness, jobs = Readiness(), Jobs(policies.jobs)
    config = uvicorn.Config(
        create_app(settings, policies, readiness, jobs),
        host="0.0.0.0",  # noqa: S104 - the network of a container, or of a VM behind a firewall
        port=_PORT,
        log_config=None,
        loop="uvloop",
        http=limited_protocol(policies.connections),
        timeout_keep_alive=math.ceil(settings.keep_alive_sec),
        timeout_graceful_shutdown=math.ceil(settings.finish_sec) + _ANSWER_S,
    )
    DrainingServer(config, settings, readiness, jobs).run()
