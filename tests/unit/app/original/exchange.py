"""Exchanges with a server that runs in this process, between its backend and fakes of the services that it calls."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

import httpx

from tests.support.app_fakes.backend import Backend
from tests.support.app_fakes.plan import Fault
from tests.support.app_fakes.routing import Routing
from tests.support.app_fakes.storage import Storage
from tests.support.app_fakes.upstage import Upstage
from tests.support.app_fakes.vllm import MODELS, Vllm
from tests.unit.app.original.fields import Fields, answer_fields, request_fields

HOSTS = {"vllm.internal": "vllm", "upstage.internal": "upstage", "backend.internal": "backend", "127.0.0.1": "storage"}
JSON = {"Content-Type": "application/json"}
TEXT = "<p>보증금 1,000만원</p>"


@dataclass(frozen=True)
class Exchange:
    """
    A request of the backend, and how the other services behave.

    Args:
        body: body of the request, as Spring writes it.
        files: files of the object store, by name: content, and value of Content-Encoding.
        faults: faults of the other services, by their name.
        html: HTML that Upstage reads on each page.
        model_answer: answer of the model; None for a list made of the keywords.
        models: models and adapters that vLLM serves.
        app_env: value of APP_ENV.
        has_token: whether this server gets the token of a caller, which the original did not know.
    """

    name: str
    path: str
    body: bytes = b""
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)
    files: Mapping[str, tuple[bytes, str]] = field(default_factory=dict)
    faults: Mapping[str, Fault] = field(default_factory=dict)
    html: str = TEXT
    model_answer: str | None = None
    models: Sequence[str] = MODELS
    app_env: str = "local"
    has_token: bool = True


class Recorder(httpx.AsyncBaseTransport):
    """A transport to the fakes, which records each request with the name of its service."""

    def __init__(self, exchange: Exchange) -> None:
        self.requests: list[tuple[str, httpx.Request]] = []
        vllm, upstage, storage = Vllm(models=exchange.models), Upstage(), Storage()
        vllm.answer, upstage.html = exchange.model_answer, exchange.html
        for name, (content, encoding) in exchange.files.items():
            storage.files[name] = ("application/octet-stream", content)
            storage.encodings[name] = encoding
        fakes: dict[str, Vllm | Upstage | Backend | Storage] = {
            "vllm": vllm,
            "upstage": upstage,
            "backend": Backend(),
            "storage": storage,
        }
        for name, fault in exchange.faults.items():
            fakes[name].plan.set(fault)
        self._routing = Routing({host: fakes[name].app for host, name in HOSTS.items()})

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        answer = await self._routing.handle_async_request(request)
        self.requests.append((HOSTS[request.headers["Host"].partition(":")[0]], request))
        return answer


Serve = Callable[[Exchange, Recorder], AbstractAsyncContextManager[httpx.AsyncClient]]


async def exchanged(exchange: Exchange, serve: Serve, fixed: Sequence[str]) -> Fields:
    """
    Return the fields of the answer and of all requests to other services.

    Args:
        exchange: the request, and the behaviour of the other services.
        serve: function that runs a server with a transport, and yields its client.
        fixed: sentences of the server's fixed checklist.
    """
    recorder = Recorder(exchange)
    async with serve(exchange, recorder) as client:
        answer = await client.request(exchange.method, exchange.path, content=exchange.body, headers=exchange.headers)
    fields = {f"answer {name}": value for name, value in answer_fields(answer, fixed).items()}
    for service in HOSTS.values():
        requests = [request_fields(request, fixed) for called, request in recorder.requests if called == service]
        if requests:
            fields[f"{service} requests"] = str(len(requests))
        for number, request in enumerate(requests, 1):
            for name, value in request.items():
                is_common = number == 1 or value == requests[0].get(name)
                fields[f"{service} {name}" if is_common else f"{service} {number} {name}"] = value
    return fields
