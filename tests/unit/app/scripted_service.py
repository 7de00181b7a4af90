"""A service with given answers, and calls of it."""

import asyncio
import time
from typing import Any

import httpx

from app.clients.outbound import Destination, Outbound, OutboundPolicy
from app.errors import OutboundError, UnavailableError
from tests.unit.app.bodies import Body
from tests.unit.app.service_clients import service_client

NO_WAITS = OutboundPolicy(backoff_s=0)


class Script:
    """A service that returns the given statuses or raises the given errors in order, and 200 afterwards."""

    def __init__(self, *answers: int | tuple[int, dict[str, str]] | type[httpx.RequestError]) -> None:
        self.answers = list(answers)
        self.times: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.times.append(time.monotonic())
        if not self.answers:
            return httpx.Response(200, stream=Body())
        answer = self.answers.pop(0)
        if isinstance(answer, type):
            raise answer("no", request=request)
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        return httpx.Response(status, headers=headers, stream=Body())


def send(
    script: Script, calls: int = 1, policy: OutboundPolicy = NO_WAITS, **destination: Any
) -> list[int | type[Exception]]:
    """Call the service some times in a row, and return the statuses or classes of errors."""

    async def call(outbound: Outbound) -> int | type[Exception]:
        try:
            return (await outbound.send("GET", "http://service/")).status
        except (OutboundError, UnavailableError) as error:
            return type(error)

    async def scenario() -> list[int | type[Exception]]:
        async with service_client(httpx.MockTransport(script)) as client:
            outbound = Outbound(client, Destination("tested", answer_s=1, **destination), policy)
            return [await call(outbound) for _ in range(calls)]

    return asyncio.run(scenario())
