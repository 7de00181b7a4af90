"""Client of Upstage's document digitization."""

import logging
from dataclasses import dataclass
from typing import Any, Final

import httpx
from aiolimiter import AsyncLimiter

from app.clients.outbound import Destination, Outbound, OutboundPolicy
from app.clients.transport import ServiceClient
from app.errors import OutboundError
from app.settings import Settings

_ANSWER_BYTES: Final = 16 * 2**20  # it contains the images of all tables
_FIELDS: Final = {"ocr": "force", "base64_encoding": "['table']", "model": "document-parse"}
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OcrPolicy:
    """
    Rate and time of the calls.

    Args:
        period_s: seconds from the start of a call to that of the next one; the team's rate at Upstage.
        longest_s: longest wait for an answer.
    """

    period_s: float = 2
    longest_s: float = 60


class Ocr:
    """
    Reads pages, with one call in `period_s` for the whole process.

    Upstage gets the personal data of a page, because redaction needs the text.
    """

    def __init__(self, client: ServiceClient, settings: Settings, policy: OcrPolicy, outbound: OutboundPolicy) -> None:
        answer_s = min(policy.longest_s, settings.http_timeout_sec)
        destination = Destination("upstage", answer_s=answer_s, answer_bytes=_ANSWER_BYTES, repeats_slow=True)
        self._outbound = Outbound(client, destination, outbound)
        self._url = str(settings.ocr_url)
        self._headers = {"Authorization": f"Bearer {settings.ocr_api.get_secret_value()}"}
        self._limiter = AsyncLimiter(1, policy.period_s)

    async def read(self, picture: bytes, content_type: str, name: str) -> dict[str, Any]:
        """
        Return Upstage's reply for a page.

        Args:
            picture: image of the page.
            content_type: type of the image.
            name: file name of the image, with its ending.

        Raises:
            OutboundError: Upstage gave no valid answer.
            UnavailableError: the circuit of Upstage is open.
        """
        document = {"document": (name, picture, content_type)}
        form = httpx.Request("POST", self._url, files=document, data=_FIELDS)
        headers = {**self._headers, "Content-Type": form.headers["Content-Type"]}
        answer = await self._outbound.send(
            "POST", self._url, headers=headers, body=form.read(), before=self._limiter.acquire
        )
        reply = await answer.json()
        if not isinstance(reply, dict):
            _log.error("upstage: the response with status %d has no document", answer.status)
            raise OutboundError("문서 인식 결과를 해석할 수 없습니다.")
        return reply
