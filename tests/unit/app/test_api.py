"""The API from outside: its errors, and invalid requests."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from app.clients.chroma import Chroma
from app.clients.outbound import OutboundPolicy
from app.connections import limited_protocol
from tests.support.app_fakes.plan import Fault
from tests.support.virtual_loop import VirtualLoop
from tests.unit.app.app_environment import AppEnvironment, fake_settings
from tests.unit.app.bodies import Body
from tests.unit.app.rendering import until
from tests.unit.app.servers import serving
from tests.unit.app.service_clients import service_client

SERVED = AppEnvironment()


def test_bug_is_500_without_details(environment: AppEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected error has the code failed, and no text of the error."""
    monkeypatch.setattr("app.checklists.service.merged", lambda _: 1 / 0)

    async def scenario() -> httpx.Response:
        async with environment.client() as client:
            return await client.post("/api/checklists/sync", json={"keywords": ["주차"]})

    answer = asyncio.run(scenario())
    assert (answer.status_code, answer.json()["detail"]["error"]["code"]) == (500, "failed")
    assert "division" not in answer.text


def test_metrics_count_jobs_and_calls(environment: AppEnvironment) -> None:
    """/metrics has the metrics of jobs, callbacks, calls and requests."""

    async def scenario() -> str:
        async with environment.client() as client:
            await client.post("/api/checklists/7", json={"keywords": ["주차"]})
            for _ in range(200):  # the callback follows the answer, on a busy computer after a second or more
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
def test_heartbeat_of_chromadb_becomes_a_metric(status: int, is_up: int) -> None:
    """The metric is 1 after an answer, 0 after an error."""
    urls = []

    def answer(request: httpx.Request) -> httpx.Response:
        urls.append(str(request.url))
        return httpx.Response(status, stream=Body(b'{"nanosecond heartbeat": 1}'))

    async def scenario() -> None:
        async with service_client(httpx.MockTransport(answer)) as client:
            watch = asyncio.create_task(
                Chroma(client, "http://chromadb:8100/", fake_settings(), OutboundPolicy()).watch()
            )
            await asyncio.sleep(0.05)
            watch.cancel()

    VirtualLoop().run(scenario())
    assert urls == ["http://chromadb:8100/api/v2/heartbeat"]
    assert REGISTRY.get_sample_value("ai_chromadb_up") == is_up


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """The application as a server, with fakes without faults."""
    with serving(SERVED.app(), http=limited_protocol(SERVED.policies.connections)) as url:
        yield url


@pytest.fixture(scope="module")
def client(served: str) -> Iterator[httpx.Client]:
    """A client for many requests, because each new client reads all certificates of this computer."""
    with httpx.Client(base_url=served, timeout=60, trust_env=False) as client:
        yield client


PICTURE = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("product", "path", "request_body"),
    [
        (
            "easycontract",
            "/api/easycontract/sync",
            {
                "files": [("files", ("a.png", PICTURE)), ("files", ("b.png", PICTURE))],
                "data": {"doc_types": ["contract"] * 2},
            },
        ),
        ("checklist", "/api/checklists/sync", {"json": {"keywords": ["주차"]}}),
    ],
)
def test_job_of_a_disconnected_caller_is_cancelled(
    served: str, product: str, path: str, request_body: dict[str, Any]
) -> None:
    """Otherwise the job would use the calls of other services that waiting callers need."""

    def abandoned() -> float:
        return REGISTRY.get_sample_value("ai_jobs_ended_total", {"product": product, "outcome": "abandoned"}) or 0

    plans = (SERVED.upstage.plan, SERVED.vllm.plan)

    def calls() -> int:
        return sum(len(plan.calls) for plan in plans)

    async def leave() -> None:
        async with httpx.AsyncClient(base_url=served, timeout=60, trust_env=False) as client:
            calls_before, posting = calls(), asyncio.create_task(client.post(path, **request_body))
            await until(lambda: calls() > calls_before)
            posting.cancel()
            await asyncio.wait({posting})
            assert posting.cancelled()

    abandoned_before = abandoned()
    for plan in plans:
        plan.set(Fault(latency_s=60))
    asyncio.run(leave())
    asyncio.run(until(lambda: abandoned() > abandoned_before))
    for plan in plans:
        plan.set()


@pytest.mark.parametrize(
    "body", [b'{"keywords": ["\\ud800"]}', b"\xff", b"{", b"[" * 100_000, b"null", b'{"keywords": [1e999]}', b"NaN"]
)
def test_invalid_json_is_refused(client: httpx.Client, body: bytes) -> None:
    """Bytes that are not JSON get a client error."""
    headers = {"Content-Type": "application/json"}
    for path in ("/api/checklists/sync", "/api/checklists/7", "/api/easycontract/7"):
        assert client.post(path, content=body, headers=headers).status_code in (400, 422)


def test_unparsable_body_has_the_envelope_of_errors(client: httpx.Client) -> None:
    """A body that FastAPI cannot parse has the code INVALID_INPUT."""
    answer = client.post("/api/easycontract/7", content=b"\xff", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["detail"]["error"]["code"]) == (400, "INVALID_INPUT")


def test_invalid_multipart_is_refused(client: httpx.Client) -> None:
    """A body that is not multipart gets a client error."""
    for content_type in ("multipart/form-data", "multipart/form-data; boundary=x", "text/plain"):
        answer = client.post(
            "/api/easycontract/sync", content=b"--x\r\nnonsense", headers={"Content-Type": content_type}
        )
        assert answer.status_code in (400, 422)


def test_parse_error_has_the_envelope_of_errors(client: httpx.Client) -> None:
    """A parse error has the same envelope as other errors."""
    headers = {"Content-Type": "multipart/form-data"}
    answer = client.post("/api/easycontract/sync", content=b"no boundary", headers=headers)
    assert (answer.status_code, answer.json()["detail"]["error"]["code"]) == (400, "INVALID_INPUT")


@pytest.mark.parametrize("name", ["\\ud800.exe", "\\ud800.pdf"])
def test_lone_surrogate_in_a_file_name_is_no_internal_error(client: httpx.Client, name: str) -> None:
    """A name with a lone surrogate is replaced."""
    part = f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n%PDF-\r\n'
    body = part + '--x\r\nContent-Disposition: form-data; name="doc_types"\r\n\r\ncontract\r\n--x--\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x; charset=unicode_escape"}
    answer = client.post("/api/easycontract/sync", content=body, headers=headers)
    assert (answer.status_code, "?." in answer.text) == (400, True)
