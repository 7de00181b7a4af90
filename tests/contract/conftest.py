"""
Each test runs twice, in-process and over HTTP, and with the mark `regional` a third time, with a regional group. It
moves the clock by hand, so that a busy computer misses no state. The mark `environment` can give the test over HTTP a
clock that runs.
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
from emulator.emulator import Emulator
from emulator.environment.clock import Clock
from emulator.environment.environment import Environment
from emulator.environment.options import Options
from emulator.environment.store import Store
from emulator.inprocess import Transport
from emulator.seed import Seed, plant
from emulator.server.configuration import configuration
from tests.contract import marks
from tests.contract.rig import PROJECT, REGION, EmulatorClient

_START_S: Final = 1_795_435_200.0  # 2026-11-23T12:00:00Z
_POLL_S: Final = 0.5  # virtual, that a request of google-cloud-compute takes on a clock moved by hand
_ZONES: Final = [f"{REGION}-{letter}" for letter in "abc"]


class Adapter(BaseAdapter):
    """
    Sends the requests of google-cloud-compute to an emulator in this process; each request moves its clock.

    Args:
        emulator: emulator that answers
    """

    def __init__(self, emulator: Emulator) -> None:
        super().__init__()
        self._emulator = emulator

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Answer one request."""
        self._emulator.environment.clock.move(_POLL_S)
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        headers = {key.lower(): str(value) for key, value in request.headers.items()}
        answer = self._emulator.handle(Request(str(request.method), request.path_url, headers, body))
        if answer.is_cut or answer.hangs:
            raise requests.ConnectionError(request=request)
        response = requests.Response()
        response.status_code, response.request, response.url = answer.status, request, str(request.url)
        response.headers.update(answer.headers)
        response._content = answer.body
        return response

    def close(self) -> None:
        """Do nothing: no connection is open."""


class Moving(HTTPAdapter):
    """
    Sends the requests of google-cloud-compute over HTTP; each request moves the emulator's clock.

    Args:
        url: URL of the emulator
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


def _in_process(emulator: Emulator) -> Iterator[EmulatorClient]:
    with httpx.Client(transport=Transport(emulator), base_url="http://emulator") as http:
        yield EmulatorClient(http, None, partial(_google, endpoint="http://emulator", adapter=Adapter(emulator)))


_serving: list[threading.Thread] = []


def pytest_sessionfinish() -> None:
    """Wait until all servers have ended: a thread that runs while Python ends may crash the process."""
    for thread in _serving:
        thread.join(20)


def _over_http(emulator: Emulator) -> Iterator[EmulatorClient]:
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    server = uvicorn.Server(configuration(emulator))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    _serving.append(thread)
    try:
        with httpx.Client(base_url=url, timeout=20, trust_env=False) as http:
            adapter = Moving(url) if emulator.environment.clock.is_manual else None
            yield EmulatorClient(
                http, emulator.environment.clock.speed, partial(_google, endpoint=url, adapter=adapter), url
            )
    finally:
        server.should_exit = True  # the thread closes its socket, whose descriptor no later server may have before


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test once for each way to reach an emulator."""
    if "emulator" not in metafunc.fixturenames:
        return
    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    is_regional = "regional" in marks and "zonal_only" not in marks
    metafunc.parametrize("emulator", ["in-process", "http", *["regional"] * is_regional], indirect=True)


@pytest.fixture
def emulator(request: pytest.FixtureRequest) -> Iterator[EmulatorClient]:
    """Return an emulator with a project and a region of three zones; the mark `environment` changes its setup."""
    mark = request.node.get_closest_marker("environment")
    setup = dict(mark.kwargs) if mark else {}
    is_in_process = request.param != "http"
    is_open, speed, quotas = not setup.pop("login", False), setup.pop("speed", None), setup.pop("quotas", {})
    zones, services = setup.pop("zones", _ZONES), ("service_accounts", "secrets", "repositories")
    planted = {name: setup.pop(name) for name in ("resources", *services) if name in setup}
    clock = Clock(_START_S, None if is_in_process else speed)
    emulator = Emulator(Environment(Store(), clock, Options(**setup)), is_open=is_open)
    seed = {"project": PROJECT, "region": REGION, "zones": zones, "quotas": quotas, **planted}
    plant(emulator, Seed.model_validate(seed | {"images": {"base-1": "base", "base-2": "base"}}))
    for client in (_in_process if is_in_process else _over_http)(emulator):
        client.is_regional = request.param == "regional"
        yield client


@pytest.fixture(autouse=True)
def _covered(request: pytest.FixtureRequest) -> Iterator[None]:
    """Check that a test calls every method that its mark names."""
    mark = request.node.get_closest_marker("covers")
    if mark is None:
        yield
        return
    emulator: EmulatorClient = request.getfixturevalue("emulator")
    yield
    called = {entry["method"] for entry in emulator.request_log("request")}
    expected = {emulator.method(name) for name in mark.args}
    assert expected <= called, f"never called: {sorted(expected - called)}"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marks."""
    for name, text in marks.NAMES.items():
        config.addinivalue_line("markers", f"{name}: {text}")
