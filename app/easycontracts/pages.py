"""Page images of files: PDFs through `app.easycontracts.render`, images unchanged."""

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from app.errors import DocumentError, UnsupportedFileTypeError

_log = logging.getLogger(__name__)

_ROOT = Path(__file__).parents[2]
_PDF_START_BYTES = 1024  # The header may be anywhere in these bytes: ISO 32000-1, annex H.3, note 13.
_PICTURES_BYTES = 128 * 2**20  # Ten pages of a colour scan are 40 MiB.


@dataclass(frozen=True)
class _PictureFormat:
    """A supported format of pictures: its media type, the first bytes of its files, and their extensions."""

    content_type: str
    start: bytes
    extensions: tuple[str, ...]


_PICTURES = (
    _PictureFormat("image/png", b"\x89PNG\r\n\x1a\n", (".png",)),
    _PictureFormat("image/jpeg", b"\xff\xd8\xff", (".jpg", ".jpeg")),
)
_EXTENSIONS = {".pdf", *(extension for picture in _PICTURES for extension in picture.extensions)}


@dataclass(frozen=True)
class Page:
    """
    The image of a page.

    Args:
        number: number of the page in its file.
        name: file name of the image, with the ending of its format.
        content: bytes of the image.
        content_type: media type of the image.
    """

    number: int
    name: str
    content: bytes
    content_type: str


def suffix(name: str) -> str:
    """
    Return the extension of a file's name in lower case: `.pdf`, `.png`, `.jpg` or `.jpeg`.

    Raises:
        UnsupportedFileTypeError: the name has another extension, or none.
    """
    ending = PurePosixPath(name).suffix.lower()
    if ending not in _EXTENSIONS:
        raise UnsupportedFileTypeError(f"'{name}' 파일은 지원하지 않는 형식입니다. PDF, PNG, JPG, JPEG만 됩니다.")
    return ending


class Renderer:
    """
    Renders the pages of files.

    Args:
        timeout_s: longest time for one PDF, from the start of its process.
        at_once: number of PDFs that are rendered at the same time.
    """

    def __init__(self, *, timeout_s: float = 60, at_once: int = 2) -> None:
        self._timeout_s = timeout_s
        self._slots = asyncio.Semaphore(at_once)

    async def pages(self, name: str, content: bytes, max_pages: int) -> list[Page]:
        """
        Return the pages of a file in order.

        Args:
            name: name of the file, with a supported extension.
            content: bytes of the file, which decide the format.
            max_pages: largest number of pages of a PDF; a longer PDF is refused before rendering.

        Raises:
            UnsupportedFileTypeError: the extension is not supported.
            DocumentError: the file is unreadable, or has too many pages.
        """
        ending = suffix(name)
        for picture in _PICTURES:
            if content.startswith(picture.start):
                page_name = name if ending in picture.extensions else _page_name(name, 1, picture.extensions[0])
                return [Page(1, page_name, content, picture.content_type)]
        if b"%PDF-" not in content[:_PDF_START_BYTES]:
            if ending == ".pdf":
                raise DocumentError(_broken(name))
            raise DocumentError(f"'{name}' 파일은 올바른 {ending[1:].upper()} 이미지가 아닙니다.")
        async with self._slots:
            try:
                return await asyncio.wait_for(_rendered(name, content, max_pages), self._timeout_s)
            except asyncio.TimeoutError:
                raise DocumentError(
                    f"'{name}' 파일을 변환하는 데 시간이 너무 오래 걸려 중단했습니다. 파일을 나누어 올려 주세요."
                ) from None


async def _rendered(name: str, content: bytes, max_pages: int) -> list[Page]:
    async with _render_process(max_pages) as (to_process, from_process):
        with suppress(ConnectionError):  # The process may end before it has read everything; then its answer decides.
            to_process.write(content)
            await to_process.drain()
        to_process.close()
        try:
            head = json.loads(await from_process.readuntil(b"\n"))
            if "error" in head:
                raise DocumentError(_refusal(name, head, max_pages))
            return await _pictures(name, head["pages"], from_process)
        except asyncio.IncompleteReadError:
            _log.warning("the render process ended before the last page")
            raise DocumentError(_broken(name)) from None


async def _pictures(name: str, count: int, source: asyncio.StreamReader) -> list[Page]:
    pages: list[Page] = []
    left_bytes = _PICTURES_BYTES
    for number in range(1, count + 1):
        size_bytes = int.from_bytes(await source.readexactly(4), "big")
        left_bytes -= size_bytes
        if left_bytes < 0:
            raise DocumentError(f"'{name}' 파일의 페이지 이미지가 너무 큽니다. 해상도를 낮추거나 나누어 올려 주세요.")
        picture = await source.readexactly(size_bytes)
        pages.append(Page(number, _page_name(name, number, ".png"), picture, "image/png"))
    return pages


def _page_name(name: str, number: int, extension: str) -> str:
    """Return the name of a page's image, such as `lease.pdf.p2.png`."""
    return f"{name}.p{number}{extension}"


@asynccontextmanager
async def _render_process(max_pages: int) -> AsyncIterator[tuple[asyncio.StreamWriter, asyncio.StreamReader]]:
    """Start the program; after the block the process has ended."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app.easycontracts.render",
        str(max_pages),
        cwd=_ROOT,
        env={},  # The process reads foreign files, so it gets none of the server's secrets.
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**20,
    )
    assert process.stdin is not None  # noqa: S101 - they are pipes
    assert process.stdout is not None  # noqa: S101
    try:
        yield process.stdin, process.stdout
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.stdin.close()
        await process.communicate()  # Also reads the rest: a pipe with unread bytes would stay open.
        with suppress(ConnectionError):  # Otherwise the loop logs an unretrieved exception.
            await process.stdin.wait_closed()


def _refusal(name: str, head: dict[str, Any], max_pages: int) -> str:
    if head["error"] == "encrypted":
        return f"'{name}' 파일은 비밀번호로 보호되어 있습니다. 비밀번호를 해제한 뒤 다시 올려 주세요."
    if head["error"] == "empty":
        return f"'{name}' 파일에 페이지가 없습니다."
    if head["error"] == "too_many_pages":
        return f"'{name}' 파일은 {head['pages']}페이지입니다. 최대 {max_pages}페이지까지 읽을 수 있습니다."
    return _broken(name)


def _broken(name: str) -> str:
    return f"'{name}' 파일이 손상되었거나 올바른 PDF가 아닙니다."
