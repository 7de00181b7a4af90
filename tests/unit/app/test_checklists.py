"""Checklists: requests to the model, checks from its answer, and callbacks."""

import asyncio
import json

import httpx
import pytest

from app.checklists.fixed import COMMON
from app.checklists.service import checks_of, merged
from app.clients.backend import Backend
from app.clients.llm import Llm
from app.clients.outbound import OutboundPolicy, shared_client
from app.errors import OutboundError
from app.jobs import Done
from app.metrics import CALLBACKS
from tests.support.app_fakes.plan import Fault
from tests.support.app_fakes.routing import Routing
from tests.unit.app.app_environment import AppEnvironment, fake_settings
from tests.unit.app.bodies import Body

ERROR = {"code": "failed", "message": "외부 서비스(vllm)가 응답하지 않습니다.", "retry_after_sec": 10}


def model_requests(environment: AppEnvironment) -> list[dict[str, object]]:
    """Return the bodies of the requests to the model."""
    return [json.loads(call.body) for call in environment.vllm.plan.calls]


@pytest.mark.parametrize("keywords", [None, [], ["", "  "]])
def test_request_without_keywords_gets_the_common_checks(
    environment: AppEnvironment, keywords: list[str] | None
) -> None:
    """Without keywords the model is not called."""

    async def scenario() -> httpx.Response:
        async with environment.client() as client:
            return await client.post("/api/checklists/sync", json={"keywords": keywords})

    answer = asyncio.run(scenario())
    assert answer.json() == {"checklists": list(COMMON)}
    assert len(COMMON) == 20
    assert not environment.vllm.plan.calls


def test_checks_of_the_model_follow_the_common_ones(environment: AppEnvironment) -> None:
    """The model gets each keyword once, with the adapter for checklists."""

    async def scenario() -> httpx.Response:
        async with environment.client() as client:
            return await client.post("/api/checklists/sync", json={"keywords": [" 반려동물 ", "주차", "주차"]})

    assert asyncio.run(scenario()).json()["checklists"] == [*COMMON, "반려동물 확인", "주차 확인"]
    (body,) = model_requests(environment)
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("checklist", 0.2, 1024)


def test_base_model_answers_for_an_unserved_adapter() -> None:
    """After a 404 for the adapter the base model is called."""
    environment = AppEnvironment({"vllm_lora_adapter_checklist": "gone"})

    async def scenario() -> httpx.Response:
        async with environment.client() as client:
            return await client.post("/api/checklists/sync", json={"keywords": ["주차"]})

    assert "주차 확인" in asyncio.run(scenario()).json()["checklists"]
    assert [body["model"] for body in model_requests(environment)] == ["gone", "LGAI-EXAONE/EXAONE-3.5-2.4B-Instruct"]


def test_personal_data_in_keywords_do_not_reach_the_model(environment: AppEnvironment) -> None:
    """A phone number in a keyword becomes a label."""

    async def scenario() -> None:
        async with environment.client() as client:
            await client.post("/api/checklists/sync", json={"keywords": ["집주인 010-1234-5678"]})

    asyncio.run(scenario())
    assert "1234" not in environment.vllm.plan.calls[0].body
    assert "[전화번호]" in environment.vllm.plan.calls[0].body


def test_redaction_can_be_switched_off() -> None:
    """With PII_REDACTION off the keyword is sent unchanged."""
    environment = AppEnvironment({"pii_redaction": False})

    async def scenario() -> None:
        async with environment.client() as client:
            await client.post("/api/checklists/sync", json={"keywords": ["010-1234-5678"]})

    asyncio.run(scenario())
    assert "010-1234-5678" in environment.vllm.plan.calls[0].body


@pytest.mark.parametrize(
    ("answer", "checks"),
    [
        ('["가", "나", " 가 "]', ["가", "나"]),
        ('```json\n["가"]\n```', ["가"]),
        ('여기 있습니다: ["가"] 입니다.', ["가"]),
        ("[]", []),
        ("", []),
        ("없음", []),
        ("] [", []),
        ('["가", 1]', []),
        ('{"가": ["나"], "다": 1}', ["나"]),
        ("[" * 100_000 + "]" * 100_000, []),
    ],
)
def test_checks_are_extracted_from_the_answer(answer: str, checks: list[str]) -> None:
    """Only a list of texts in the answer gives checks."""
    assert checks_of(answer) == checks


