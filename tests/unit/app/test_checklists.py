"""Checklists: requests to the model, checks from its answer, and callbacks."""

import asyncio
import json

import httpx
import pytest

from app.checklists.fixed import COMMON
from app.checklists.service import checks_of, merged
from app.clients.llm import Llm
from app.clients.outbound import OutboundPolicy
from app.errors import OutboundError
from tests.support.app_fakes.plan import Fault
from tests.unit.app.app_environment import AppEnvironment, fake_settings
from tests.unit.app.bodies import Body
from tests.unit.app.service_clients import service_client

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


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"choices": ' + b"1" * 5000 + b"}", b"\xff", b"{}", b"null"],
    ids=["deep", "long number", "no UTF-8", "no choices", "nothing"],
)
def test_invalid_body_of_the_model_is_an_outbound_error(body: bytes) -> None:
    """An invalid body raises OutboundError."""

    async def scenario() -> None:
        async with service_client(httpx.MockTransport(lambda _: httpx.Response(200, stream=Body(body)))) as client:
            await Llm(client, fake_settings(), OutboundPolicy()).chat("", "", adapter="", max_tokens=1)

    with pytest.raises(OutboundError):
        asyncio.run(scenario())
