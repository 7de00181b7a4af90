"""Easy contracts, from files to the explanation, and errors for unusable files."""

import asyncio
import json
import threading
from dataclasses import replace

import httpx
import pytest

from app.clients.ocr import OcrPolicy
from app.easycontracts.service import PromptPolicy
from tests.support.app_fakes.plan import Fault
from tests.support.app_fakes.upstage import ACCOUNT, PHONE, RESIDENT_NUMBER
from tests.unit.app.app_environment import FAST, AppEnvironment
from tests.unit.app.contract_requests import PNG, URL, code, fetch, message, upload
from tests.unit.app.rendering import pdf


def test_uploads_are_summarized_page_by_page_and_explained(environment: AppEnvironment) -> None:
    """Each page is read and summarized, and one call explains all."""
    answer = upload(environment, [("lease.pdf", pdf(3)), ("photo.PNG", PNG)], ["contract", "building_register"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/markdown; charset=utf-8")
    assert answer.text.startswith("## 요약")
    assert answer.text == answer.text.strip()
    assert len(environment.upstage.plan.calls) == 4
    bodies = [json.loads(call.body) for call in environment.vllm.plan.calls[:4]]
    assert {(body["model"], body["max_tokens"]) for body in bodies} == {("easycontract", 1024)}
    assert len(environment.vllm.plan.calls) == 5
    assert '"max_tokens":2048' in environment.vllm.plan.calls[4].body
    assert "(contract/lease.pdf p.3)" in environment.vllm.plan.calls[4].body


def test_no_call_of_the_model_contains_personal_data(environment: AppEnvironment) -> None:
    """Phone, resident and account numbers become labels."""
    assert upload(environment, [("lease.png", PNG)]).status_code == 200
    for call in environment.vllm.plan.calls:
        assert not [number for number in (PHONE, RESIDENT_NUMBER, ACCOUNT) if number in call.body]
    assert "[주민등록번호]" in environment.vllm.plan.calls[0].body


def test_large_html_is_parsed_in_the_thread_of_large_values(
    environment: AppEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All work on large values shares one thread, whatever the kind of work."""
    threads = []

    def named_thread(_: object) -> str:
        threads.append(threading.current_thread().name)
        return "보증금"

    monkeypatch.setattr("app.easycontracts.service.text_of", named_thread)
    environment.upstage.html = "<p>" + "가" * 10_000
    assert upload(environment, [("lease.png", PNG)]).status_code == 200
    assert threads == ["aside_0"]


def test_files_are_downloaded_from_their_urls(environment: AppEnvironment) -> None:
    """The extension comes from the name or the URL."""
    environment.storage.files["lease.pdf"] = ("application/pdf", pdf(2))
    environment.storage.files["photo.png"] = ("image/png", PNG)
    photo = {"url": URL.replace("lease.pdf", "photo.png"), "doc_type": "x", "filename": "사진"}
    answer = fetch(environment, {"url": URL, "doc_type": "contract"}, photo)
    assert (answer.status_code, len(environment.upstage.plan.calls)) == (200, 3)


@pytest.mark.parametrize(
    ("files", "doc_types", "expected"),
    [
        ([("a.pdf", b"x")] * 6, None, (400, "INVALID_INPUT")),
        ([("a.pdf", b"x")], ["a", "b"], (400, "DOC_TYPES_MISMATCH")),
        ([("a.pdf", b"x")], ["a"] * 101, (400, "INVALID_INPUT")),
        ([("a.pdf", b"")], None, (400, "INVALID_INPUT")),
        ([("a.exe", b"MZ")], None, (400, "UNSUPPORTED_FILE_TYPE")),
        ([("a.pdf", b"%PDF-1.7 broken")], None, (400, "UNPROCESSABLE_DOCUMENT")),
        ([("a.pdf", b""), ("b.exe", b"MZ")], None, (400, "UNSUPPORTED_FILE_TYPE")),
        ([("a.png", b"not a picture")], None, (400, "UNPROCESSABLE_DOCUMENT")),
    ],
)
def test_unusable_file_is_refused(
    environment: AppEnvironment, files: list[tuple[str, bytes]], doc_types: list[str] | None, expected: tuple[int, str]
) -> None:
    """An unusable file or number of files is refused before OCR."""
    assert code(upload(environment, files, doc_types)) == expected
    assert not environment.upstage.plan.calls


def test_long_page_is_cut_after_redaction() -> None:
    """The cut text contains no part of a number."""
    environment = AppEnvironment(policies=replace(FAST, prompts=PromptPolicy(page_characters=20)))
    environment.upstage.html = "가" * 10 + " 010-1234-5678"
    assert upload(environment, [("lease.png", PNG)]).status_code == 200
    body = environment.vllm.plan.calls[0].body
    assert ("010-12" in body, "[전화번호]" in body) == (False, True)


def test_page_limits_apply_to_all_files_together() -> None:
    """Registries and other files have separate limits."""
    environment = AppEnvironment({"contract_max_pages": 3, "registry_max_pages": 2})
    answer = upload(environment, [("a.pdf", pdf(2)), ("b.pdf", pdf(2))])
    assert code(answer) == (400, "UNPROCESSABLE_DOCUMENT")
    assert "b.pdf" in message(answer)
    assert not environment.upstage.plan.calls
    pictures = [("a.png", PNG)] * 5
    kinds = ["contract", "registry", "contract", "registry", "contract"]
    assert upload(environment, pictures, kinds).status_code == 200
    assert code(upload(environment, pictures)) == (400, "UNPROCESSABLE_DOCUMENT")


def test_long_document_is_refused(environment: AppEnvironment) -> None:
    """The error has the number of pages."""
    answer = upload(environment, [("long.pdf", pdf(31))])
    assert code(answer) == (400, "UNPROCESSABLE_DOCUMENT")
    assert "31페이지입니다. 최대 30페이지" in message(answer)


@pytest.mark.parametrize(
    ("file", "expected"),
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
def test_unusable_url_is_refused(environment: AppEnvironment, file: dict[str, str], expected: tuple[int, str]) -> None:
    """The error has no part of the signature."""
    answer = fetch(environment, file)
    assert code(answer) == expected
    assert "Signature" not in answer.text


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_private_addresses_are_refused_outside_local(env: str) -> None:
    """In dev and prod no request goes to a private address."""
    environment = AppEnvironment({"app_env": env})
    for url in (URL, URL.replace("http:", "https:")):
        assert code(fetch(environment, {"url": url, "doc_type": "contract"})) == (400, "DOWNLOAD_FAILED")
    assert not environment.storage.plan.calls


def test_one_to_five_files_are_allowed(environment: AppEnvironment) -> None:
    """No file and six files are refused."""
    file = {"url": URL, "doc_type": "contract"}
    assert code(fetch(environment)) == (400, "INVALID_INPUT")
    assert code(fetch(environment, *[file] * 6)) == (400, "INVALID_INPUT")


def test_document_without_text_is_refused(environment: AppEnvironment) -> None:
    """Without text the model is not called."""
    environment.upstage.html = "<img src='x'>"
    answer = upload(environment, [("a.png", PNG)])
    assert code(answer) == (400, "UNPROCESSABLE_DOCUMENT")
    assert not environment.vllm.plan.calls


def test_lease_guard_refuses_other_documents() -> None:
    """With LEASE_GUARD a document without terms of a lease is refused."""
    environment = AppEnvironment({"lease_guard": True})
    environment.upstage.html = "<p>김치찌개 조리법: 김치를 볶는다.</p>"
    assert code(upload(environment, [("a.png", PNG)])) == (400, "NOT_A_CONTRACT")
    environment.upstage.html = None
    assert upload(environment, [("a.png", PNG)]).status_code == 200


def test_failure_of_another_service_is_502(environment: AppEnvironment) -> None:
    """A failure of Upstage and an empty answer of the model are 502."""
    environment.upstage.plan.set(Fault(status=401))
    assert code(upload(environment, [("a.png", PNG)])) == (502, "failed")
    environment.upstage.plan.set()
    environment.vllm.answer = "  "
    assert code(upload(environment, [("a.png", PNG)])) == (502, "failed")


def test_failed_summary_cancels_the_others(environment: AppEnvironment) -> None:
    """After a failed summary no other call is made."""
    environment.vllm.plan.set(Fault(status=400, times=1))
    assert code(upload(environment, [("a.png", PNG)] * 5)) == (502, "failed")
    assert len(environment.vllm.plan.calls) <= 5


def test_pages_are_read_at_the_rate_of_upstage() -> None:
    """The calls of OCR keep the configured interval."""
    environment = AppEnvironment(policies=replace(FAST, ocr=OcrPolicy(period_s=0.2)))

    async def scenario() -> float:
        started = asyncio.get_running_loop().time()
        async with environment.client() as client:
            files = [("files", ("a.png", PNG))] * 3
            await client.post("/api/easycontract/sync", files=files, data={"doc_types": ["contract"] * 3})
        return asyncio.get_running_loop().time() - started

    assert asyncio.run(scenario()) >= 0.4


def test_waiting_caller_gets_503_for_a_job_that_is_handed_back(environment: AppEnvironment) -> None:
    """A job that the server hands back ends with 503."""
    environment.vllm.plan.set(Fault(latency_s=60))

    async def scenario() -> httpx.Response:
        async with environment.client() as client:
            files = [("files", ("a.png", PNG))]
            post = client.post("/api/easycontract/sync", files=files, data={"doc_types": ["contract"]})
            waiting = asyncio.create_task(post)
            while not environment.vllm.plan.calls:  # noqa: ASYNC110 - the fake has no event
                await asyncio.sleep(0.01)
            environment.jobs.hand_back()
            return await waiting

    answer = asyncio.run(scenario())
    assert code(answer) == (503, "UNAVAILABLE")
    assert answer.headers["retry-after"] == "10"
