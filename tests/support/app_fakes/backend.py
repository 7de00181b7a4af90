"""The product's backend, as far as the AI server calls it back; the fake records every callback."""

import time
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.app_fakes.plan import Plan, is_bearer, planned
from tests.support.app_fakes.serving import arguments, serve

TOKEN = "fake-backend-token"


class _Done(BaseModel):
    model_config = ConfigDict(extra="forbid")

    checklists: list[str]


class _Error(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: str
    message: str
    retry_after_sec: int | None = None


class _Failed(BaseModel):
    model_config = ConfigDict(extra="forbid")

    error: _Error


_BODY: TypeAdapter[_Done | _Failed] = TypeAdapter(_Done | _Failed)


@dataclass(frozen=True)
class Callback:
    """
    A recorded callback.

    Args:
        key: value of the header Idempotency-Key; equal keys are recorded each time.
        at: time of the callback, in seconds since the epoch.
    """

    id: str
    key: str
    body: dict[str, Any]
    at: float


class Backend:
    """
    The fake, below `/api`.

    Args:
        token: bearer token that a call needs; with an empty token every call is accepted.
    """

    def __init__(self, *, token: str = TOKEN) -> None:
        self.plan = Plan()
        self.callbacks: list[Callback] = []
        self._token = token
        routes = [
            Route("/fake/callbacks", self._list),
            Route("/api/internal/callbacks/checklists/{id}/complete", self._complete, methods=["POST"]),
        ]
        self.app = planned(self.plan, routes)

    async def _list(self, _: Request) -> Response:
        return JSONResponse([asdict(callback) for callback in self.callbacks])

    async def _complete(self, request: Request) -> Response:
        if self._token and not is_bearer(request, self._token):
            return Response(status_code=401)
        try:
            body = _BODY.validate_json(await request.body())
        except ValidationError:
            return Response(status_code=400)
        key = request.headers.get("Idempotency-Key", "")
        content = body.model_dump(exclude_unset=True)
        self.callbacks.append(Callback(request.path_params["id"], key, content, time.time()))
        return Response()


def main() -> None:
    """Serve the fake."""
    parser = arguments("A backend that keeps the callbacks it gets.", port=8003)
    parser.add_argument("--token", default=TOKEN)
    given = parser.parse_args()
    serve(Backend(token=given.token).app, given.port)


if __name__ == "__main__":
    main()
