"""PDFs, event loops and counts of processes and pipes for tests of rendering."""

import asyncio
import contextlib
import gc
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import anyio
import pymupdf
import uvloop

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff\xe0"
LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


def pdf(pages: int = 1, width: float = 595, height: float = 842, **save: Any) -> bytes:
    """Return a PDF with some pages."""
    document: Any = pymupdf.open()
    for number in range(pages):
        document.new_page(width=width, height=height).insert_text((72, 72), f"page {number}")
    return bytes(document.tobytes(**save))


def run(coroutine: Coroutine[Any, Any, Any], new_loop: Callable[[], asyncio.AbstractEventLoop] = LOOPS[0]) -> Any:
    """Run a coroutine on a new loop, which must report no error."""
    loop = new_loop()
    errors: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: errors.append(context))
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(coroutine)
    finally:
        gc.collect()
        loop.close()
        asyncio.set_event_loop(None)
        assert not errors


def children() -> set[str]:
    """Return the child processes of this process, including zombies; a thread that ends meanwhile has none."""
    processes: set[str] = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            processes.update((task / "children").read_text().split())
    return processes


def pipes() -> int:
    """Return the number of open pipes of this process."""
    return sum(entry.is_fifo() for entry in Path("/proc/self/fd").iterdir() if entry.exists())


async def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition of another process or thread holds, which sets no event."""
    with anyio.fail_after(20):
        while not condition():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.01)
