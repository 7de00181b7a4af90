"""Processes that deploy, and that stop before each exchange, so that a test can do anything in between."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import httpx

from deploy.compute_engine.client import Compute
from deploy.errors import DeployError
from deploy.retry import Time
from emulator.emulator import Emulator
from emulator.inprocess import Transport


class KilledError(BaseException):
    """The process was killed; no handler of the client may catch this error and continue."""


class QuickClient(httpx.Client):
    """
    An httpx client that passes each request to the emulator directly, which takes a third of the time of a real client.

    Args:
        emulator: emulator that answers the requests.
        agent: name of the client in the request log.
    """

    def __init__(self, emulator: Emulator, agent: str = "") -> None:
        super().__init__(transport=Transport(emulator), trust_env=False)
        self._emulator = Transport(emulator)
        self._agent = agent

    def request(  # type: ignore[override]
        self, method: str, url: str, *, params: Any = None, json: Any = None, headers: Any = None, **_: Any
    ) -> httpx.Response:
        """Make one request."""
        path = "/" + str(url).partition("://")[2].partition("/")[2] + (f"?{urlencode(params)}" if params else "")
        body = b"" if json is None else _dumped(json)
        sent: Any = SimpleNamespace(
            method=method,
            url=SimpleNamespace(raw_path=path.encode()),
            headers={**(headers or {}), "user-agent": self._agent},
            read=lambda: body,
            extensions={},
        )
        return self._emulator.handle_request(sent)


class Client:
    """
    A process that deploys, as a thread that makes exchanges only when the test lets it.

    Args:
        emulator: emulator that answers the requests.
        project: name of the project.
        name: name of the client in the request log.
        work: work of the process, which gets its API.
        watched: called with the client before and after each exchange, `("before" or "after", verb, URL)`.
        ahead_s: seconds that the clock of its computer is ahead of the server's.
    """

    def __init__(
        self,
        emulator: Emulator,
        project: str,
        name: str,
        work: Callable[[Compute], object],
        watched: Callable[["Client", str, str, str], None] = lambda *_: None,
        ahead_s: float = 0.0,
    ) -> None:
        self.name = name
        self.exchanges = 0
        self.is_over = False
        self.result: object = None
        self.error: BaseException | None = None
        self._clock = emulator.environment.clock
        self._wakes_at_s = self._clock.now_s()
        self._watched = watched
        self._mine, self._theirs = threading.Semaphore(0), threading.Semaphore(0)
        self._dies = False
        client = QuickClient(emulator, name)
        self._send = client.request
        client.request = self._exchange  # type: ignore[assignment, method-assign]
        time = Time(lambda: max(self._clock.now_s(), self._wakes_at_s), self._sleep)
        own = partial(datetime.fromtimestamp, tz=UTC)
        self._compute = Compute(
            client,
            "http://emulator/compute/v1",
            project,
            dict,
            time,
            dice=lambda: 0.5,
            own_clock=lambda: own(time.now_s() + ahead_s),
        )
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    @property
    def code(self) -> int:
        """Exit code of the process after its end; -9 if it was killed."""
        if isinstance(self.error, KilledError):
            return -9
        return self.error.exit_code if isinstance(self.error, DeployError) else 0

    def go(self, exchanges: int = 10_000) -> bool:
        """Let the process make some exchanges; return whether it has ended."""
        for _ in range(exchanges):
            if self.is_over:
                break
            self._mine.release()
            self._theirs.acquire()
        if self.error is not None and not isinstance(self.error, (DeployError, KilledError)):
            raise self.error
        return self.is_over

    def kill(self) -> None:
        """Kill the process before its next exchange."""
        self._dies = True
        self.go(1)

    def _run(self, work: Callable[[Compute], object]) -> None:
        try:
            self._stand()
            self.result = work(self._compute)
        except BaseException as error:  # noqa: BLE001 - `go` raises it in the test's own thread
            self.error = error
        self.is_over = True
        self._theirs.release()

    def _stand(self) -> None:
        self._mine.acquire()
        if self._dies:
            raise KilledError

    def _exchange(self, verb: str, url: str, **more: Any) -> httpx.Response:
        if self.exchanges:
            self._theirs.release()
            self._stand()
        self.exchanges += 1
        self._clock.move(max(0.0, self._wakes_at_s - self._clock.now_s()))
        self._watched(self, "before", verb, url)
        try:
            return self._send(verb, url, **more)
        finally:
            self._watched(self, "after", verb, url)

    def _sleep(self, seconds: float) -> None:
        self._wakes_at_s = max(self._wakes_at_s, self._clock.now_s()) + seconds


def _dumped(body: Any) -> bytes:
    return json.dumps(body).encode()
