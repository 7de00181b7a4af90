"""Checklists: what is asked of the model, what comes of its answer, and how the backend learns it."""

import asyncio
import json

import httpx
import pytest

from app.checklists.fixed import COMMON
from app.checklists.service import checks_of, merged
from app.clients.backend import Backend
from app.clients.llm import Llm
from app.clients.outbound import shared_client
from app.errors import OutboundError
from app.jobs import Done
from app.metrics import CALLBACKS
from tests.support.app_fakes.plan import Fault
from tests.support.app_fakes.routing import Routing
from tests.unit.app.conftest import World, settings

ERROR = {"code": "failed", "message": "외부 서비스(vllm)가 응답하지 않습니다.", "retry_after_sec": 10}


def asked(world: World) -> list[dict[str, object]]:
    return [json.loads(call.body) for call in world.vllm.plan.calls]


@pytest.mark.parametrize("keywords", [None, [], ["", "  "]])
def test_without_keywords_the_common_checks_come_and_nobody_is_asked(world: World, keywords: list[str] | None) -> None:
    async def scenario() -> httpx.Response:
        async with world.client() as client:
            return await client.post("/api/checklists/sync", json={"keywords": keywords})

    answer = asyncio.run(scenario())
    assert answer.json() == {"checklists": list(COMMON)}
    assert len(COMMON) == 20
    assert not world.vllm.plan.calls


def test_keywords_add_the_model_s_checks_after_the_common_ones(world: World) -> None:
    async def scenario() -> httpx.Response:
        async with world.client() as client:
            return await client.post("/api/checklists/sync", json={"keywords": [" 반려동물 ", "주차", "주차"]})

    assert asyncio.run(scenario()).json()["checklists"] == [*COMMON, "반려동물 확인", "주차 확인"]
    (body,) = asked(world)
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("checklist", 0.2, 1024)


def test_an_adapter_that_is_not_served_leaves_the_model_itself() -> None:
    world = World({"vllm_lora_adapter_checklist": "gone"})

    async def scenario() -> httpx.Response:
        async with world.client() as client:
            return await client.post("/api/checklists/sync", json={"keywords": ["주차"]})

    assert "주차 확인" in asyncio.run(scenario()).json()["checklists"]
    assert [body["model"] for body in asked(world)] == ["gone", "LGAI-EXAONE/EXAONE-3.5-2.4B-Instruct"]


def test_personal_data_in_keywords_do_not_reach_the_model(world: World) -> None:
    async def scenario() -> None:
        async with world.client() as client:
            await client.post("/api/checklists/sync", json={"keywords": ["집주인 010-1234-5678"]})

    asyncio.run(scenario())
    assert "1234" not in world.vllm.plan.calls[0].body
    assert "[전화번호]" in world.vllm.plan.calls[0].body


def test_redaction_can_be_switched_off() -> None:
    world = World({"pii_redaction": False})

    async def scenario() -> None:
        async with world.client() as client:
            await client.post("/api/checklists/sync", json={"keywords": ["010-1234-5678"]})

    asyncio.run(scenario())
    assert "010-1234-5678" in world.vllm.plan.calls[0].body


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
def test_checks_are_taken_out_of_whatever_the_model_says(answer: str, checks: list[str]) -> None:
    assert checks_of(answer) == checks


def test_thirty_checks_are_the_most() -> None:
    checks = merged([COMMON[3], *(f"확인 {number}" for number in range(50))])
    assert checks == [*COMMON, *(f"확인 {number}" for number in range(10))]


def test_an_accepted_checklist_is_called_back_once(world: World) -> None:
    async def scenario() -> httpx.Response:
        async with world.client() as client:
            return await client.post("/api/checklists/case-7", json={"keywords": ["주차"]})

    answer = asyncio.run(scenario())
    assert (answer.status_code, answer.json()["id"]) == (200, "case-7")
    (callback,) = world.backend.callbacks
    assert (callback.id, callback.body) == ("case-7", {"checklists": [*COMMON, "주차 확인"]})
    assert len(callback.key) == 32


