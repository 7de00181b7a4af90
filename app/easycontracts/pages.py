"""Page images of files: PDFs through `app.easycontracts.render`, images unchanged."""

import asyncio
import json
import logging
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio

from app.easycontracts.formats import page_name, picture_format, suffix
from app.easycontracts.render import SMALL_BYTES
from app.errors import DocumentError

_log = logging.getLogger(__name__)

_ROOT = Path(__file__).parents[2]
_PDF_START_BYTES = 1024  # The header may be anywhere in these bytes: ISO 32000-1, annex H.3, note 13.
PICTURES_BYTES = 256 * 2**20  # Ten pages of a colour scan are 40 MiB.


@dataclass(frozen=True)
class Page:
    """
    The image of a page.

    Args:
        number: number of the page in its file.
        name: file name of the image, with the ending of its format.
        content: bytes of the image; empty if the page could not be drawn.
        content_type: media type of the image.
        is_complete: whether the whole page was drawn; a picture of the caller's own is complete.
    """

    number: int
    name: str
    content: bytes
    content_type: str
    is_complete: bool = True


@dataclass(frozen=True)
class RenderPolicy:
    """
    Limits of the processes that render PDFs.

    Args:
        timeout_s: longest time for one PDF, from the start of its process.
        at_once: number of PDFs that are rendered at the same time.
        large_at_once: number of PDFs from 1 MiB on among them; a smaller PDF has less memory.
    """

    timeout_s: float = 60
    at_once: int = 3
    large_at_once: int = 2


class Renderer:
    """Renders the pages of files."""

    def __init__(self, policy: RenderPolicy) -> None:
        self._timeout_s = policy.timeout_s
        self._slots = asyncio.Semaphore(policy.at_once)
        self._large_slots = asyncio.Semaphore(policy.large_at_once)

    async def pages(self, name: str, content: bytes, max_pages: int, max_bytes: int = PICTURES_BYTES) -> list[Page]:
        """
        Return the pages of a file in order.

        Args:
            name: name of the file, with a supported extension.
            content: bytes of the file, which decide the format.
            max_pages: largest number of pages of a PDF; a longer PDF is refused before rendering.
            max_bytes: largest size of all images of a PDF.

        Raises:
            UnsupportedFileTypeError: the extension is not supported.
            DocumentError: the file is unreadable, or has too many or too large pages.
        """
        ending = suffix(name)
        if picture := picture_format(content):
            picture_name = name if ending in picture.extensions else page_name(name, 1, picture.extensions[0])
            return [Page(1, picture_name, content, picture.content_type)]
        if b"%PDF-" not in content[:_PDF_START_BYTES]:
            raise DocumentError(_broken(name) if ending == ".pdf" else _no_picture(name, ending))
        async with nullcontext() if len(content) < SMALL_BYTES else self._large_slots, self._slots:
            try:
                with anyio.fail_after(self._timeout_s):
                    return await _rendered(name, content, max_pages, max_bytes)
            except TimeoutError:
                raise DocumentError(_too_slow(name)) from None


async def _rendered(name: str, content: bytes, max_pages: int, max_bytes: int) -> list[Page]:
    async with _render_process(max_pages) as (process, to_process, from_process):
        with suppress(ConnectionError):  # The process may end before it has read everything; then its answer decides.
            to_process.write(content)
            await to_process.drain()
        to_process.close()
        try:
            head = json.loads(await from_process.readuntil(b"\n"))
            if "error" in head:
                raise DocumentError(_refusal(name, head, max_pages))
            return await _pictures(name, head["pages"], from_process, max_bytes)
        except asyncio.IncompleteReadError:
            is_slow = await process.wait() == -signal.SIGXCPU
            _log.warning("the render process ended before the last page, with code %d", process.returncode)
            raise DocumentError(_too_slow(name) if is_slow else _broken(name)) from None


async def _pictures(name: str, count: int, source: asyncio.StreamReader, max_bytes: int) -> list[Page]:
    pages: list[Page] = []
    left_bytes = max_bytes
    for number in range(1, count + 1):
        is_complete = await source.readexactly(1) == b"\1"
        size_bytes = int.from_bytes(await source.readexactly(4), "big")
        left_bytes -= size_bytes
        if left_bytes < 0:
            raise DocumentError(f"'{name}' 파일의 페이지 이미지가 너무 큽니다. 해상도를 낮추거나 나누어 올려 주세요.")
        picture = await source.readexactly(size_bytes)
        pages.append(Page(number, page_name(name, number, ".png"), picture, "image/png", is_complete))
    return pages


@asynccontextmanager
async def _render_process(max_pages: int) -> AsyncIterator[tuple[Process, asyncio.StreamWriter, asyncio.StreamReader]]:
    """Start the program; after the block the process has ended."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app.easycontracts.render",
        str(max_pages),
        cwd=_ROOT,
        env={},  # The process reads foreign files, so it gets none of the server's secrets.
        stdin=PIPE,
        stdout=PIPE,
        limit=2**20,
    )
    assert process.stdin is not None  # noqa: S101 - they are pipes
    assert process.stdout is not None  # noqa: S101
    try:
        yield process, process.stdin, process.stdout
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.stdin.close()
        with anyio.CancelScope(shield=True):  # The time may be over.
            await process.communicate()  # Also reads the rest: a pipe with unread bytes would stay open.
            with suppress(ConnectionError):  # Otherwise the loop logs an unretrieved exception.
                await process.stdin.wait_closed()


def _refusal(name: str, head: dict[str, Any], max_pages: int) -> str:
    if head["error"] == "encrypted":
        return f"'{name}' 파일은 비밀번호로 보호되어 있습니다. 비밀번호를 해제한 뒤 다시 올려 주세요."
    if head["error"] == "portfolio":
        return f"'{name}' 파일은 여러 파일을 담은 PDF 포트폴리오입니다. 담긴 파일을 꺼내어 따로 올려 주세요."
    if head["error"] == "empty":
        return f"'{name}' 파일에 페이지가 없습니다."
    if head["error"] == "too_many_pages":
        return f"'{name}' 파일은 {head['pages']}페이지입니다. 최대 {max_pages}페이지까지 읽을 수 있습니다."
    return _broken(name)


def _too_slow(name: str) -> str:
    return f"'{name}' 파일을 변환하는 데 시간이 너무 오래 걸려 중단했습니다. 파일을 나누어 올려 주세요."


def _broken(name: str) -> str:
    return f"'{name}' 파일이 손상되었거나 올바른 PDF가 아닙니다."


def _no_picture(name: str, ending: str) -> str:
    return f"'{name}' 파일은 올바른 {ending[1:].upper()} 이미지가 아닙니다."
