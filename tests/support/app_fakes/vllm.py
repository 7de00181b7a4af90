"""vLLM's OpenAI-compatible server, as far as it is used: one chat completion, not streamed."""

import asyncio
import json
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.app_fakes.plan import Plan, is_bearer, planned
from tests.support.app_fakes.serving import arguments, serve

KEY = "fake-vllm-key"
MODELS = ("LGAI-EXAONE/EXAONE-3.5-2.4B-Instruct", "checklist", "easycontract")
_QUOTED_CHARACTERS = 200


class _Message(BaseModel):
    role: Literal["system", "user", "assistant"]
    content: str


class _Chat(BaseModel):
    model: str
    messages: list[_Message] = Field(min_length=1)
    temperature: float = Field(default=1, ge=0, le=2)
    max_tokens: int = Field(default=1024, gt=0)
    stream: Literal[False] = False

    def said_by(self, role: str) -> str:
        return "\n".join(message.content for message in self.messages if message.role == role)


class Vllm:
    """
    The fake.

    Args:
        models: names of the model and of its adapters.
        latency_s: seconds until a completion.
        latencies_s: seconds until a completion by the models whose latency differs.

    Attributes:
        answer: content of every completion, unless empty.
    """

    def __init__(
        self,
        *,
        key: str = KEY,
        models: Sequence[str] = MODELS,
        latency_s: float = 0,
        latencies_s: Mapping[str, float] | None = None,
    ) -> None:
        self.plan = Plan()
        self.answer: str | None = None
        self._key = key
        self._models = models
        self._latencies_s = dict.fromkeys(models, latency_s) | dict(latencies_s or {})
        routes = [
            Route("/health", self._health),
            Route("/v1/models", self._list),
            Route("/v1/chat/completions", self._complete, methods=["POST"]),
        ]
        self.app = planned(self.plan, routes)

    async def _health(self, _: Request) -> Response:
        return Response()

    async def _list(self, request: Request) -> Response:
        if not is_bearer(request, self._key):
            return _unauthorized()
        entries = [
            {"id": model, "object": "model", "owned_by": "vllm", "root": self._models[0]} for model in self._models
        ]
        return JSONResponse({"object": "list", "data": entries})

    async def _complete(self, request: Request) -> Response:
        if not is_bearer(request, self._key):
            return _unauthorized()
        try:
            chat = _Chat.model_validate_json(await request.body())
        except ValidationError as error:
            return _refusal(400, "Bad Request", str(error))
        if chat.model not in self._models:
            return _refusal(404, "NotFoundError", f"The model `{chat.model}` does not exist.", "model")
        await asyncio.sleep(self._latencies_s[chat.model])
        return JSONResponse(_completion(chat, completed(chat) if self.answer is None else self.answer))


def completed(chat: _Chat) -> str:
    """Return a JSON array with the user's keywords if the system prompt asks for JSON, else Markdown with a quote."""
    system, user = chat.said_by("system"), chat.said_by("user")
    if "JSON" in system and ("배열" in system or "array" in system.lower()):
        return json.dumps([f"{keyword} 확인" for keyword in keywords(user)], ensure_ascii=False)
    quoted = "\n".join(f"> {line}" for line in user[:_QUOTED_CHARACTERS].splitlines())
    return f"## 요약\n\n{quoted}\n"


def keywords(text: str) -> list[str]:
    """Return the items of a list: a JSON array, lines with a bullet, or words between commas after the last colon."""
    start, end = text.find("["), text.rfind("]")
    if 0 <= start < end:
        try:
            return [str(item) for item in json.loads(text[start : end + 1])]
        except json.JSONDecodeError:
            pass
    bullets = [line.strip()[2:] for line in text.splitlines() if line.strip()[:2] in ("- ", "* ")]
    return bullets or [part.strip() for part in text.rpartition(":")[2].split(",") if part.strip()]


def _completion(chat: _Chat, content: str) -> dict[str, object]:
    prompt_tokens = sum(len(message.content) for message in chat.messages) // 2 + 1
    completion_tokens = len(content) // 2 + 1
    message: dict[str, object] = {"role": "assistant", "content": content, "refusal": None, "tool_calls": []}
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": chat.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop", "stop_reason": None}],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }


def _unauthorized() -> Response:
    return JSONResponse({"error": "Unauthorized"}, 401)


def _refusal(status: int, kind: str, message: str, param: str | None = None) -> Response:
    return JSONResponse({"error": {"message": message, "type": kind, "param": param, "code": status}}, status)


def main() -> None:
    """Serve the fake."""
    parser = arguments("A vLLM that repeats the messages of its caller.", port=8001)
    parser.add_argument("--key", default=KEY)
    parser.add_argument("--latency-s", type=float, default=0)
    parser.add_argument("--latency-of", action="append", default=[], metavar="MODEL=SECONDS")
    given = parser.parse_args()
    latencies_s = {model: float(seconds) for model, _, seconds in (pair.partition("=") for pair in given.latency_of)}
    serve(Vllm(key=given.key, latency_s=given.latency_s, latencies_s=latencies_s).app, given.port)


if __name__ == "__main__":
    main()
