"""Places of renderers, and the limits of processor time and memory of a render process."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.easycontracts.pages import Renderer, RenderPolicy
from tests.unit.app.rendering import children, pdf, run, until

MEBIBYTE = 2**20
SMALL, LARGE = pdf(), pdf() + bytes(MEBIBYTE)


@pytest.fixture
def hanging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the render program by one that never ends."""
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))


@pytest.mark.usefixtures("hanging")
@pytest.mark.parametrize(
    ("files", "most"), [([LARGE] * 5, 2), ([SMALL] * 5, 3), ([LARGE] * 5 + [SMALL], 3), ([SMALL] * 5 + [LARGE], 3)]
)
def test_places_of_renderers(files: list[bytes], most: int) -> None:
    """Two large PDFs and one below 1 MiB, or three of those, are rendered at once; others wait."""

    async def started() -> int:
        renderer = Renderer(RenderPolicy())
        waiting = [asyncio.ensure_future(renderer.pages("계약.pdf", content, 10)) for content in files]
        await until(lambda: len(children()) >= most)
        await asyncio.sleep(0.2)  # in which a process without a place would start too
        count = len(children())
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return count

    assert run(started()) == most


def limits_of(program: "subprocess.Popen[bytes]", until: Callable[[str], bool]) -> str:
    """Return the limits of a process as soon as they fulfil a condition."""
    deadline = time.monotonic() + 20
    while not until(limits := Path(f"/proc/{program.pid}/limits").read_text(encoding="utf-8")):
        assert time.monotonic() < deadline, limits
        time.sleep(0.001)
    return limits


@pytest.mark.parametrize(("size_bytes", "memory_bytes"), [(MEBIBYTE - 1, 2**29), (MEBIBYTE, 3 * 2**29)])
def test_limits_follow_size_and_pages(size_bytes: int, memory_bytes: int) -> None:
    """A PDF below 1 MiB has 512 MiB of address space; processor time is 5 s, and 1.5 s for each of three pages."""
    content = pdf(3)
    argv = [sys.executable, "-m", "app.easycontracts.render", "10"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as program:
        limits = limits_of(program, lambda limits: "1610612736" in limits)
        assert "Max cpu time              5 " in limits
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write(content + bytes(size_bytes - len(content)))
        program.stdin.close()
        assert json.loads(program.stdout.readline()) == {"pages": 3}
        limits = Path(f"/proc/{program.pid}/limits").read_text(encoding="utf-8")
        program.kill()
    assert "Max cpu time              10 " in limits
    assert f"Max address space         {memory_bytes} " in limits
