"""Easy contracts, from files to the explanation, and every way in which a file is no use."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import httpx
import pymupdf
import pytest

from tests.support.app_fakes.plan import Fault
from tests.support.app_fakes.upstage import ACCOUNT, PHONE, RESIDENT_NUMBER
from tests.unit.app.conftest import World

PNG = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, 40, 40)).tobytes("png")
URL = "http://127.0.0.1/lease.pdf?X-Amz-Signature=0123456789abcdef"


def pdf(pages: int = 1) -> bytes:
    document = pymupdf.open()
    for number in range(pages):
        document.new_page(width=200, height=200).insert_text((20, 20), f"page {number + 1}")
    return bytes(document.tobytes())


def upload(world: World, files: Sequence[tuple[str, bytes]], doc_types: Sequence[str] | None = None) -> httpx.Response:
    async def scenario() -> httpx.Response:
        async with world.client() as client:
            return await client.post(
                "/api/easycontract/sync",
                files=[("files", (name, content)) for name, content in files],
                data={"doc_types": ["contract"] * len(files) if doc_types is None else list(doc_types)},
            )

    return asyncio.run(scenario())


def fetch(world: World, *files: dict[str, Any], contract_id: str = "7") -> httpx.Response:
    async def scenario() -> httpx.Response:
        async with world.client() as client:
            return await client.post(f"/api/easycontract/{contract_id}", json={"files": files})

    return asyncio.run(scenario())


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["detail"]["error"]["code"]


def message(answer: httpx.Response) -> str:
    return str(answer.json()["detail"]["error"]["message"])


def test_uploads_are_read_page_by_page_and_explained(world: World) -> None:
    answer = upload(world, [("lease.pdf", pdf(3)), ("photo.PNG", PNG)], ["contract", "building_register"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/markdown; charset=utf-8")
    assert answer.text.startswith("## 요약")
    assert answer.text == answer.text.strip()
    assert len(world.upstage.plan.calls) == 4
    bodies = [json.loads(call.body) for call in world.vllm.plan.calls[:4]]
    assert {(body["model"], body["max_tokens"]) for body in bodies} == {("easycontract", 1024)}
    assert len(world.vllm.plan.calls) == 5
    assert '"max_tokens":2048' in world.vllm.plan.calls[4].body


def test_personal_data_reach_the_model_in_no_call(world: World) -> None:
    assert upload(world, [("lease.png", PNG)]).status_code == 200
    for call in world.vllm.plan.calls:
        assert not [one for one in (PHONE, RESIDENT_NUMBER, ACCOUNT) if one in call.body]
    assert "[주민등록번호]" in world.vllm.plan.calls[0].body


def test_files_are_fetched_from_their_urls(world: World) -> None:
    world.storage.files["lease.pdf"] = ("application/pdf", pdf(2))
    world.storage.files["photo.png"] = ("image/png", PNG)
    photo = {"url": URL.replace("lease.pdf", "photo.png"), "doc_type": "x", "filename": "사진"}
    answer = fetch(world, {"url": URL, "doc_type": "contract"}, photo)
    assert (answer.status_code, len(world.upstage.plan.calls)) == (200, 3)


@pytest.mark.parametrize(
    ("files", "doc_types", "wanted"),
    [
        ([("a.pdf", b"x")] * 6, None, (400, "INVALID_INPUT")),
        ([("a.pdf", b"x")], ["a", "b"], (400, "DOC_TYPES_MISMATCH")),
        ([("a.pdf", b"x")], ["  "], (400, "INVALID_INPUT")),
        ([("a.pdf", b"")], None, (400, "INVALID_INPUT")),
        ([("a.exe", b"MZ")], None, (400, "UNSUPPORTED_FILE_TYPE")),
        ([("a.pdf", b"%PDF-1.7 broken")], None, (400, "UNPROCESSABLE_DOCUMENT")),
        ([("a.pdf", PNG)], None, (400, "UNPROCESSABLE_DOCUMENT")),
        ([("a.png", b"not a picture")], None, (400, "UNPROCESSABLE_DOCUMENT")),
    ],
)
def test_a_file_that_is_no_use_is_said_so(
    world: World, files: list[tuple[str, bytes]], doc_types: list[str] | None, wanted: tuple[int, str]
) -> None:
    assert code(upload(world, files, doc_types)) == wanted
    assert not world.upstage.plan.calls


def test_of_a_page_that_is_too_long_no_half_number_is_sent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.easycontracts.service._LONGEST_PAGE", 20)
    world.upstage.html = "가" * 10 + " 010-1234-5678"
    assert upload(world, [("lease.png", PNG)]).status_code == 200
    body = world.vllm.plan.calls[0].body
    assert ("010-12" in body, "[전화번호]" in body) == (False, True)


def test_pages_are_counted_over_all_files_before_anything_is_read() -> None:
    world = World({"contract_max_pages": 3, "registry_max_pages": 2})
    answer = upload(world, [("a.pdf", pdf(2)), ("b.pdf", pdf(2))])
    assert code(answer) == (400, "UNPROCESSABLE_DOCUMENT")
    assert "b.pdf" in message(answer)
    assert not world.upstage.plan.calls
    pictures = [("a.png", PNG)] * 5
    kinds = ["contract", "registry", "contract", "registry", "contract"]
    assert upload(world, pictures, kinds).status_code == 200
    assert code(upload(world, pictures)) == (400, "UNPROCESSABLE_DOCUMENT")


def test_a_document_of_300_pages_is_refused(world: World) -> None:
    answer = upload(world, [("long.pdf", pdf(300))])
    assert code(answer) == (400, "UNPROCESSABLE_DOCUMENT")
    assert "300" in message(answer)


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ({"url": "ftp://x/a.pdf", "doc_type": "contract"}, (400, "DOWNLOAD_FAILED")),
        ({"url": "http://127.0.0.1/gone.pdf?X-Amz-Signature=1", "doc_type": "contract"}, (400, "DOWNLOAD_FAILED")),
        ({"url": "http://127.0.0.1/status/403?a=b", "filename": "a.pdf", "doc_type": "c"}, (400, "DOWNLOAD_FAILED")),
        ({"url": "http://127.0.0.1/a.exe", "doc_type": "contract"}, (400, "UNSUPPORTED_FILE_TYPE")),
        ({"url": "http://127.0.0.1/a", "doc_type": "contract"}, (400, "UNSUPPORTED_FILE_TYPE")),
        ({"url": " ", "doc_type": "contract"}, (400, "INVALID_INPUT")),
        ({"url": URL, "doc_type": ""}, (400, "INVALID_INPUT")),
    ],
)
def test_a_url_that_is_no_use_is_said_so(world: World, file: dict[str, str], wanted: tuple[int, str]) -> None:
    answer = fetch(world, file)
    assert code(answer) == wanted
    assert "Signature" not in answer.text


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_elsewhere_than_at_home_private_addresses_are_not_asked(env: str) -> None:
    world = World({"app_env": env})
    for url in (URL, URL.replace("http:", "https:")):
        assert code(fetch(world, {"url": url, "doc_type": "contract"})) == (400, "DOWNLOAD_FAILED")
    assert not world.storage.plan.calls


def test_one_to_five_files_are_taken(world: World) -> None:
    file = {"url": URL, "doc_type": "contract"}
    assert code(fetch(world)) == (400, "INVALID_INPUT")
    assert code(fetch(world, *[file] * 6)) == (400, "INVALID_INPUT")


def test_pages_without_a_word_are_no_document(world: World) -> None:
    world.upstage.html = "<img src='x'>"
    answer = upload(world, [("a.png", PNG)])
    assert code(answer) == (400, "UNPROCESSABLE_DOCUMENT")
    assert not world.vllm.plan.calls


def test_a_lease_guard_refuses_what_is_no_lease() -> None:
    world = World({"lease_guard": True})
    world.upstage.html = "<p>김치찌개 조리법: 김치를 볶는다.</p>"
    assert code(upload(world, [("a.png", PNG)])) == (400, "NOT_A_CONTRACT")
    world.upstage.html = None
    assert upload(world, [("a.png", PNG)]).status_code == 200


def test_what_others_fail_to_do_is_502(world: World) -> None:
    world.upstage.plan.set(Fault(status=401))
    assert code(upload(world, [("a.png", PNG)])) == (502, "failed")
    world.upstage.plan.set()
    world.vllm.answer = "  "
    assert code(upload(world, [("a.png", PNG)])) == (502, "failed")


def test_a_failed_summary_ends_the_others(world: World) -> None:
    world.vllm.plan.set(Fault(status=400, times=1))
    assert code(upload(world, [("a.png", PNG)] * 5)) == (502, "failed")
    assert len(world.vllm.plan.calls) <= 5


def test_one_page_at_a_time_is_read_and_one_in_two_seconds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.clients.ocr._PERIOD_S", 0.2)

    async def scenario() -> float:
        begun = asyncio.get_running_loop().time()
        async with world.client() as client:
            files = [("files", ("a.png", PNG))] * 3
            await client.post("/api/easycontract/sync", files=files, data={"doc_types": ["contract"] * 3})
        return asyncio.get_running_loop().time() - begun

    assert asyncio.run(scenario()) >= 0.4


def test_handing_back_is_said_to_a_caller_that_waits(world: World) -> None:
    world.vllm.plan.set(Fault(latency_s=60))

    async def scenario() -> httpx.Response:
        async with world.client() as client:
            files = [("files", ("a.png", PNG))]
            post = client.post("/api/easycontract/sync", files=files, data={"doc_types": ["contract"]})
            waiting = asyncio.create_task(post)
            while not world.vllm.plan.calls:  # noqa: ASYNC110 - the fake tells nobody
                await asyncio.sleep(0.01)
            world.jobs.hand_back()
            return await waiting

    answer = asyncio.run(scenario())
    assert code(answer) == (503, "UNAVAILABLE")
    assert answer.headers["retry-after"] == "10"
