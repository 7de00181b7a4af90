"""Both products end to end: the shipped image, with a fake of each service that it calls, and a real ChromaDB."""

import json
import re
from collections.abc import Iterator

import httpx
import pytest

from tests.e2e.products import ANSWER_S, PDF_PAGES, SECRETS, STORAGE, TOKEN, Products, running
from tests.support.programs import ROOT
from tests.support.waiting import wait_until

# Personal data that the fake of the OCR reads on every page, and that a caller may write into a keyword.
_UPSTAGE = (ROOT / "tests/support/app_fakes/upstage.py").read_text()
PHONE, RESIDENT_NUMBER, ACCOUNT = re.findall(r'^(?:PHONE|RESIDENT_NUMBER|ACCOUNT) = "(.+)"$', _UPSTAGE, re.MULTILINE)
LEASE = {"url": f"{STORAGE}/lease.pdf?X-Amz-Signature=0a1b2c", "doc_type": "contract"}
_CALLBACK_S = 60
_HEARTBEAT_S = 60


@pytest.fixture(scope="module")
def products(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Products]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("_EXPERIMENTAL_DAGGER_CLI_BIN", str(ROOT / "daggerw"))
        with running(tmp_path_factory.mktemp("products")) as started:
            yield started


def post(products: Products, path: str, *, server: str = "local", **request: object) -> httpx.Response:
    """Send a request with the token of a caller, unless the request has other headers."""
    request = {"headers": {"Authorization": f"Bearer {TOKEN}"}, **request}
    return httpx.post(f"{products.urls[server]}/api/{path}", timeout=ANSWER_S, **request)  # type: ignore[arg-type]


def store(products: Products, name: str) -> None:
    """Put a file on the object store of presigned URLs."""
    content = (products.files / name).read_bytes()
    httpx.put(f"{products.urls['storage']}/fake/files/{name}", content=content, timeout=ANSWER_S).raise_for_status()


def test_checklist_while_the_caller_waits(products: Products) -> None:
    """A waiting caller gets twenty common checks and those of the model."""
    answer = post(products, "checklists/sync", json={"keywords": ["반려동물", "전세"]})
    assert answer.status_code == 200, answer.text
    checks = answer.json()["checklists"]
    assert len(checks) == 22
    assert checks[-2:] == ["반려동물 확인", "전세 확인"]


@pytest.mark.parametrize("server", ["local", "prod"])
def test_request_without_a_token_is_refused(products: Products, server: str) -> None:
    """A caller without a token gets 401 and the scheme of tokens, and the model gets no request."""
    asked = len(products.records("vllm"))
    answer = post(products, "checklists/sync", server=server, headers={}, json={"keywords": ["전세"]})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.json()["detail"]["error"]["code"] == "UNAUTHORIZED"
    assert len(products.records("vllm")) == asked


