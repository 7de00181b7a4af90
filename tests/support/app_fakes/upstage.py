"""
Upstage's document digitization: it reads the same lease on every image.

Source: the answer to a document-parse request in Upstage's API reference. The reference has only the status of errors.
"""

import time
from email import message_from_bytes, policy

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.app_fakes.plan import Plan, is_bearer, planned
from tests.support.app_fakes.serving import arguments, serve

KEY = "fake-ocr-key"
PHONE = "010-1234-5678"
RESIDENT_NUMBER = "900101-1234567"
ACCOUNT = "110-234-567890"

_FIELDS = {"ocr": "force", "model": "document-parse"}
_IMAGES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")
_TOLERANCE_S = 0.1  # the network may shorten the time between two calls by this much
_ELEMENTS = (
    ("heading1", "<h1 id='0' style='font-size:22px'>부동산 임대차 계약서</h1>"),
    ("paragraph", f"<p id='1'>임대인 김영희 (주민등록번호 {RESIDENT_NUMBER}, 전화 {PHONE})<br>임차인 이철수</p>"),
    (
        "table",
        (
            "<table id='2'><tr><td>보증금</td><td>금 50,000,000원</td></tr><tr><td>월세</td><td>금 600,000원</td></tr>"
            "<tr><td>임대차 기간</td><td>2026년 3월 1일부터 2028년 2월 29일까지</td></tr></table>"
        ),
    ),
    ("paragraph", f"<p id='3'>입금 계좌: 신한은행 {ACCOUNT}<br>특약사항: 임대인은 도배와 장판을 새로 한다.</p>"),
)


class Upstage:
    """
    The fake.

    Args:
        interval_s: least time between two calls; 0 for no limit.

    Attributes:
        html: text that is read instead of the lease, unless empty.
    """

    def __init__(self, *, key: str = KEY, interval_s: float = 0) -> None:
        self.plan = Plan()
        self.html: str | None = None
        self._key = key
        self._interval_s = interval_s
        self._free_at = 0.0
        self.app = planned(self.plan, [Route("/v1/document-digitization", self._digitize, methods=["POST"])])

    async def _digitize(self, request: Request) -> Response:
        if not is_bearer(request, self._key):
            return _refusal(401, "The API key is invalid.")
        now = time.monotonic()
        if now < self._free_at:
            return _refusal(429, "Too many requests.", {"Retry-After": "1"})
        if self._interval_s:
            self._free_at = now + self._interval_s - _TOLERANCE_S
        parts = parts_of(request.headers.get("Content-Type", ""), await request.body())
        wrong = [name for name, value in _FIELDS.items() if parts.get(name) != value.encode()]
        if wrong:
            return _refusal(400, f"Wrong or missing: {', '.join(wrong)}.")
        if not parts.get("document", b"").startswith(_IMAGES):
            return _refusal(415, "The document is neither PNG nor JPEG.")
        elements = _ELEMENTS if self.html is None else (("paragraph", self.html),)
        return JSONResponse(_digitized(elements))


def parts_of(content_type: str, body: bytes) -> dict[str, bytes]:
    """Return the parts of a multipart/form-data body by field name; of equal names the last counts."""
    header = b"Content-Type: " + content_type.encode("latin-1") + b"\r\n\r\n"
    message = message_from_bytes(header + body, policy=policy.HTTP)
    parts: dict[str, bytes] = {}
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            parts[str(part.get_param("name", header="Content-Disposition"))] = content
    return parts


def _digitized(elements: tuple[tuple[str, str], ...]) -> dict[str, object]:
    corners = [{"x": x, "y": y} for x, y in ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9))]
    return {
        "api": "2.0",
        "content": {"html": "\n".join(html for _, html in elements), "markdown": "", "text": ""},
        "elements": [
            {
                "id": number,
                "category": category,
                "content": {"html": html, "markdown": "", "text": ""},
                "coordinates": corners,
                "page": 1,
            }
            for number, (category, html) in enumerate(elements)
        ],
        "model": "document-parse-260930",
        "ocr": True,
        "usage": {"pages": 1},
    }


def _refusal(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": {"message": message, "code": str(status)}}, status, headers)


def main() -> None:
    """Serve the fake."""
    parser = arguments("A document digitization that reads the same lease everywhere.", port=8002)
    parser.add_argument("--key", default=KEY)
    parser.add_argument("--interval-s", type=float, default=0)
    given = parser.parse_args()
    serve(Upstage(key=given.key, interval_s=given.interval_s).app, given.port)


if __name__ == "__main__":
    main()