def test_a_callback_is_repeated_with_the_same_key_until_it_is_received(world: World) -> None:
    world.backend.plan.set(Fault(status=503, times=2), Fault(drop=True, times=1))

    async def scenario() -> None:
        async with world.client() as client:
            await client.post("/api/checklists/case-7", json={})

    asyncio.run(scenario())
    assert len(world.backend.callbacks) == 1
    assert len({call.headers["idempotency-key"] for call in world.backend.plan.calls}) == 1
    assert len(world.backend.plan.calls) == 4


def test_half_a_character_does_not_stop_a_callback(world: World) -> None:
    world.vllm.answer = '["가\\ud800"]'

    async def scenario() -> None:
        async with world.client() as client:
            await client.post("/api/checklists/case-7", json={"keywords": ["주차"]})

    asyncio.run(scenario())
    assert world.backend.callbacks[0].body["checklists"][-1].startswith("가")


@pytest.mark.parametrize("fault", [Fault(status=503), Fault(status=401), Fault(drop=True)])
def test_a_callback_that_is_never_received_is_counted(
    world: World, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    world.backend.plan.set(fault)
    before = CALLBACKS.labels("failed")._value.get()

    async def scenario() -> None:
        async with world.client() as client:
            await client.post("/api/checklists/case-7", json={})

    asyncio.run(scenario())
    assert CALLBACKS.labels("failed")._value.get() == before + 1
    assert [record.case_id for record in caplog.records if record.levelname == "ERROR" and hasattr(record, "case_id")]


def test_a_callback_that_the_server_s_end_cuts_off_is_counted(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.backend.plan.set(Fault(latency_s=60))
    before = CALLBACKS.labels("failed")._value.get()

    async def scenario() -> None:
        async with shared_client(Routing({"backend.internal": world.backend.app})) as client:
            delivering = asyncio.create_task(Backend(client, settings()).checklist_complete("case-7", Done([])))
            await asyncio.sleep(0.05)
            delivering.cancel()
            await asyncio.wait({delivering})

    asyncio.run(scenario())
    assert CALLBACKS.labels("failed")._value.get() == before + 1
    assert [record.case_id for record in caplog.records if hasattr(record, "case_id")] == ["case-7"]


def test_a_model_that_does_not_answer_is_told_with_a_hint(world: World) -> None:
    world.vllm.plan.set(Fault(status=503))

    async def scenario() -> httpx.Response:
        async with world.client() as client:
            await client.post("/api/checklists/case-7", json={"keywords": ["주차"]})
            return await client.post("/api/checklists/sync", json={"keywords": ["주차"]})

    answer = asyncio.run(scenario())
    assert [callback.body for callback in world.backend.callbacks] == [{"error": ERROR}]
    assert answer.status_code in (502, 503)
    assert answer.headers["retry-after"]


def test_an_answer_that_is_none_is_502(world: World) -> None:
    world.vllm.plan.set(Fault(status=400))

    async def scenario() -> httpx.Response:
        async with world.client() as client:
            return await client.post("/api/checklists/sync", json={"keywords": ["주차"]})

    answer = asyncio.run(scenario())
    message = "언어 모델의 응답을 해석할 수 없습니다."
    assert (answer.status_code, answer.json()) == (502, {"detail": {"error": {"code": "failed", "message": message}}})


@pytest.mark.parametrize("case_id", ["..", "a b", "a%00", "%2e%2e", "-a", "x" * 129, "가"])
def test_an_id_that_would_change_the_callback_s_url_is_refused(world: World, case_id: str) -> None:
    async def scenario() -> httpx.Response:
        async with world.client() as client:
            return await client.post(f"/api/checklists/{case_id}", json={})

    assert asyncio.run(scenario()).status_code in (404, 405, 422)
    assert not world.backend.plan.calls


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"choices": ' + b"1" * 5000 + b"}", b"\xff", b"{}", b"null"],
    ids=["deep", "long number", "no UTF-8", "no choices", "nothing"],
)
def test_whatever_the_model_s_server_says_is_no_bug(body: bytes) -> None:
    async def scenario() -> None:
        async with shared_client(httpx.MockTransport(lambda _: httpx.Response(200, content=body))) as client:
            await Llm(client, settings()).chat("", "", adapter="", max_tokens=1)

    with pytest.raises(OutboundError):
        asyncio.run(scenario())
