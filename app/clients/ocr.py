"""Client of Upstage's document digitization."""

import logging
from dataclasses import dataclass
from typing import Any, Final

import httpx
from aiolimiter import AsyncLimiter

from app.clients.outbound import Destination, Outbound, OutboundPolicy
from app.errors import OutboundError
from app.settings import Settings

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

    def __init__(
        self, client: httpx.AsyncClient, settings: Settings, policy: OcrPolicy, outbound: OutboundPolicy
    ) -> None:
        answer_s = min(policy.longest_s, settings.http_timeout_sec)
        self._outbound = Outbound(client, Destination("upstage", answer_s=answer_s, repeats_slow=True), outbound)
        self._url = str(settings.ocr_url)
        self._headers = {"Authorization": f"Bearer {settings.ocr_api.get_secret_value()}"}
        self._limiter = AsyncLimiter(1, policy.period_s)

    async def read(self, picture: bytes, content_type: str) -> dict[str, Any]:
        """
        Return Upstage's reply for a page.

        Raises:
            OutboundError: Upstage gave no valid answer.
            UnavailableError: the circuit of Upstage is open.
        """
        document = {"document": ("page", picture, content_type)}
        answer = await self._outbound.send(
            "POST", self._url, files=document, data=_FIELDS, headers=self._headers, before=self._limiter.acquire
        )
        try:
            reply = answer.raise_for_status().json()
        except (httpx.HTTPStatusError, ValueError, RecursionError):
            reply = None
        if not isinstance(reply, dict):
            _log.error("upstage: the response with status %d has no document", answer.status_code)
            raise OutboundError("문서 인식 결과를 해석할 수 없습니다.")
        return reply
