"""Client of vLLM's OpenAI-compatible chat."""

import logging
from http import HTTPStatus

import httpx

from app.clients.outbound import Destination, Outbound, OutboundPolicy
from app.errors import OutboundError
from app.pii import redacted
from app.settings import Settings

_log = logging.getLogger(__name__)


class Llm:
    """
    Calls the model; personal data in texts are replaced, unless PII_REDACTION is off.

    Source: POST {base}/chat/completions, `choices[0].message.content`; 404 for a model that is not served
    (vLLM 0.15.1, vllm/entrypoints/openai, read 2026-11-24).
    """

    def __init__(self, client: httpx.AsyncClient, settings: Settings, policy: OutboundPolicy) -> None:
        self._outbound = Outbound(client, Destination("vllm", answer_s=settings.http_timeout_sec), policy)
        self._url = f"{str(settings.vllm_base_url).rstrip('/')}/chat/completions"
        self._headers = {"Authorization": f"Bearer {settings.vllm_api_key.get_secret_value()}"}
        self._base_model = settings.vllm_model
        self._is_redacting = settings.pii_redaction

    async def chat(self, system: str, user: str, *, adapter: str, max_tokens: int, longest: int | None = None) -> str:
        """
        Return the model's answer.

        Args:
            system: instructions for the model.
            user: text that the instructions apply to.
            adapter: name of the LoRA adapter; if it is empty or not served, the base model answers.
            max_tokens: longest answer.
            longest: number of characters of `user` that are sent; cut after redaction, so that no number is cut before.

        Raises:
            OutboundError: vLLM gave no valid answer.
            UnavailableError: the circuit of vLLM is open.
        """
        user = (redacted(user) if self._is_redacting else user)[:longest]
        answer = await self._request(adapter or self._base_model, system, user, max_tokens)
        if answer.status_code == HTTPStatus.NOT_FOUND and adapter:
            _log.warning("adapter '%s' is not served, calling '%s'", adapter, self._base_model)
            answer = await self._request(self._base_model, system, user, max_tokens)
        try:
            content = answer.raise_for_status().json()["choices"][0]["message"]["content"]
        except (httpx.HTTPStatusError, ValueError, RecursionError, LookupError, TypeError):
            content = None
        if not isinstance(content, str):
            _log.error("vllm: the response with status %d has no answer", answer.status_code)
            raise OutboundError("언어 모델의 응답을 해석할 수 없습니다.")
        return content.encode(errors="replace").decode()  # JSON allows lone surrogates

    async def _request(self, model: str, system: str, user: str, max_tokens: int) -> httpx.Response:
        messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
        body = {"model": model, "messages": messages, "temperature": 0.2, "max_tokens": max_tokens}
        return await self._outbound.send("POST", self._url, json=body, headers=self._headers)
