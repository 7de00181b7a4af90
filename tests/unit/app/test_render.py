"""The render program: its output for a PDF, the size of its images, and its limits."""

import io
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pymupdf
import pytest

from app.easycontracts.render import render, zoom

PNG = b"\x89PNG\r\n\x1a\n"
EMPTY = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"trailer<</Root 1 0 R>>\n"
)


def pdf(pages: int = 1, width: float = 595, height: float = 842, **save: Any) -> bytes:
    """Return a PDF with some pages."""
    document: Any = pymupdf.open()
    for number in range(pages):
        document.new_page(width=width, height=height).insert_text((72, 72), f"page {number}")
    return bytes(document.tobytes(**save))


def locked(user_pw: str) -> bytes:
    """Return an encrypted PDF."""
    return pdf(encryption=pymupdf.mupdf.PDF_ENCRYPT_AES_256, user_pw=user_pw, owner_pw="owner")


def size(png: bytes) -> tuple[int, int]:
    """Return width and height of a PNG."""
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


@pytest.mark.parametrize(
    ("content", "head"),
    [
        (pdf(3), {"pages": 3}),
        (locked(""), {"pages": 1}),
        (locked("user"), {"error": "encrypted"}),
        (EMPTY, {"error": "empty"}),
        (pdf(300), {"error": "too_many_pages", "pages": 300}),
        (b"%PDF-1.7\njunk", {"error": "broken"}),
        (pdf()[:194], {"error": "broken"}),
        (b"", {"error": "broken"}),
    ],
    ids=["pages", "owner", "user", "empty", "many", "junk", "cut", "nothing"],
)
def test_first_line_has_pages_or_error(content: bytes, head: dict[str, Any]) -> None:
    """The first line has the number of pages or the error, and only the former is followed by images."""
    out = io.BytesIO()
    render(content, 10, out)
    line, _, pictures = out.getvalue().partition(b"\n")
    assert json.loads(line) == head
    assert pictures.count(PNG) == head.get("pages", 0) * ("error" not in head)


def test_page_is_rendered_at_144_dpi() -> None:
    """A page of A4 has 1190 by 1684 pixels."""
    out = io.BytesIO()
    render(pdf(), 1, out)
    assert size(out.getvalue().partition(b"\n")[2][4:]) == (1190, 1684)


def test_largest_page_has_at_most_16_million_pixels() -> None:
    """The largest page is rendered at a smaller scale."""
    out = io.BytesIO()
    render(pdf(width=14400, height=14399), 1, out)
    width, height = size(out.getvalue().partition(b"\n")[2][4:])
    assert 15_900_000 < width * height <= 16_000_000


@pytest.mark.parametrize(
    ("width", "height"), [(1, 1), (595, 842), (14400, 3), (1e-3, 1e6), (2001.3, 1999.1), (1e9, 1e9)]
)
def test_scale_keeps_the_pixel_limit(width: float, height: float) -> None:
    """The scale is at most 2 and keeps the limit for any size."""
    scale = zoom(width, height)
    assert 0 < scale <= 2
    assert scale == 2 or (width * scale + 1) * (height * scale + 1) <= 16_000_000.001


def test_program_limits_itself_and_prints_only_the_output() -> None:
    """The process has a memory limit, and warnings of mupdf do not reach stdout."""
    argv = [sys.executable, "-m", "app.easycontracts.render", "10"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 20
        while "1610612736" not in (limits := Path(f"/proc/{process.pid}/limits").read_text(encoding="utf-8")):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        damaged = pdf(5).replace(b"endstream", b"endstrxxm")  # mupdf prints warnings about this file and repairs it.
        out, _ = process.communicate(damaged)
    assert "Max address space         1610612736" in limits
    head, _, rest = out.partition(b"\n")
    pictures = 0
    while rest:
        end = 4 + int.from_bytes(rest[:4], "big")
        assert rest[4:].startswith(PNG)
        rest, pictures = rest[end:], pictures + 1
    assert json.loads(head) == {"pages": pictures} == {"pages": 5}
