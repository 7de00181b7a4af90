"""What every fake has besides its routes: a plan of faults, and a record of what it was asked."""

import asyncio
import json
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
    One way of not doing what was asked; the parts can be combined.

    Args:
        status: Answered instead; 0 for the fake's own answer.
        drop: Whether the connection is closed without an answer.
        times: For how many requests; without it, for all of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: int = 0
    retry_after_s: int | None = None
    latency_s: float = Field(default=0, ge=0)
    drop: bool = False
    times: int | None = Field(default=None, gt=0)


_FAULTS: TypeAdapter[list[Fault]] = TypeAdapter(list[Fault])


@dataclass(frozen=True)
class Call:
    """A request that came; its body shortened, as text, and its headers without what Authorization said."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: str


class Plan:
    """The faults to come, in order, and the calls so far."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._faults: list[Fault] = []

    def set(self, *faults: Fault) -> None:
        """Replace what is planned; with nothing, the fake behaves."""
        self._faults = list(faults)

    def next(self) -> Fault:
        """The fault for one request, which uses it up once."""
        if not self._faults:
            return Fault()
        fault = self._faults[0]
        if fault.times == 1:
            del self._faults[0]
        elif fault.times is not None:
            self._faults[0] = fault.model_copy(update={"times": fault.times - 1})
        return fault


class _Planned:
    """An application that records, and fails as planned, before its routes get the request."""

    def __init__(self, routes: ASGIApp, plan: Plan) -> None:
        self._routes = routes
        self._plan = plan

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_APART):
            await self._routes(scope, receive, send)
            return
        body = await Request(scope, receive).body()
        self._plan.calls.append(_call(scope, body))
        fault = self._plan.next()
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

    What is posted is one fault or a list of them, as JSON; an empty list ends all.
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
    """Whether a request shows the key."""
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
