"""Client of Upstage's document digitization."""

import logging
from typing import Any, Final

import httpx
from aiolimiter import AsyncLimiter

from app.clients.outbound import Destination, Outbound
from app.errors import OutboundError
from app.settings import Settings

_CALLS: Final = 1
_PERIOD_S: Final = 2
_LONGEST_S: Final = 60
_ANSWER_BYTES: Final = 32 * 2**20  # it contains the images of all tables
_FIELDS: Final = {"ocr": "force", "base64_encoding": "['table']", "model": "document-parse"}
_log = logging.getLogger(__name__)


class Ocr:
    """
    Reads pages, with one call in two seconds for the whole process, the team's rate at Upstage.

    Upstage gets the personal data of a page, because redaction needs the text.
    """

    def __init__(self, client: httpx.AsyncClient, settings: Settings) -> None:
        answer_s = min(_LONGEST_S, settings.http_timeout_sec)
        destination = Destination("upstage", answer_s=answer_s, answer_bytes=_ANSWER_BYTES, repeats_slow=True)
        self._outbound = Outbound(client, destination)
        self._url = str(settings.ocr_url)
        self._headers = {"Authorization": f"Bearer {settings.ocr_api.get_secret_value()}"}
        self._limiter = AsyncLimiter(_CALLS, _PERIOD_S)

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
        reply = await answer.json()
        if not isinstance(reply, dict):
            _log.error("upstage: the response with status %d has no document", answer.status)
            raise OutboundError("문서 인식 결과를 해석할 수 없습니다.")
        return reply
