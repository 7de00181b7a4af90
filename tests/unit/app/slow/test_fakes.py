"""The fakes of other services, in this process."""

import time
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from app.clients.downloads import Downloader, DownloadPolicy
from tests.support.app_fakes import backend, upstage, vllm
from tests.support.app_fakes.backend import Backend
from tests.support.app_fakes.routing import Routing
from tests.support.app_fakes.storage import Storage
from tests.support.app_fakes.upstage import Upstage, parts_of
from tests.support.app_fakes.vllm import Vllm, keywords

pytestmark = pytest.mark.asyncio

CHAT = "http://vllm.internal:8001/v1/chat/completions"
CALLBACK = "https://backend.internal/api/internal/callbacks/checklists/7/complete"
OCR = "https://api.upstage.ai/v1/document-digitization"
FIELDS = {"ocr": "force", "base64_encoding": "['table']", "model": "document-parse"}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) + b"\r\n--\r\n\r\r\n\n"


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def chat(system: str, user: str, **more: Any) -> dict[str, Any]:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    return {"model": "checklist", "messages": messages, "temperature": 0.2, "max_tokens": 1024, **more}


async def ask(app: Any, method: str, url: str, **request: Any) -> httpx.Response:
    async with httpx.AsyncClient(transport=Routing({httpx.URL(url).host: app})) as client:
        return await client.request(method, url, **request)


async def complete(fake: Vllm, body: Any, key: str = vllm.KEY) -> httpx.Response:
    return await ask(fake.app, "POST", CHAT, json=body, headers=bearer(key))


async def digitize(fake: Upstage, document: bytes = PNG, fields: Any = None, key: str = upstage.KEY) -> httpx.Response:
    files = {"document": ("page.png", document, "image/png")}
    return await ask(fake.app, "POST", OCR, files=files, data=fields or FIELDS, headers=bearer(key))


async def test_vllm_answers_a_json_array_with_the_keywords() -> None:
    """The answer to a request for JSON has an item for each keyword."""
    answer = (await complete(Vllm(), chat("JSON 배열로만 답하세요.", "키워드:\n- 반려동물\n- 주차"))).json()
    assert answer["choices"][0]["message"]["content"] == '["반려동물 확인", "주차 확인"]'
    assert (answer["object"], answer["model"]) == ("chat.completion", "checklist")
    assert answer["usage"]["total_tokens"] == answer["usage"]["prompt_tokens"] + answer["usage"]["completion_tokens"]


@pytest.mark.parametrize(
    "text", ['키워드: ["주차", "관리비"]', "* 주차\n* 관리비", "키워드: 주차, 관리비", "- 주차\n- 관리비"]
)
async def test_vllm_finds_keywords_in_several_notations(text: str) -> None:
    """Lists, JSON and comma-separated keywords are found."""
    assert keywords(text) == ["주차", "관리비"]


async def test_vllm_answers_markdown_that_quotes_the_user() -> None:
    """Other requests get Markdown with the beginning of the text."""
    answer = await complete(Vllm(), chat("요약하세요.", "보증금 5천만원" + "가" * 1000))
    assert answer.json()["choices"][0]["message"]["content"].startswith("## 요약\n\n> 보증금 5천만원")


async def test_vllm_returns_the_given_answer() -> None:
    """A test can set the answer."""
    fake = Vllm()
    fake.answer = ""
    assert (await complete(fake, chat("", ""))).json()["choices"][0]["message"]["content"] == ""


async def test_vllm_refuses_like_the_real_server() -> None:
    """Unknown models, wrong keys and invalid bodies have the errors of vLLM."""
    fake = Vllm()
    unknown = await complete(fake, chat("", "", model="no"))
    assert (unknown.status_code, unknown.json()["error"]["type"]) == (404, "NotFoundError")
    assert unknown.json()["error"]["message"] == "The model `no` does not exist."
    unauthorized = await complete(fake, chat("", ""), key="wrong")
    assert (unauthorized.status_code, unauthorized.json()) == (401, {"error": "Unauthorized"})
    for body in ({}, {"model": "checklist", "messages": []}, chat("", "", max_tokens=0), chat("", "", stream=True)):
        wrong = await complete(fake, body)
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, 400)


async def test_vllm_lists_its_models_for_the_key() -> None:
    """/v1/models needs the key, /health does not."""
    answer = await ask(Vllm().app, "GET", "http://vllm.internal/v1/models", headers=bearer(vllm.KEY))
    assert [model["id"] for model in answer.json()["data"]][1:] == ["checklist", "easycontract"]
    assert (await ask(Vllm().app, "GET", "http://vllm.internal/v1/models")).status_code == 401
    assert (await ask(Vllm().app, "GET", "http://vllm.internal/health")).status_code == 200


async def test_upstage_reads_a_lease_with_personal_data_and_a_table() -> None:
    """The default document has personal data, a table and elements."""
    answer = (await digitize(Upstage())).json()
    html = answer["content"]["html"]
    assert all(text in html for text in ("보증금", "<table", upstage.PHONE, upstage.RESIDENT_NUMBER, upstage.ACCOUNT))
    assert "\n".join(element["content"]["html"] for element in answer["elements"]) == html
    assert answer["usage"] == {"pages": 1}