def test_checklist_is_delivered_by_one_callback(products: Products) -> None:
    """The backend gets a callback with its token and a key."""
    answer = post(products, "checklists/case-7", json={"keywords": ["근저당"]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"] == "case-7"
    wait_until(lambda: bool(products.records("backend", "callbacks")), _CALLBACK_S)
    (callback,) = products.records("backend", "callbacks")
    (call,) = products.records("backend")
    assert call["method"] == "POST"
    assert call["path"] == "/api/internal/callbacks/checklists/case-7/complete"
    assert call["headers"]["content-type"] == "application/json"
    assert re.fullmatch("[0-9a-f]{32}", callback["key"])
    assert list(callback["body"]) == ["checklists"]
    assert callback["body"]["checklists"][-1] == "근저당 확인"


def test_uploads_are_explained(products: Products) -> None:
    """A PDF and a picture are read and summarized once a page, and explained together once."""
    read, asked = (len(products.records(name)) for name in ("upstage", "vllm"))
    files = [
        ("files", ("lease.pdf", (products.files / "lease.pdf").read_bytes(), "application/pdf")),
        ("files", ("page.png", (products.files / "page.png").read_bytes(), "image/png")),
    ]
    answer = post(products, "easycontract/sync", files=files, data={"doc_types": ["contract", "registry"]})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.text.startswith("## ")
    assert len(products.records("upstage")) - read == PDF_PAGES + 1
    assert len(products.records("vllm")) - asked == PDF_PAGES + 1 + 1


def test_files_are_fetched_from_their_urls_and_explained(products: Products) -> None:
    """The server downloads the files of a request, and sends back an explanation."""
    store(products, "lease.pdf")
    read = len(products.records("upstage"))
    answer = post(products, "easycontract/42", json={"files": [LEASE]})
    assert answer.status_code == 200, answer.text
    assert answer.text.startswith("## ")
    assert len(products.records("upstage")) - read == PDF_PAGES
    assert [call["query"] for call in products.records("storage")] == [{"X-Amz-Signature": ["0a1b2c"]}]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (LEASE["url"], "파일 URL은 https여야 합니다."),
        ("https://storage/lease.pdf?X-Amz-Signature=0a1b2c", "storage에서는 파일을 내려받을 수 없습니다."),
    ],
    ids=["plain", "private"],
)
def test_production_fetches_nothing_from_private_hosts(products: Products, url: str, message: str) -> None:
    """A URL with a private host causes no request in production."""
    store(products, "lease.pdf")
    asked = len(products.records("storage"))
    answer = post(products, "easycontract/42", server="prod", json={"files": [{**LEASE, "url": url}]})
    assert answer.status_code == 400
    assert answer.json() == {"detail": {"error": {"code": "DOWNLOAD_FAILED", "message": message}}}
    assert len(products.records("storage")) == asked


def test_nothing_personal_reaches_the_model(products: Products) -> None:
    """The model gets labels instead of personal data, from keywords and from pages."""
    post(products, "checklists/sync", json={"keywords": [f"집주인 {PHONE}"]}).raise_for_status()
    page = (products.files / "page.png").read_bytes()
    files = [("files", ("page.png", page, "image/png"))]
    post(products, "easycontract/sync", files=files, data={"doc_types": "contract"}).raise_for_status()
    prompts = "".join(_messages(call["body"]) for call in products.records("vllm"))
    assert "[전화번호]" in prompts
    assert "[주민등록번호]" in prompts
    for personal in (PHONE, RESIDENT_NUMBER, ACCOUNT):
        assert personal not in prompts
        assert personal.replace("-", "") not in prompts


def _messages(body: str) -> str:
    return "".join(message["content"] for message in json.loads(body)["messages"])


def test_chromadb_is_seen(products: Products) -> None:
    """The server's metric shows that ChromaDB answers."""
    wait_until(lambda: _metric(products, "ai_chromadb_up") == 1, _HEARTBEAT_S)


def _metric(products: Products, name: str) -> float:
    text = httpx.get(f"{products.urls['local']}/metrics", timeout=ANSWER_S).text
    return float(re.findall(rf"^{name} (\S+)$", text, re.MULTILINE)[0])


def test_only_production_hides_its_description(products: Products) -> None:
    """The API description is served locally, and not in production."""
    answers = {name: httpx.get(f"{products.urls[name]}/openapi.json", timeout=ANSWER_S) for name in ("local", "prod")}
    assert {name: answer.status_code for name, answer in answers.items()} == {"local": 200, "prod": 404}


def test_logs_hold_neither_secrets_nor_personal_data(products: Products) -> None:
    """The logs of all these tests, and of a URL with personal data, have no secret and no personal data."""
    query = {"keyword": [PHONE, RESIDENT_NUMBER, *SECRETS]}
    post(products, "checklists/case-8", params=query, json={"keywords": [PHONE]}).raise_for_status()
    wait_until(lambda: "case-8?keyword=[전화번호]" in products.logged(), _CALLBACK_S)
    for unwanted in (*SECRETS, PHONE, RESIDENT_NUMBER, ACCOUNT, "X-Amz-Signature"):
        assert unwanted not in products.logged()
