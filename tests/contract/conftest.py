"""
Each test runs twice, in-process and over HTTP, on a clock that it moves by hand: what passes by can't be missed on a
busy machine. The mark `world` gives the one over HTTP a clock that runs.
"""

import socket
import threading
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

import httpx
import pytest
import requests
import uvicorn
from google.auth.credentials import AnonymousCredentials
from requests.adapters import BaseAdapter, HTTPAdapter

from emulator.api.messages import Request
from emulator.emulator import Api
from emulator.environment.clock import Clock
from emulator.environment.environment import Options, World
from emulator.environment.store import Store
from emulator.inprocess import Transport
from emulator.seed import Seed, plant
from emulator.server.application import configuration
from tests.contract import marks
from tests.contract.rig import PROJECT, REGION, Emulator

_START_S: Final = 1_795_435_200.0  # 2026-11-23T12:00:00Z
_POLL_S: Final = 0.5  # virtual, that a request of google-cloud-compute takes on a clock moved by hand
_ZONES: Final = [f"{REGION}-{letter}" for letter in "abc"]


class Adapter(BaseAdapter):
    """
    Takes the requests of google-cloud-compute straight to an emulator; each moves its clock on, as waiting would.

    Args:
        api: The emulator.
    """

    def __init__(self, api: Api) -> None:
        super().__init__()
        self._api = api

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Answer one request."""
        self._api.world.clock.move(_POLL_S)
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        headers = {key.lower(): str(value) for key, value in request.headers.items()}
        answer = self._api.handle(Request(str(request.method), request.path_url, headers, body))
        if answer.is_cut or answer.hangs:
            raise requests.ConnectionError(request=request)
        response = requests.Response()
        response.status_code, response.request, response.url = answer.status, request, str(request.url)
        response.headers.update(answer.headers)
        response._content = answer.body
        return response

    def close(self) -> None:
        """Nothing is open."""


class Moving(HTTPAdapter):
    """
    Sends the requests of google-cloud-compute over HTTP; each moves the emulator's clock on, as waiting would.

    Args:
        url: Where the emulator listens.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: requests.PreparedRequest, *more: Any, **named: Any) -> requests.Response:
        """Send one request."""
        moved = httpx.post(f"{self._url}/emulator/clock", json={"advance_s": _POLL_S}, trust_env=False)
        assert moved.status_code == 200, moved.text
        return super().send(request, *more, **named)


def _google(kind: type, *, endpoint: str, adapter: BaseAdapter | None = None) -> Any:
    client = kind(credentials=AnonymousCredentials(), client_options={"api_endpoint": endpoint})
    if adapter is not None:
        client.transport._session.mount("http://", adapter)
    return client


def _in_process(api: Api) -> Iterator[Emulator]:
    with httpx.Client(transport=Transport(api), base_url="http://emulator") as http:
        yield Emulator(http, None, partial(_google, endpoint="http://emulator", adapter=Adapter(api)))


def _over_http(api: Api) -> Iterator[Emulator]:
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = uvicorn.Server(configuration(api))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        with httpx.Client(base_url=url, timeout=20, trust_env=False) as http:
            adapter = Moving(url) if api.world.clock.is_manual else None
            yield Emulator(http, api.world.clock.speed, partial(_google, endpoint=url, adapter=adapter), url)
    finally:
        server.should_exit = True
        listening.close()


@pytest.fixture(params=["in-process", "http"])
def emulator(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    """An emulator with a project, a region of three zones and nothing else; the mark `world` sets it up otherwise."""
    mark = request.node.get_closest_marker("world")
    how = dict(mark.kwargs) if mark else {}
    is_in_process = request.param == "in-process"
    is_open, speed, quotas = not how.pop("login", False), how.pop("speed", None), how.pop("quotas", {})
    resources = how.pop("resources", {})
    clock = Clock(_START_S, None if is_in_process else speed)
    api = Api(World(Store(), clock, Options(**how)), is_open=is_open)
    seed = {"project": PROJECT, "region": REGION, "zones": _ZONES, "quotas": quotas, "resources": resources}
    plant(api, Seed.model_validate(seed | {"images": {"base-1": "base", "base-2": "base"}}))
    yield from (_in_process if is_in_process else _over_http)(api)


@pytest.fixture(autouse=True)
def _covered(request: pytest.FixtureRequest) -> Iterator[None]:
    """Hold a test to its mark: it calls every method that it says it covers."""
    mark = request.node.get_closest_marker("covers")
    if mark is None:
        yield
        return
    emulator: Emulator = request.getfixturevalue("emulator")
    yield
    called = {entry["method"] for entry in emulator.ledger("request")}
    assert set(mark.args) <= called, f"never called: {sorted(set(mark.args) - called)}"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marks known."""
    for name, text in marks.NAMES.items():
        config.addinivalue_line("markers", f"{name}: {text}")
