"""
`answers.json`: what the original server answered and called.

    python -m tests.unit.app.original.record FOLDER

FOLDER is a checkout of 100-hours-a-week/14-team-dojangkok-ai at 16865f1 (2026-02-03), and python is that of its
environment. Recorded on 2026-11-27 with httpx 0.28.1, fastapi 0.110.0, python-multipart 0.0.9 and pymupdf 1.24.9.
"""

import asyncio
import importlib
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import httpx

from tests.support.app_fakes import backend, upstage, vllm
from tests.unit.app.original.exchange import Exchange, Recorder, exchanged
from tests.unit.app.original.requests import EXCHANGES

FILE: Final = Path(__file__).with_name("answers.json")
_VARIABLES: Final = {
    "APP_ENV": "local",
    "VLLM_BASE_URL": "http://vllm.internal/v1",
    "VLLM_API_KEY": vllm.KEY,
    "VLLM_LORA_ADAPTER_CHECKLIST": "checklist",
    "VLLM_LORA_ADAPTER_EASYCONTRACT": "easycontract",
    "BACKEND_CALLBACK_BASE_URL": "http://backend.internal/api",
    "BACKEND_INTERNAL_TOKEN": backend.TOKEN,
    "OCR_API": upstage.KEY,
}


def main(folder: str) -> None:
    """Record every exchange."""
    package = ModuleType("app")  # a folder without __init__.py, which this repository's package would hide
    package.__path__ = [f"{folder}/app"]
    sys.modules["app"] = package
    os.environ.update(_VARIABLES)
    bootstrap: Any = importlib.import_module("app.bootstrap")
    application: Any = importlib.import_module("app.main").app
    fixed = importlib.import_module("app.services.checklist_service").COMMON_CHECKLIST
    object.__setattr__(
        importlib.import_module("app.settings").settings,
        "UPSTAGE_DOCUMENT_PARSE_URL",
        "http://upstage.internal/v1/document-digitization",
    )
    bootstrap.AsyncLimiter = lambda *_, **__: None

    @asynccontextmanager
    async def serve(_: Exchange, recorder: Recorder) -> AsyncIterator[httpx.AsyncClient]:
        bootstrap.create_async_http_client = lambda timeout_sec: httpx.AsyncClient(
            transport=recorder, timeout=timeout_sec
        )
        async with application.router.lifespan_context(application):
            transport = httpx.ASGITransport(application, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://ai-server") as client:
                yield client

    async def record() -> dict[str, dict[str, str]]:
        return {exchange.name: await exchanged(exchange, serve, fixed) for exchange in EXCHANGES}

    recorded = asyncio.run(record())
    lines = (f"{json.dumps(name)}: {json.dumps(fields, ensure_ascii=False)}" for name, fields in recorded.items())
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
