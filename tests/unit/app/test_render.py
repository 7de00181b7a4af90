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
from tests.support.app_fakes.damaged_pdfs import (
    damaged_pdf,
    good_image,
    pdf_with_image,
    pdf_with_kids,
    pdf_with_undrawable_page,
    portfolio,
)

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


def output(content: bytes) -> tuple[dict[str, Any], list[tuple[bool, bytes]]]:
    """Return the first line and the pages of the output for a PDF: whether a page is complete, and its PNG."""
    out, started = io.BytesIO(), list[int]()
    render(content, 10, out, started.append)
    head, _, rest = out.getvalue().partition(b"\n")
    assert started == ([] if b"error" in head else [json.loads(head)["pages"]])
    return json.loads(head), pages_of(rest)


def pages_of(output: bytes) -> list[tuple[bool, bytes]]:
    """Return the pages after the first line."""
    pages = []
    while output:
        end = 5 + int.from_bytes(output[1:5], "big")
        pages.append((output[0] == 1, output[5:end]))
        output = output[end:]
    return pages


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
    line, pages = output(content)
    assert line == head
    assert [is_complete and picture.startswith(PNG) for is_complete, picture in pages] == [True] * len(pages)
    assert len(pages) == head.get("pages", 0) * ("error" not in head)


def test_page_is_rendered_at_144_dpi() -> None:
    """A page of A4 has 1190 by 1684 pixels."""
    ((_, picture),) = output(pdf())[1]
    assert size(picture) == (1190, 1684)


def test_largest_page_has_at_most_16_million_pixels() -> None:
    """The largest page is rendered at a smaller scale."""
    ((_, picture),) = output(pdf(width=14400, height=14399))[1]
    width, height = size(picture)
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
    pages = pages_of(rest)
    assert all(picture.startswith(PNG) for _, picture in pages)
    assert json.loads(head) == {"pages": len(pages)} == {"pages": 5}


@pytest.mark.parametrize(
    ("content", "is_complete"),
    [
        (damaged_pdf(), True),
        (damaged_pdf(content=b""), True),
        (pdf_with_image(b"/Filter/FlateDecode", good_image()), True),
        (pdf_with_image(b"/Filter/FlateDecode", good_image()[:8]), False),
        (pdf_with_image(b"/Filter/FlateDecode", b"garbage"), False),
        (pdf_with_image(b"/Filter/JPXDecode", b"garbage"), False),
        (pdf_with_image(b"/Filter/DCTDecode", b"garbage"), False),
        (pdf_with_image(b"/Filter/Unknown", b"garbage"), False),
        (damaged_pdf(content=b"/I Do"), False),
        (damaged_pdf(content=b"unknown operators"), False),
    ],
    ids=["text", "blank", "image", "cut", "flate", "jpx", "jpeg", "filter", "no image", "operators"],
)
def test_page_without_its_damaged_parts_is_incomplete(content: bytes, is_complete: bool) -> None:
    """A page that mupdf draws without a part is incomplete, a blank page is not."""
    ((drawn, picture),) = output(content)[1]
    assert (drawn, picture.startswith(PNG)) == (is_complete, True)


def test_page_that_cannot_be_drawn_leaves_the_others() -> None:
    """The page with too many nested graphics states is empty, and the pages around it are complete."""
    head, pages = output(pdf_with_undrawable_page())
    assert head == {"pages": 3}
    assert [(is_complete, bool(picture)) for is_complete, picture in pages] == [
        (True, True),
        (False, False),
        (True, True),
    ]


@pytest.mark.parametrize("count", [-3, 0, 1, 2, 3, 100_000])
@pytest.mark.parametrize("kids", [b"3 0 R", b"3 0 R 3 0 R"])
def test_wrong_number_of_pages_is_repaired(kids: bytes, count: int) -> None:
    """Each page is drawn, also with a wrong `/Count`."""
    head, pages = output(pdf_with_kids(kids, count))
    assert head == {"pages": kids.count(b"R")}
    assert all(is_complete for is_complete, _ in pages)


def test_page_tree_with_a_circle_ends() -> None:
    """A node that contains itself is no page; mupdf does not draw the page beside it, which is named as unread."""
    assert output(pdf_with_kids(b"2 0 R 3 0 R", 7)) == ({"pages": 1}, [(False, b"")])


def test_portfolio_is_refused() -> None:
    """A portfolio is not read as its cover page."""
    assert output(portfolio()) == ({"error": "portfolio"}, [])
