"""The original server: its requests are replayed, and the differences are those of the table in docs/ai-server.md."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from app.checklists.fixed import COMMON
from app.jobs import JobPolicy, Jobs
from app.main import create_app
from app.readiness import Readiness
from tests.unit.app.app_environment import FAST, fake_settings
from tests.unit.app.original.differences import differences, table_row
from tests.unit.app.original.exchange import Exchange, Recorder, exchanged
from tests.unit.app.original.fields import Fields
from tests.unit.app.original.record import FILE
from tests.unit.app.original.requests import EXCHANGES
from tests.unit.app.pages_of_docs import DOCS
from tests.unit.app.service_clients import clients_over

TOKEN = "token-of-the-backend-" + "0" * 16
RECORDED: dict[str, Fields] = json.loads(FILE.read_text(encoding="utf-8"))
TOPICS = (  # of the original's fixed checklist, in its order
    ("보증금", "시세"),
    ("등기부등본", "소유자", "임대인"),
    ("가압류", "압류", "강제경매"),
    ("근저당권",),
    ("등기부등본", "다시|새로"),
    ("건축물대장", "위반"),
    ("건축물대장", "용도", "주택"),
    ("주소", "동·호수", "등기부등본", "건축물대장", "계약서"),
    ("임대인", "신분"),
    ("공동 소유",),
    ("대리인", "위임장", "신분증"),
    ("위임장", "주소", "계약 조건", "보증금"),
    ("공인중개사", "등록"),
    ("중개대상물 확인·설명서",),
    ("계약 기간", "시작일", "종료일"),
    ("보증금", "월세", "납부일"),
    ("계좌", "예금주", "수령자"),
    ("관리비", "항목", "부담"),
    ("특약",),
    ("입주", "집 상태"),
)


class Relay(httpx.AsyncBaseTransport):
    """The transport of this server, which passes requests to the recorder of the current exchange."""

    def __init__(self) -> None:
        self.recorder: Recorder | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert self.recorder
        return await self.recorder.handle_async_request(request)


async def replayed() -> dict[str, Fields]:
    """Return the fields of all exchanges with this server; exchanges with faults have a server of their own each."""
    async with AsyncExitStack() as servers:
        running: dict[object, tuple[Relay, Jobs, FastAPI]] = {}

        @asynccontextmanager
        async def serve(exchange: Exchange, recorder: Recorder) -> AsyncIterator[httpx.AsyncClient]:
            key = exchange.name if exchange.faults else exchange.app_env
            if key not in running:
                relay, jobs = Relay(), Jobs(JobPolicy())
                settings = fake_settings(app_env=exchange.app_env, ai_server_tokens=TOKEN)
                app = create_app(settings, FAST, Readiness(), jobs, *clients_over(relay))
                await servers.enter_async_context(app.router.lifespan_context(app))
                running[key] = relay, jobs, app
            relay, jobs, app = running[key]
            relay.recorder = recorder
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            headers = {"Authorization": f"Bearer {TOKEN}"} if exchange.has_token else {}  # the backend's one change
            async with httpx.AsyncClient(transport=transport, base_url="http://ai-server", headers=headers) as client:
                yield client
            await jobs.join(0)  # until the callback is delivered

        return {exchange.name: await exchanged(exchange, serve, COMMON) for exchange in EXCHANGES}


def documented_rows() -> list[str]:
    """Return the rows of the table in the section "What differs", without their reasons."""
    section = (DOCS / "ai-server.md").read_text(encoding="utf-8").split("## What differs\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    reasons = [row.rstrip(" |").rpartition(" | ")[2] for row in rows]
    assert all(len(reason) > 10 for reason in reasons), "a row has no reason"
    return [row.rstrip(" |").rpartition(" | ")[0] + " |" for row in rows]


def test_differences_are_those_of_the_docs() -> None:
    """The fields of answers and calls that differ from the original's are the table of docs/ai-server.md."""
    rows = sorted(map(table_row, differences(RECORDED, asyncio.run(replayed()))))
    assert sorted(documented_rows()) == rows, (
        "docs/ai-server.md, What differs: the rows are not the differences that the replay found. "
        "Fix: write these rows, each with its reason:\n" + "\n".join(rows)
    )


def test_every_exchange_is_recorded() -> None:
    """Requests have different names, and each has the answer of the original."""
    names = [exchange.name for exchange in EXCHANGES]
    assert len(set(names)) == len(names)
    assert RECORDED.keys() == set(names)


def test_recorded_answers_have_no_sentence_of_the_original() -> None:
    """Sentences are recorded as `text` or `fixed`; what is Korean is a heading, or the data of a request."""
    korean = set(re.findall(r"[가-힣]{2,}", FILE.read_text(encoding="utf-8")))
    requests = "".join(exchange.path + exchange.name + exchange.html for exchange in EXCHANGES)
    bodies = b"".join(exchange.body for exchange in EXCHANGES).decode(errors="ignore")
    headings = {"공통", "체크리스트", "사용자", "키워드", "문서타입", "페이지", "텍스트", "페이지별", "핵심", "요약"}
    of_files = {"계약서", "확인", "의뢰"}
    assert not {word for word in korean if word not in requests + bodies} - headings - of_files


@pytest.mark.parametrize("number", range(20))
def test_fixed_checks_have_the_topics_of_the_original(number: int) -> None:
    """Each of the twenty topics is in the check of the same place."""
    assert len(COMMON) == len(TOPICS)
    assert [word for word in TOPICS[number] if not re.search(word, COMMON[number])] == []
