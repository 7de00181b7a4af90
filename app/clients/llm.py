"""Client of vLLM's OpenAI-compatible chat."""

import json
import logging
from functools import partial
from http import HTTPStatus
from typing import Final

from app.clients.answers import Answer, run_aside
from app.clients.outbound import Destination, Outbound, OutboundPolicy
from app.clients.transport import ServiceClient
from app.errors import OutboundError
from app.pii import redact
from app.settings import Settings

_ANSWER_BYTES: Final = 2**20
_LONGEST_CONTENT: Final = 2**16  # characters; 2,048 tokens are a fourth of them
_log = logging.getLogger(__name__)


class Llm:
    """
    Calls the model; personal data in texts are replaced, unless PII_REDACTION is off.

    Source: POST {base}/chat/completions, `choices[0].message.content`; 404 for a model that is not served
    (vLLM 0.15.1, vllm/entrypoints/openai, read 2026-11-24).
    """

    def __init__(self, client: ServiceClient, settings: Settings, policy: OutboundPolicy) -> None:
        destination = Destination("vllm", answer_s=settings.http_timeout_sec, answer_bytes=_ANSWER_BYTES)
        self._outbound = Outbound(client, destination, policy)
        self._url = f"{str(settings.vllm_base_url).rstrip('/')}/chat/completions"
        token = settings.vllm_api_key.get_secret_value()
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._base_model = settings.vllm_model
        self._is_redacting = settings.pii_redaction
        self._with_names = settings.pii_names

    async def chat(
        self,
        system: str,
        user: str,
        *,
        heading: str = "",
        closing: str = "",
        adapter: str,
        max_tokens: int,
        longest: int | None = None,
    ) -> str:
        """
        Return the model's answer.

        Args:
            system: instructions for the model.
            user: text that the instructions apply to.
            heading: text before `user` in the same message.
            closing: text after `user` in the same message.
            adapter: name of the LoRA adapter; if it is empty or not served, the base model answers.
            max_tokens: longest answer.
            longest: number of characters of `user` that are sent; cut after redaction, so that no number is cut before.

        Raises:
            OutboundError: vLLM gave no valid answer.
            UnavailableError: the circuit of vLLM is open.
        """
        if self._is_redacting:
            redacted = partial(redact, with_names=self._with_names)
            heading, user = redacted(heading), await run_aside(redacted, user)
        user = f"{heading}{user[:longest]}{closing}"
        answer = await self._request(adapter or self._base_model, system, user, max_tokens)
        if answer.status == HTTPStatus.NOT_FOUND and adapter:
            _log.warning("adapter '%s' is not served, calling '%s'", adapter, self._base_model)
            answer = await self._request(self._base_model, system, user, max_tokens)
        try:
            content = (await answer.json())["choices"][0]["message"]["content"]
        except (LookupError, TypeError):
            content = None
        if not isinstance(content, str) or len(content) > _LONGEST_CONTENT:
            _log.error("vllm: the response with status %d has no answer", answer.status)
            raise OutboundError("언어 모델의 응답을 해석할 수 없습니다.")
        return content.encode(errors="replace").decode()  # JSON allows lone surrogates

    async def _request(self, model: str, system: str, user: str, max_tokens: int) -> Answer:
        messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        chat = {"model": model, "messages": messages, "temperature": 0.2, "max_tokens": max_tokens}
        body = json.dumps(chat, ensure_ascii=False, separators=(",", ":")).encode()
        return await self._outbound.send("POST", self._url, headers=self._headers, body=body)