async def test_upstage_returns_the_given_html() -> None:
    """A test can set the document."""
    fake = Upstage()
    fake.html = "<p>빈 종이</p>"
    assert (await digitize(fake)).json()["content"]["html"] == "<p>빈 종이</p>"


async def test_upstage_refuses_invalid_requests() -> None:
    """Wrong keys, formats and fields have the errors of Upstage."""
    fake = Upstage()
    assert (await digitize(fake, key="wrong")).status_code == 401
    assert (await digitize(fake, b"%PDF-1.7")).status_code == 415
    assert (await digitize(fake, fields={**FIELDS, "ocr": "auto"})).status_code == 400
    assert (await ask(fake.app, "POST", OCR, json={}, headers=bearer(upstage.KEY))).status_code == 400
    assert (await digitize(fake, b"\xff\xd8\xff\xe0")).status_code == 200


async def test_upstage_limits_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call within the interval gets 429 with Retry-After."""
    now_s = [100.0]
    monkeypatch.setattr(upstage, "time", SimpleNamespace(monotonic=lambda: now_s[0]))
    fake = Upstage(interval_s=0.5)
    assert (await digitize(fake)).status_code == 200
    early = await digitize(fake)
    assert (early.status_code, early.headers["Retry-After"]) == (429, "1")
    now_s[0] += 0.45
    assert (await digitize(fake)).status_code == 200


async def test_parts_keep_every_byte() -> None:
    """The parser of multipart keeps binary content."""
    request = httpx.Request("POST", OCR, files={"document": ("page.png", PNG)}, data={"model": "문서"})
    parts = parts_of(request.headers["Content-Type"], request.read())
    assert parts == {"document": PNG, "model": "문서".encode()}


async def test_backend_records_callbacks() -> None:
    """Each callback is recorded with id, key and body, also repeated ones."""
    fake = Backend()
    failed = {"error": {"code": "failed", "message": "다시 시도해 주세요."}}
    for body, key in (({"checklists": ["주차 확인"]}, "a"), (failed, "b"), (failed, "b")):
        headers = {**bearer(backend.TOKEN), "Idempotency-Key": key}
        assert (await ask(fake.app, "POST", CALLBACK, json=body, headers=headers)).status_code == 200
    kept = (await ask(fake.app, "GET", "https://backend.internal/fake/callbacks")).json()
    assert [(row["id"], row["key"], row["body"]) for row in kept] == [
        ("7", "a", {"checklists": ["주차 확인"]}),
        ("7", "b", failed),
        ("7", "b", failed),
    ]
    assert kept[0]["at"] <= kept[1]["at"] <= time.time()


async def test_backend_refuses_wrong_tokens_and_bodies() -> None:
    """A callback without the token or with another body is not recorded."""
    fake = Backend()
    assert (await ask(fake.app, "POST", CALLBACK, json={"checklists": []})).status_code == 401
    junk = await ask(fake.app, "POST", CALLBACK, json={"checklists": [1]}, headers=bearer(backend.TOKEN))
    assert junk.status_code == 400
    assert (await ask(Backend(token="").app, "POST", CALLBACK, json={"checklists": []})).status_code == 200
    assert fake.callbacks == []


async def test_storage_serves_a_presigned_url() -> None:
    """The downloader gets a file by its URL."""
    fake = Storage()
    await ask(fake.app, "PUT", "http://files.internal/fake/files/a/lease.pdf", content=b"%PDF-")
    assert fake.files["a/lease.pdf"] == ("application/octet-stream", b"%PDF-")

    async def resolve(_: str) -> list[str]:
        return ["8.8.8.8"]

    async with httpx.AsyncClient(transport=Routing({"files.internal": fake.app})) as client:
        downloader = Downloader(client, DownloadPolicy(), is_local=False, resolve=resolve)
        assert await downloader.fetch("https://files.internal/a/lease.pdf?X-Amz-Signature=1") == b"%PDF-"
    assert fake.plan.calls[0].query == {"X-Amz-Signature": ["1"]}


@pytest.mark.parametrize(
    ("path", "status"),
    [("/lease.pdf", 403), ("/no?X-Amz-Signature=1", 404), ("/status/418", 418), ("/redirect?to=http://10.0.0.1/", 302)],
)
async def test_storage_has_routes_for_errors(path: str, status: int) -> None:
    """Missing signatures, absent files, statuses and redirects have their answers."""
    assert (await ask(Storage().app, "GET", f"http://files.internal{path}")).status_code == status


@pytest.mark.parametrize("path", ["/slow", "/endless"])
async def test_storage_has_endless_files(path: str) -> None:
    """Slow and endless files end with a timeout of the client."""
    with pytest.raises(httpx.ReadTimeout):
        await ask(Storage().app, "GET", f"http://files.internal{path}", timeout=0.1)
