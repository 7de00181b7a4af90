"""Explanation of a lease: pages, their texts, a summary of each page, and an explanation of all."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.clients.answers import run_aside
from app.clients.downloads import Downloader
from app.clients.llm import Llm
from app.clients.ocr import Ocr
from app.easycontracts import prompts
from app.easycontracts.guard import is_lease
from app.easycontracts.pages import PICTURES_BYTES, Page, Renderer
from app.easycontracts.schemas import REGISTRY
from app.easycontracts.text import html_of, text_of
from app.errors import DocumentError, OutboundError
from app.settings import Settings

_UNREAD: Final = "> **읽지 못한 쪽**: 전부 또는 일부를 읽지 못해 설명에 빠진 내용이 있을 수 있습니다. {}"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PromptPolicy:
    """
    Sizes of what the model gets and answers.

    Args:
        page_characters: longest text of a page; an estimate that, with the answer, stays below vLLM's --max-model-len
            of 8192 tokens.
        summaries_characters: longest text of all summaries; each page gets an equal share.
        page_tokens: longest summary of a page.
        final_tokens: longest explanation.
    """

    page_characters: int = 12_000
    summaries_characters: int = 10_000
    page_tokens: int = 1024
    final_tokens: int = 2048


@dataclass(frozen=True)
class Document:
    """A file of a lease: its name with a supported extension, its bytes, and the type from the caller."""

    name: str
    content: bytes
    doc_type: str


@dataclass(frozen=True)
class RemoteFile:
    """A file of a lease that is not downloaded yet."""

    name: str
    url: str
    doc_type: str


@dataclass(frozen=True)
class _PageText:
    """The text of a page: type and name of its document, and its number there."""

    doc_type: str
    name: str
    number: int
    text: str


class EasyContractService:
    """Explains leases."""

    def __init__(
        self,
        llm: Llm,
        ocr: Ocr,
        renderer: Renderer,
        downloader: Downloader,
        settings: Settings,
        policy: PromptPolicy,
    ) -> None:
        self._llm = llm
        self._ocr = ocr
        self._renderer = renderer
        self._downloader = downloader
        self._settings = settings
        self._policy = policy

    async def explain(self, files: Sequence[Document | RemoteFile]) -> str:
        """
        Return the explanation as Markdown; its last line names the pages that could not be read completely.

        Raises:
            DownloadError, TooLargeError: a file cannot be downloaded.
            DocumentError: a document is unreadable, has too many pages, or is not a lease.
            OutboundError, UnavailableError: another service failed.
        """
        documents = [
            file
            if isinstance(file, Document)
            else Document(file.name, await self._downloader.fetch(file.url), file.doc_type)
            for file in files
        ]
        pages = await self._pages(documents)
        _log.info("pages rendered", extra={"count": len(pages)})
        unread = _names([(document.name, page.number) for document, page in pages if not page.is_complete])
        texts = await self._texts(pages)
        if not texts:
            raise DocumentError("문서에서 글자를 읽을 수 없습니다." + (f" 읽지 못한 쪽: {unread}" if unread else ""))
        joined = "\n".join(page.text[: self._policy.page_characters] for page in texts)
        if self._settings.lease_guard and not await run_aside(is_lease, joined):
            raise DocumentError("임대차 계약 서류가 아닙니다.", code="NOT_A_CONTRACT")
        explanation = await self._explanation(texts, await _all(map(self._summary, texts)))
        if not explanation:
            raise OutboundError("언어 모델이 빈 응답을 보냈습니다.")
        return f"{explanation}\n\n{_UNREAD.format(unread)}" if unread else explanation

    async def _summary(self, page: _PageText) -> str:
        summary = await self._llm.chat(
            prompts.PAGE,
            page.text,
            heading=prompts.page_heading(page.doc_type, page.number),
            closing=prompts.PAGE_CLOSING,
            adapter=self._settings.vllm_lora_adapter_easycontract,
            max_tokens=self._policy.page_tokens,
            longest=self._policy.page_characters,
        )
        return summary.strip()

    async def _explanation(self, pages: Sequence[_PageText], summaries: Sequence[str]) -> str:
        share = self._policy.summaries_characters // len(summaries)
        lines = [
            prompts.summary_line(page.doc_type, page.name, page.number, summary[:share])
            for page, summary in zip(pages, summaries, strict=True)
        ]
        explanation = await self._llm.chat(
            prompts.FINAL,
            "\n".join(lines),
            heading=prompts.FINAL_HEADING,
            closing=prompts.FINAL_CLOSING,
            adapter=self._settings.vllm_lora_adapter_easycontract,
            max_tokens=self._policy.final_tokens,
        )
        return explanation.strip()

    async def _pages(self, documents: Sequence[Document]) -> list[tuple[Document, Page]]:
        """Render the documents one after the other, within the limits of pages and of the memory for their images."""
        left_bytes = PICTURES_BYTES
        limits = {True: self._settings.registry_max_pages, False: self._settings.contract_max_pages}
        left = dict(limits)
        pages: list[tuple[Document, Page]] = []
        for document in documents:
            is_registry = document.doc_type == REGISTRY
            if not left[is_registry]:
                text = f"{document.name}: 모든 파일을 합쳐 최대 {limits[is_registry]}페이지까지 읽을 수 있습니다."
                raise DocumentError(text)
            rendered = await self._renderer.pages(document.name, document.content, left[is_registry], left_bytes)
            left[is_registry] -= len(rendered)
            left_bytes -= sum(len(page.content) for page in rendered)
            pages += [(document, page) for page in rendered]
        return pages

    async def _texts(self, pages: list[tuple[Document, Page]]) -> list[_PageText]:
        """Return the texts of the pages that have one, and remove the pages, so that their images leave the memory."""
        texts: list[_PageText] = []
        pages.reverse()
        while pages:
            document, page = pages.pop()
            if page.content:
                reply = await self._ocr.read(page.content, page.content_type, page.name)
                text = await run_aside(text_of, html_of(reply))
                texts.append(_PageText(document.doc_type, document.name, page.number, text))
        return [page for page in texts if page.text]


def _names(pages: Sequence[tuple[str, int]]) -> str:
    """Return the names of pages on one line, such as `계약.pdf 2쪽`."""
    return ", ".join(f"{' '.join(name.split())} {number}쪽" for name, number in pages)


async def _all(calls: Iterable[Coroutine[Any, Any, str]]) -> list[str]:
    """Run calls concurrently; if one fails, cancel the others."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