def test_checklist_has_at_most_thirty_checks() -> None:
    """The common checks come first, without repetition."""
    checks = merged([COMMON[3], *(f"확인 {number}" for number in range(50))])
    assert checks == [*COMMON, *(f"확인 {number}" for number in range(10))]


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
    environment.backend.plan.set(Fault(status=503, times=2), Fault(drop=True, times=1))

    async def scenario() -> None:
        async with environment.client() as client:
            await client.post("/api/checklists/case-7", json={})

    asyncio.run(scenario())
    assert len(environment.backend.callbacks) == 1
    assert len({call.headers["idempotency-key"] for call in environment.backend.plan.calls}) == 1
    assert len(environment.backend.plan.calls) == 4


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


def test_cancelled_callback_is_counted(environment: AppEnvironment, caplog: pytest.LogCaptureFixture) -> None:
    """A cancelled delivery counts as failed."""
    environment.backend.plan.set(Fault(latency_s=60))
    before = CALLBACKS.labels("failed")._value.get()

    async def scenario() -> None:
        async with shared_client(Routing({"backend.internal": environment.backend.app})) as client:
            delivering = asyncio.create_task(
                Backend(client, fake_settings(), OutboundPolicy()).checklist_complete("case-7", Done([]))
            )
            await asyncio.sleep(0.05)
            delivering.cancel()
            await asyncio.wait({delivering})

    asyncio.run(scenario())
    assert CALLBACKS.labels("failed")._value.get() == before + 1
    assert [record.case_id for record in caplog.records if hasattr(record, "case_id")] == ["case-7"]


def test_failure_of_the_model_has_a_retry_hint(environment: AppEnvironment) -> None:
    """Callback and response say when a retry may succeed."""
    environment.vllm.plan.set(Fault(status=503))

    async def scenario() -> httpx.Response:
        async with environment.client() as client:
            await client.post("/api/checklists/case-7", json={"keywords": ["주차"]})
            return await client.post("/api/checklists/sync", json={"keywords": ["주차"]})

    answer = asyncio.run(scenario())
    assert [callback.body for callback in environment.backend.callbacks] == [{"error": ERROR}]
    assert answer.status_code in (502, 503)
    assert answer.headers["retry-after"]


def test_invalid_answer_of_the_model_is_502(environment: AppEnvironment) -> None:
    """A 400 of the model is a failure without a retry."""
    environment.vllm.plan.set(Fault(status=400))

    async def scenario() -> httpx.Response:
        async with environment.client() as client:
            return await client.post("/api/checklists/sync", json={"keywords": ["주차"]})

    answer = asyncio.run(scenario())
    message = "언어 모델의 응답을 해석할 수 없습니다."
    assert (answer.status_code, answer.json()) == (502, {"detail": {"error": {"code": "failed", "message": message}}})


@pytest.mark.parametrize("case_id", ["..", "a b", "a%00", "%2e%2e", "-a", "x" * 129, "가"])
def test_id_that_changes_the_url_is_refused(environment: AppEnvironment, case_id: str) -> None:
    """An id that is unsafe in a path is refused before the job starts."""

    async def scenario() -> httpx.Response:
        async with environment.client() as client:
            return await client.post(f"/api/checklists/{case_id}", json={})

    assert asyncio.run(scenario()).status_code in (404, 405, 422)
    assert not environment.backend.plan.calls


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"choices": ' + b"1" * 5000 + b"}", b"\xff", b"{}", b"null"],
    ids=["deep", "long number", "no UTF-8", "no choices", "nothing"],
)
def test_invalid_body_of_the_model_is_an_outbound_error(body: bytes) -> None:
    """An invalid body raises OutboundError."""

    async def scenario() -> None:
        async with shared_client(httpx.MockTransport(lambda _: httpx.Response(200, stream=Body(body)))) as client:
            await Llm(client, fake_settings(), OutboundPolicy()).chat("", "", adapter="", max_tokens=1)

    with pytest.raises(OutboundError):
        asyncio.run(scenario())
