"""Requests as the backend sent them to the original server."""

import gzip
import json
from collections.abc import Sequence
from typing import Any, Final

import pymupdf

from tests.support.app_fakes.plan import Fault
from tests.support.app_fakes.upstage import PHONE
from tests.support.app_fakes.vllm import MODELS
from tests.unit.app.original.exchange import Exchange

_BOUNDARY: Final = "Vq3dKzXW-2J0eXk"
_FORM: Final = {"Content-Type": f"multipart/form-data;charset=UTF-8;boundary={_BOUNDARY}"}
_ANSWER: Final = "## 요약"
_PNG: Final = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, 8, 8)).tobytes("png")
_JPEG: Final = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, 8, 8)).tobytes("jpeg")
_GIF: Final = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"


def _pdf(pages: int = 1, **save: Any) -> bytes:
    document: Any = pymupdf.open()
    for number in range(pages):
        document.new_page(width=100, height=100).insert_text((10, 50), f"page {number + 1}")
    return bytes(document.tobytes(**save))


_PDF: Final = _pdf()
_LOCKED: Final = _pdf(encryption=5, user_pw="1", owner_pw="2")  # PDF_ENCRYPT_AES_256


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _keywords(name: str, path: str, *keywords: str, **more: Any) -> Exchange:
    return Exchange(name, path, _json({"keywords": keywords}), **more)


def _by_url(name: str, *files: dict[str, Any], path: str = "/api/easycontract/7", **more: Any) -> Exchange:
    return Exchange(name, path, _json({"files": files}), **{"model_answer": _ANSWER, **more})


def _file(name: str = "lease.png", **changed: Any) -> dict[str, Any]:
    url = f"http://127.0.0.1/{name}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=5ec2e7"
    return {"url": url, "filename": name, "doc_type": "contract", **changed}


def _stored(name: str, content: bytes, encoding: str = "") -> dict[str, Any]:
    return {"files": {name: (content, encoding)}}


def _upload(
    name: str, files: Sequence[tuple[str, bytes]], doc_types: Sequence[str] = ("contract",), **more: Any
) -> Exchange:
    """Return a form; the first of each pair is the parameter with the name of the file."""
    parts = [
        f'Content-Disposition: form-data; name="files"; {parameter}\r\nContent-Type: application/octet-stream'
        f"\r\nContent-Length: {len(content)}\r\n\r\n".encode()
        + content
        for parameter, content in files
    ]
    parts += [
        f'Content-Disposition: form-data; name="doc_types"\r\nContent-Type: text/plain;charset=UTF-8'
        f"\r\nContent-Length: {len(doc_type)}\r\n\r\n{doc_type}".encode()
        for doc_type in doc_types
    ]
    body = b"".join(f"--{_BOUNDARY}\r\n".encode() + part + b"\r\n" for part in parts)
    body += f"--{_BOUNDARY}--\r\n".encode()
    return Exchange(name, "/api/easycontract/sync", body, headers=_FORM, **{"model_answer": _ANSWER, **more})


_BOTH: Final = (
    "filename=\"=?UTF-8?Q?=EA=B3=84=EC=95=BD=EC=84=9C.png?=\"; filename*=UTF-8''%EA%B3%84%EC%95%BD%EC%84%9C.png"
)
_LEASE_PNG: Final = _stored("lease.png", _PNG)
_LEASE: Final = ('filename="lease.png"', _PNG)
_SYNC: Final = "/api/checklists/sync"
_CASE: Final = "/api/checklists/case-7"
_DOWN: Final = Fault(status=503)

