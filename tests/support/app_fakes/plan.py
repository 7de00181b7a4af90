"""The common part of all fakes: a plan of faults, and a record of calls."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from urllib.parse import parse_qs

import httpx
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_RECORDED_CHARACTERS = 2000
_APART = ("/fake/", "/health")  # neither recorded nor disturbed


class Fault(BaseModel):
    """
    A fault of a fake; the members can be combined.

    Args:
        status: status of the answer; 0 for the fake's own answer.
        drop: whether the connection is closed without an answer.
        times: number of requests with the fault; None for all requests.
        attempts: number of requests with the fault of each `Idempotency-Key`; None for no such limit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: int = 0
    retry_after_s: int | None = None
    latency_s: float = Field(default=0, ge=0)
    drop: bool = False
    times: int | None = Field(default=None, gt=0)
    attempts: int | None = Field(default=None, gt=0)


_FAULTS: TypeAdapter[list[Fault]] = TypeAdapter(list[Fault])


@dataclass(frozen=True)
class Call:
    """A recorded request, with its shortened body as text, and its headers without the value of Authorization."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: str


class Plan:
    """The faults to come, in order, and the calls so far."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._faults: dict[int, Fault] = {}  # by place in the plan
        self._attempts = Counter[tuple[int, str]]()

    def set(self, *faults: Fault) -> None:
        """Replace the planned faults; without faults the fake answers normally."""
        self._faults = dict(enumerate(faults))
        self._attempts.clear()

    def next(self, key: str = "") -> Fault:
        """Return the fault for a request with an `Idempotency-Key`, and count its use."""
        for place, fault in self._faults.items():
            if fault.attempts is not None and self._attempts[place, key] == fault.attempts:
                continue
            self._attempts[place, key] += 1
            if fault.times == 1:
                del self._faults[place]
            elif fault.times is not None:
                self._faults[place] = fault.model_copy(update={"times": fault.times - 1})
            return fault
        return Fault()


class _Planned:
    """An application that records each request and applies a planned fault before its routes get the request."""

    def __init__(self, routes: ASGIApp, plan: Plan) -> None:
        self._routes = routes
        self._plan = plan

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_APART):
            await self._routes(scope, receive, send)
            return
        body = await Request(scope, receive).body()
        self._plan.calls.append(_call(scope, body))
        fault = self._plan.next(self._plan.calls[-1].headers.get("idempotency-key", ""))
        await asyncio.sleep(fault.latency_s)
        if fault.drop:
            await _drop(scope, receive)
        elif fault.status:
            retry = {} if fault.retry_after_s is None else {"Retry-After": str(fault.retry_after_s)}
            answer = JSONResponse({"error": {"message": "planned"}}, fault.status, retry)
            await answer(scope, receive, send)
        else:
            await self._routes(scope, _again(body, receive), send)


def planned(plan: Plan, routes: Sequence[BaseRoute]) -> ASGIApp:
    """
    The application of a fake: its routes, and GET /fake/calls, POST /fake/plan.

    The body of the POST is a fault or a list of faults, as JSON; an empty list ends all faults.
    """

    async def calls(_: Request) -> Response:
        return JSONResponse([asdict(call) for call in plan.calls])

    async def replan(request: Request) -> Response:
        try:
            posted = await request.json()
            plan.set(*_FAULTS.validate_python(posted if isinstance(posted, list) else [posted]))
        except (json.JSONDecodeError, ValidationError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return Response(status_code=204)

    own = [Route("/fake/calls", calls), Route("/fake/plan", replan, methods=["POST"])]
    return _Planned(Starlette(routes=[*own, *routes]), plan)


def is_bearer(request: Request, key: str) -> bool:
    """Return whether a request has the key as its bearer token."""
    return request.headers.get("Authorization") == f"Bearer {key}"


def _call(scope: Scope, body: bytes) -> Call:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    if "authorization" in headers:
        headers["authorization"] = "…"
    return Call(
        method=scope["method"],
        path=scope["path"],
        query=parse_qs(scope["query_string"].decode("latin-1")),
        headers=headers,
        body=body[: 4 * _RECORDED_CHARACTERS].decode(errors="replace")[:_RECORDED_CHARACTERS],
    )


def _again(body: bytes, receive: Receive) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return messages.pop() if messages else await receive()

    return receive_again


async def _drop(scope: Scope, receive: Receive) -> None:
    abort = scope.get("fake.abort")  # of tests/support/app_fakes/serving.py; in-process there is no connection
    if abort is None:
        raise httpx.ReadError("dropped as planned")
    abort()
    while (await receive())["type"] != "http.disconnect":
        pass
