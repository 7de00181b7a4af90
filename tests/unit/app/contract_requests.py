"""Requests for easy contracts, and what is read from their answers."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
import pymupdf

from tests.unit.app.app_environment import AppEnvironment

PNG = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, 40, 40)).tobytes("png")
URL = "http://127.0.0.1/lease.pdf?X-Amz-Signature=0123456789abcdef"


def upload(
    environment: AppEnvironment, files: Sequence[tuple[str, bytes]], doc_types: Sequence[str] | None = None
) -> httpx.Response:
    """Upload files and return the response."""

    async def scenario() -> httpx.Response:
        async with environment.client() as client:
            return await client.post(
                "/api/easycontract/sync",
                files=[("files", (name, content)) for name, content in files],
                data={"doc_types": ["contract"] * len(files) if doc_types is None else list(doc_types)},
            )

    return asyncio.run(scenario())


def fetch(environment: AppEnvironment, *files: dict[str, Any], contract_id: str = "7") -> httpx.Response:
    """Request an explanation of files by URL and return the response."""

    async def scenario() -> httpx.Response:
        async with environment.client() as client:
            return await client.post(f"/api/easycontract/{contract_id}", json={"files": files})

    return asyncio.run(scenario())


def code(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of an error response."""
    return answer.status_code, answer.json()["detail"]["error"]["code"]


def message(answer: httpx.Response) -> str:
    """Return the message of an error response."""
    return str(answer.json()["detail"]["error"]["message"])