_HEALTH: Final = (
    Exchange("health", "/health", method="GET"),
    Exchange("metrics", "/metrics", method="GET"),
    Exchange("description", "/openapi.json", method="GET", app_env="prod"),
    Exchange("request without a token", _SYNC, _json({"keywords": None}), has_token=False),
    Exchange("unknown path", "/api/unknown", method="GET"),
    Exchange("wrong method", _SYNC, method="GET"),
)
_CHECKLISTS: Final = (
    Exchange("no keywords", _SYNC, _json({"keywords": None})),
    _keywords("blank keywords", _SYNC, "", "  "),
    _keywords("keywords", _SYNC, " 반려동물 ", "주차", "주차"),
    _keywords("keyword of 2000 characters", _SYNC, "가" * 2000),
    _keywords("keyword of 2001 characters", _SYNC, "가" * 2001),
    _keywords("100 keywords", _SYNC, *map(str, range(100))),
    _keywords("101 keywords", _SYNC, *map(str, range(101))),
    _keywords("body above 1 MiB", _SYNC, *["가" * 1000] * 400),
    _keywords("phone number in a keyword", _SYNC, f"집주인 {PHONE}"),
    _keywords("model answers no list", _SYNC, "주차", model_answer="없음"),
    _keywords("model fails", _SYNC, "주차", faults={"vllm": _DOWN}),
    _keywords("adapter is not served", _SYNC, "주차", models=MODELS[:1]),
    Exchange("keywords of a wrong type", _SYNC, _json({"keywords": "주차"})),
    Exchange("body that is no JSON", _SYNC, b"{"),
    Exchange("body that is no UTF-8", _SYNC, b"\xff"),
    _keywords("checklist with a callback", _CASE, "주차"),
    _keywords("callback after a failure", _CASE, "주차", faults={"vllm": _DOWN}),
    _keywords("callback that is refused", _CASE, faults={"backend": Fault(status=401)}),
    _keywords("callback while the backend is down", _CASE, faults={"backend": _DOWN}),
    _keywords("callback that fails once", _CASE, faults={"backend": Fault(status=503, times=1)}),
    _keywords("id of other characters", "/api/checklists/%EC%9D%98%EB%A2%B0%207+a%40b%21"),
    _keywords("id of reserved characters", "/api/checklists/a%3Fb%23c%25d"),
    _keywords("id of 128 characters", f"/api/checklists/{'x' * 128}"),
    _keywords("id of 129 characters", f"/api/checklists/{'x' * 129}"),
    _keywords("id of two dots", "/api/checklists/%2e%2e"),
    _keywords("id with a slash", "/api/checklists/a%2Fb"),
)
_BY_URL: Final = (
    _by_url(
        "contract by URL",
        _file("lease.pdf"),
        _file("등기부.png", doc_type="registry"),
        files={"lease.pdf": (_pdf(2), ""), "등기부.png": (_PNG, "")},
    ),
    _by_url("name from the URL", _file(filename=None), **_LEASE_PNG),
    _by_url("ending from the URL", _file(filename="계약서"), **_LEASE_PNG),
    _by_url("name with folders", _file(filename="a/../계약서.png"), **_LEASE_PNG),
    _by_url("gzip-encoded file", _file(), **_stored("lease.png", gzip.compress(_PNG), "gzip")),
    _by_url("JPEG with the ending of a PNG", _file("a.png"), **_stored("a.png", _JPEG)),
    _by_url("PNG with the ending of a PDF", _file("a.pdf"), **_stored("a.pdf", _PNG)),
    _by_url("PDF with the ending of a PNG", _file("a.png"), **_stored("a.png", _PDF)),
    _by_url("GIF with the ending of a PNG", _file("a.png"), **_stored("a.png", _GIF)),
    _by_url("damaged PDF", _file("lease.pdf"), **_stored("lease.pdf", b"%PDF-1.7 damaged")),
    _by_url("encrypted PDF", _file("lease.pdf"), **_stored("lease.pdf", _LOCKED)),
    _by_url("empty PDF", _file("lease.pdf"), **_stored("lease.pdf", b"")),
    _by_url("empty picture", _file("a.png"), **_stored("a.png", b"")),
    _by_url("PDF of 31 pages", _file("lease.pdf"), **_stored("lease.pdf", _pdf(31))),
    _by_url("file above 20 MiB", _file("a.png"), **_stored("a.png", _PNG + bytes(20 * 2**20))),
    _by_url("missing file", _file()),
    _by_url("redirect", _file(url="http://127.0.0.1/redirect?to=http://127.0.0.1/lease.png")),
    _by_url("private host", _file(), **_LEASE_PNG, app_env="prod"),
    _by_url("no file"),
    _by_url("six files", *[_file()] * 6),
    _by_url("empty URL", _file(url="")),
    _by_url("blank URL", _file(url=" ")),
    _by_url("blank document type", _file(doc_type=" ")),
    _by_url("other ending", _file("a.exe")),
    _by_url("other ending of the second file", _file(), _file("a.exe"), **_LEASE_PNG),
    _by_url("two wrong files", _file("a.exe"), _file(doc_type=" ")),
    _by_url("id that is no number", _file(), path="/api/easycontract/case-7"),
    _by_url("negative id", _file(), path="/api/easycontract/-1", **_LEASE_PNG),
    _by_url("document type of 101 characters", _file(doc_type="x" * 101), **_LEASE_PNG),
    _by_url("name of 256 characters", _file(filename=f"{'x' * 252}.png"), **_LEASE_PNG),
    _by_url("URL of 9000 characters", _file(url=_file()["url"] + "0" * 9000), **_LEASE_PNG),
    _by_url("page without text", _file(), **_LEASE_PNG, html="<img src='x'>"),
    _by_url("page of 25000 characters", _file(), **_LEASE_PNG, html="<p>" + "가" * 25000 + "</p>"),
    _by_url("phone number on a page", _file(), **_LEASE_PNG, html=f"<p>임대인 {PHONE}</p>"),
    _by_url("Upstage refuses", _file(), **_LEASE_PNG, faults={"upstage": Fault(status=401)}),
    _by_url("Upstage is down", _file(), **_LEASE_PNG, faults={"upstage": _DOWN}),
    _by_url("model refuses", _file(), **_LEASE_PNG, faults={"vllm": Fault(status=400)}),
    _by_url("model answers nothing", _file(), **_LEASE_PNG, model_answer=" "),
)
_UPLOADS: Final = (
    _upload("upload", [_LEASE, ('filename="photo.PNG"', _PNG)], ["contract", "building_register"]),
    _upload("name in UTF-8", [('filename="계약서.png"', _PNG)]),
    _upload("name in filename*", [("filename*=UTF-8''%EA%B3%84%EC%95%BD%EC%84%9C.png", _PNG)]),
    _upload(
        "name in both",
        [(_BOTH, _PNG)],
    ),
    _upload("name as an encoded word", [('filename="=?UTF-8?Q?=EA=B3=84=EC=95=BD=EC=84=9C.png?="', _PNG)]),
    _upload("name as two encoded words", [('filename="=?UTF-8?B?6rOE7JW9?= =?UTF-8?B?7IScLnBuZw==?="', _PNG)]),
    _upload("quotes in a name", [('filename="a\\"b.png"', _PNG)]),
    _upload("upload of six files", [_LEASE] * 6, ["contract"] * 5),
    _upload("upload without types", [_LEASE], []),
    _upload("upload with too many types", [_LEASE], ["contract"] * 2),
    _upload("upload with a blank type", [_LEASE], [" "]),
    _upload("upload of another ending", [_LEASE, ('filename="a.exe"', b"MZ")], ["contract"] * 2),
    _upload("upload without a name", [('filename=""', _PNG)]),
    _upload("empty upload", [('filename="lease.pdf"', b"")]),
    _upload("empty upload before another ending", [('filename="a.pdf"', b""), ('filename="a.exe"', b"MZ")], ["a"] * 2),
    _upload("PDF as an upload", [('filename="lease.pdf"', _PDF)]),
    _upload("damaged upload", [('filename="lease.pdf"', b"%PDF-1.7 damaged")]),
)

EXCHANGES: Final = (*_HEALTH, *_CHECKLISTS, *_BY_URL, *_UPLOADS)
