"""Callbacks of checklists: their path, their attempts, and what is counted and logged."""

import asyncio
from urllib.parse import quote

import httpx
import pytest

from app.checklists.fixed import COMMON
from app.clients.backend import Backend
from app.clients.outbound import OutboundPolicy
from app.clients.transport import ServiceClient
from app.jobs import Done
from app.metrics import CALLBACKS
from tests.support.app_fakes.plan import Fault
from tests.support.app_fakes.routing import Routing
from tests.support.virtual_loop import VirtualLoop
from tests.unit.app.app_environment import AppEnvironment, fake_settings
from tests.unit.app.service_clients import service_client

ERROR = {"code": "failed", "message": "외부 서비스(vllm)가 응답하지 않습니다.", "retry_after_sec": 10}


def test_accepted_checklist_has_one_callback(environment: AppEnvironment) -> None:
    """The backend gets one callback with the checklist and a key."""

    async def scenario() -> httpx.Response:
        async with environment.client() as client:
            return await client.post("/api/checklists/case-7", json={"keywords": ["주차"]})

    answer = asyncio.run(scenario())
    assert (answer.status_code, answer.json()["id"]) == (200, "case-7")
    (callback,) = environment.backend.callbacks
    assert (callback.id, callback.body) == ("case-7", {"checklists": [*COMMON, "주차 확인"]})
    assert len(callback.key) == 32


def test_callback_is_repeated_with_the_same_key(environment: AppEnvironment) -> None:
    """Failed attempts are repeated until the backend answers."""
    environment.backend.plan.set(Fault(status=503, times=1), Fault(drop=True, times=1))

    async def scenario() -> None:
        async with environment.client() as client:
            await client.post("/api/checklists/case-7", json={})

    asyncio.run(scenario())
    assert len(environment.backend.callbacks) == 1
    assert len({call.headers["idempotency-key"] for call in environment.backend.plan.calls}) == 1
    assert len(environment.backend.plan.calls) == 3


def test_lone_surrogate_does_not_stop_a_callback(environment: AppEnvironment) -> None:
    """A lone surrogate in the answer of the model is replaced."""
    environment.vllm.answer = '["가\\ud800"]'

    async def scenario() -> None:
        async with environment.client() as client:
            await client.post("/api/checklists/case-7", json={"keywords": ["주차"]})

    asyncio.run(scenario())
    assert environment.backend.callbacks[0].body["checklists"][-1].startswith("가")


@pytest.mark.parametrize("fault", [Fault(status=503), Fault(status=401), Fault(drop=True)])
def test_undelivered_callback_is_counted_and_logged(
    environment: AppEnvironment, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    """The metric and the log record a callback that failed in every attempt."""
    environment.backend.plan.set(fault)
    before = CALLBACKS.labels("failed")._value.get()

    async def scenario() -> None:
        async with environment.client() as client:
            await client.post("/api/checklists/case-7", json={})

    asyncio.run(scenario())
    assert CALLBACKS.labels("failed")._value.get() == before + 1
    assert [record.case_id for record in caplog.records if record.levelname == "ERROR" and hasattr(record, "case_id")]
    assert len(environment.backend.plan.calls) == (1 if fault.status == 401 else 3)


def test_attempt_of_a_callback_has_thirty_seconds() -> None:
    """A shorter HTTP_TIMEOUT_SEC shortens the attempt."""
    for settings, seconds in (({}, 30), ({"http_timeout_sec": 5}, 5)):
        backend = Backend(ServiceClient(), fake_settings(**settings), OutboundPolicy())
        assert backend._outbound._to.answer_s == seconds


def test_cancelled_callback_is_counted(environment: AppEnvironment, caplog: pytest.LogCaptureFixture) -> None:
    """A cancelled delivery counts as failed."""
    environment.backend.plan.set(Fault(latency_s=60))
    before = CALLBACKS.labels("failed")._value.get()

    async def scenario() -> None:
        async with service_client(Routing({"backend.internal": environment.backend.app})) as client:
            delivering = asyncio.create_task(
                Backend(client, fake_settings(), OutboundPolicy()).checklist_complete("case-7", Done([]))
            )
            await asyncio.sleep(0.05)
            delivering.cancel()
            await asyncio.wait({delivering})

    VirtualLoop().run(scenario())
    assert CALLBACKS.labels("failed")._value.get() == before + 1
    assert [record.case_id for record in caplog.records if hasattr(record, "case_id")] == ["case-7"]


@pytest.mark.parametrize("case_id", ["a b", "a\0b", "-a", "...", ".a", "x" * 128, "가" * 128, "a?b#c%d;e\\f", "%2e%2e"])
def test_id_of_any_characters_arrives_in_the_callback(environment: AppEnvironment, case_id: str) -> None:
    """The id of the callback's path is that of the request, and so is the answer's."""

    async def scenario() -> httpx.Response:
        async with environment.client() as client:
            return await client.post(f"/api/checklists/{quote(case_id, safe='')}", json={})

    assert asyncio.run(scenario()).json()["id"] == case_id
    assert [callback.id for callback in environment.backend.callbacks] == [case_id]


@pytest.mark.parametrize(
    ("case_id", "status"),
    [("..", 404), ("%2e%2e", 422), ("%2e", 422), ("a%2Fb", 404), ("%2F", 404), ("sync%2F", 404), ("x" * 129, 422)],
)
def test_id_that_no_encoding_protects_is_refused(environment: AppEnvironment, case_id: str, status: int) -> None:
    """An id that would change the path of the callback, or that has a slash, is refused before the job starts."""

    async def scenario() -> httpx.Response:
        async with environment.client() as client:
            return await client.post(f"/api/checklists/{case_id}", json={})

    assert asyncio.run(scenario()).status_code == status
    assert not environment.backend.plan.calls


@pytest.mark.parametrize("case_id", ["sync", "%73ync"])
def test_sync_is_no_id(environment: AppEnvironment, case_id: str) -> None:
    """The path of the other route answers with the checklist, and no callback follows."""

    async def scenario() -> httpx.Response:
        async with environment.client() as client:
            return await client.post(f"/api/checklists/{case_id}", json={})

    assert list(asyncio.run(scenario()).json()) == ["checklists"]
    assert not environment.backend.plan.calls
