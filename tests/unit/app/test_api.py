"""The API as others see it: its description, its errors, and junk on every route."""

import asyncio
import json
import os
import time
from collections.abc import Iterator

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from prometheus_client import REGISTRY
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from app.clients.chroma import Chroma
from app.clients.outbound import shared_client
from tests.support.app_fakes.plan import Fault
from tests.unit.app.conftest import World
from tests.unit.app.conftest import settings as environment
from tests.unit.app.description import FILE, description
from tests.unit.app.servers import serving

SERVED = World()
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "5"))  # of each route


def get(world: World, path: str) -> httpx.Response:
    async def scenario() -> httpx.Response:
        async with world.client() as client:
            return await client.get(path)

    return asyncio.run(scenario())


def test_the_committed_description_is_the_application_s() -> None:
    assert FILE.read_text(encoding="utf-8") == description(), (
        "docs/ai-server.openapi.json is stale. Fix: .venv/bin/python -m tests.unit.app.description"
    )


@pytest.mark.parametrize(("env", "status"), [("local", 200), ("dev", 200), ("prod", 404)])
def test_production_does_not_describe_itself(env: str, status: int) -> None:
    for path in ("/openapi.json", "/docs", "/redoc"):
        assert get(World({"app_env": env}), path).status_code == status


def test_malformed_json_is_422_in_fastapi_s_own_shape(world: World) -> None:
    async def scenario() -> httpx.Response:
        async with world.client() as client:
            return await client.post("/api/checklists/sync", json={"keywords": "not a list"})

    answer = asyncio.run(scenario())
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", "keywords"])


def test_a_bug_is_500_without_a_word_about_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.checklists.service.merged", lambda _: 1 / 0)

    async def scenario() -> httpx.Response:
        async with world.client() as client:
            return await client.post("/api/checklists/sync", json={"keywords": ["주차"]})

    answer = asyncio.run(scenario())
    assert (answer.status_code, answer.json()["detail"]["error"]["code"]) == (500, "failed")
    assert "division" not in answer.text


def test_metrics_tell_of_jobs_and_calls(world: World) -> None:
    async def scenario() -> str:
        async with world.client() as client:
            await client.post("/api/checklists/7", json={"keywords": ["주차"]})
            for _ in range(200):  # the callback follows the answer, on a busy machine by a second or more
                metrics = (await client.get("/metrics")).text
                if 'ai_callbacks_total{outcome="delivered"}' in metrics:
                    break
                await asyncio.sleep(0.05)
            return metrics

    text = asyncio.run(scenario())
    for line in (
        'ai_jobs_ended_total{outcome="done",product="checklist"}',
        'ai_callbacks_total{outcome="delivered"}',
        'ai_outbound_calls_total{destination="vllm",outcome="status_200"}',
        'ai_outbound_call_seconds_bucket{destination="backend"',
        'ai_circuit_open{destination="upstage"} 0.0',
        "ai_draining 0.0",
        'http_requests_total{handler="/api/checklists/{id}",method="POST",status="2xx"}',
    ):
        assert line in text


@pytest.mark.parametrize(("status", "is_up"), [(200, 1), (503, 0)])
def test_chromadb_is_watched(status: int, is_up: int) -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(status, json={"nanosecond heartbeat": 1})

    async def scenario() -> None:
        async with shared_client(httpx.MockTransport(answer)) as client:
            watch = asyncio.create_task(Chroma(client, "http://chromadb:8100/", environment()).watch())
            await asyncio.sleep(0.05)
            watch.cancel()

    asyncio.run(scenario())
    assert asked == ["http://chromadb:8100/api/v2/heartbeat"]
    assert REGISTRY.get_sample_value("ai_chromadb_up") == is_up


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """The application as a server, with fakes that behave."""
    with serving(SERVED.app()) as url:
        yield url


@pytest.fixture(scope="module")
def client(served: str) -> Iterator[httpx.Client]:
    """One for many requests: each new one reads all certificates of this machine."""
    with httpx.Client(base_url=served, timeout=60, trust_env=False) as client:
        yield client


def test_a_contract_whose_caller_has_gone_is_given_up(served: str) -> None:
    """Else it takes the one place in two seconds at Upstage from those who wait."""
    picture = b"\x89PNG\r\n\x1a\n"
    files = [("files", ("a.png", picture)), ("files", ("b.png", picture))]
    data = {"doc_types": ["contract", "contract"]}
    SERVED.upstage.plan.set(Fault(latency_s=5))
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{served}/api/easycontract/sync", files=files, data=data, timeout=0.3)
    deadline = time.monotonic() + 3
    while REGISTRY.get_sample_value("ai_jobs", {"product": "easycontract", "state": "working"}):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    SERVED.upstage.plan.set()


schema = schemathesis.openapi.from_path(FILE)


@schema.parametrize()
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
def test_junk_on_every_route_is_never_an_internal_error(case: schemathesis.Case, served: str) -> None:
    checks = [not_a_server_error, response_schema_conformance, content_type_conformance]
    case.call_and_validate(base_url=served, checks=checks)


@pytest.mark.parametrize(
    "body", [b'{"keywords": ["\\ud800"]}', b"\xff", b"{", b"[" * 100_000, b"null", b'{"keywords": [1e999]}', b"NaN"]
)
def test_bytes_that_are_no_good_json_are_refused(client: httpx.Client, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    for path in ("/api/checklists/sync", "/api/checklists/7", "/api/easycontract/7"):
        assert client.post(path, content=body, headers=headers).status_code in (400, 422)


def test_a_body_that_can_t_be_parsed_is_refused_in_our_shape(client: httpx.Client) -> None:
    answer = client.post("/api/easycontract/7", content=b"\xff", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["detail"]["error"]["code"]) == (400, "INVALID_INPUT")


def test_what_is_no_multipart_is_refused(client: httpx.Client) -> None:
    for content_type in ("multipart/form-data", "multipart/form-data; boundary=x", "text/plain"):
        answer = client.post(
            "/api/easycontract/sync", content=b"--x\r\nnonsense", headers={"Content-Type": content_type}
        )
        assert answer.status_code in (400, 422)


def test_what_cannot_be_parsed_has_the_envelope_of_every_400(client: httpx.Client) -> None:
    headers = {"Content-Type": "multipart/form-data"}
    answer = client.post("/api/easycontract/sync", content=b"no boundary", headers=headers)
    assert (answer.status_code, answer.json()["detail"]["error"]["code"]) == (400, "INVALID_INPUT")


@pytest.mark.parametrize("name", ["\\ud800.exe", "\\ud800.pdf"])
def test_half_a_character_in_a_file_s_name_is_no_internal_error(client: httpx.Client, name: str) -> None:
    part = f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n%PDF-\r\n'
    body = part + '--x\r\nContent-Disposition: form-data; name="doc_types"\r\n\r\ncontract\r\n--x--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x; charset=unicode_escape"}
    answer = client.post("/api/easycontract/sync", content=body, headers=headers)
    assert (answer.status_code, "?." in answer.text) == (400, True)


def test_the_description_names_every_error_that_is_answered() -> None:
    paths = json.loads(FILE.read_text(encoding="utf-8"))["paths"]
    assert {"200", "400", "413", "422", "502", "503"} <= set(paths["/api/easycontract/{id}"]["post"]["responses"])
