"""
`python -m app.easycontracts.render MAX_PAGES`: PNG images on stdout for the pages of the PDF on stdin.

A separate program, because pymupdf is not thread safe and blocks the event loop, and a foreign PDF may need any amount
of memory and time. The program limits both for itself; `app.easycontracts.pages` starts it and reads its output. It has
few imports, because every PDF waits for its start.

stdout is one JSON line, {"pages": N} or {"error": REASON, "pages": N?}, where REASON is encrypted, portfolio, broken,
empty or too_many_pages. Then for each page: a byte that is 1 if the page is complete, the length of its PNG (4 bytes,
big-endian), and the PNG, which is empty if the page cannot be drawn.
"""

import importlib
import json
import math
import os
import resource
import sys
from collections.abc import Callable
from typing import IO, Any

SMALL_BYTES = 2**20  # a PDF below this size has less memory, so that a third process fits beside two others

_ZOOM = 2.0  # 72 dpi of PDF to 144
_PAGE_PIXELS = 16_000_000
_MEMORY_BYTES = 3 * 2**29
_SMALL_MEMORY_BYTES = 2**29
_OPEN_CPU_S = 5  # with the start of Python and the import of pymupdf, about 1 s
_PAGE_CPU_S = 1.5
_CPU_S = 120  # The parent ends the process earlier; this limit is for a parent that has ended.
_LOST_CONTENT = (  # parts of mupdf's warnings, which it prints when it draws a page without its damaged parts
    "page may not be correct",
    "truncated image",
    "treating as end of file",
    "is not a stream",
    "non-page object in page tree (",
)


def zoom(width: float, height: float) -> float:
    """
    Return the scale of a page: 2.0, or less if the image would have more than 16 million pixels.

    Args:
        width: width in points, above 0.
        height: height in points, above 0.
    """
    # A side of `s` points may take a pixel more than s * zoom: solve (width * z + 1) * (height * z + 1) = _PAGE_PIXELS.
    area, sides = width * height, width + height
    largest = (math.sqrt(sides**2 + 4 * area * (_PAGE_PIXELS - 1)) - sides) / (2 * area)
    return min(_ZOOM, largest)


def limit_resources() -> None:
    """Limit memory, time and files of this process, and lower its priority below the server's."""
    limit_memory(_MEMORY_BYTES)
    limit_cpu(0)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(10)


def limit_memory(max_bytes: int) -> None:
    """Limit the address space of this process."""
    resource.setrlimit(resource.RLIMIT_AS, (max_bytes, max_bytes))


def limit_cpu(pages: int) -> None:
    """Limit the processor time of this process: 5 s, and 1.5 s a page. Above it, SIGXCPU ends the process."""
    limit_s = min(math.ceil(_OPEN_CPU_S + _PAGE_CPU_S * pages), _CPU_S)
    resource.setrlimit(resource.RLIMIT_CPU, (limit_s, _CPU_S + 1))


def render(content: bytes, max_pages: int, out: IO[bytes], started: Callable[[int], None]) -> None:
    """
    Write the output for a PDF.

    Args:
        content: the PDF.
        max_pages: largest number of pages.
        out: output.
        started: function that gets the number of pages before the first of them is drawn.
    """
    # Imported here, so that the limits apply to the import; Any, because the library has no types.
    pymupdf: Any = importlib.import_module("pymupdf")
    errors = (RuntimeError, ValueError, LookupError, ArithmeticError, MemoryError, pymupdf.mupdf.FzErrorBase)
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)

    def write_head(head: dict[str, str | int]) -> None:
        out.write(json.dumps(head).encode() + b"\n")

    try:
        document = pymupdf.open(stream=content, filetype="pdf")
        if document.needs_pass:
            return write_head({"error": "encrypted"})
        if _is_portfolio(pymupdf, document):
            return write_head({"error": "portfolio"})
        _repair_counts(pymupdf, document)
        pages = document.page_count
    except errors:
        return write_head({"error": "broken"})
    if pages == 0:
        return write_head({"error": "empty"})
    if pages > max_pages:
        return write_head({"error": "too_many_pages", "pages": pages})
    started(pages)
    write_head({"pages": pages})
    for number in range(pages):
        pymupdf.TOOLS.reset_mupdf_warnings()
        try:
            picture = _picture(pymupdf, document[number])
        except errors:
            picture = b""
        warnings = pymupdf.TOOLS.mupdf_warnings()
        is_complete = bool(picture) and not any(lost in warnings for lost in _LOST_CONTENT)
        out.write(bytes([is_complete]) + len(picture).to_bytes(4, "big") + picture)
        out.flush()
    return None


def _picture(pymupdf: Any, page: Any) -> bytes:
    scale = zoom(page.rect.width, page.rect.height)
    picture: bytes = page.get_pixmap(matrix=pymupdf.Matrix(scale, scale), alpha=False).tobytes("png")
    return picture


def _is_portfolio(pymupdf: Any, document: Any) -> bool:
    """Return whether a PDF is a portfolio: `/Collection` in its catalog (ISO 32000-1, 12.3.5)."""
    mupdf, pdf = pymupdf.mupdf, pymupdf._as_pdf_document(document)
    return bool(mupdf.pdf_is_dict(mupdf.pdf_dict_getp(mupdf.pdf_trailer(pdf), "Root/Collection")))


def _repair_counts(pymupdf: Any, document: Any) -> None:
    """Set a wrong `/Count` in the page tree to the number of pages below the node, because mupdf trusts it."""
    mupdf, pdf = pymupdf.mupdf, pymupdf._as_pdf_document(document)
    nodes = [(mupdf.pdf_dict_getp(mupdf.pdf_trailer(pdf), "Root/Pages"), -1)]  # each with the index of its parent
    counts: list[int] = []
    seen = {mupdf.pdf_to_num(nodes[0][0])}
    for index, (node, _) in enumerate(nodes):  # the list grows meanwhile
        counts.append(0)
        kids = mupdf.pdf_dict_gets(node, "Kids")
        for position in range(mupdf.pdf_array_len(kids)):
            kid = mupdf.pdf_array_get(kids, position)
            number = mupdf.pdf_to_num(kid)
            if not mupdf.pdf_is_array(mupdf.pdf_dict_gets(kid, "Kids")):
                counts[index] += 1
            elif number not in seen:
                seen.add(number)
                nodes.append((kid, index))
    for index in range(len(nodes) - 1, -1, -1):
        node, parent = nodes[index]
        if parent >= 0:
            counts[parent] += counts[index]
        if mupdf.pdf_is_dict(node) and mupdf.pdf_to_int(mupdf.pdf_dict_gets(node, "Count")) != counts[index]:
            mupdf.pdf_dict_puts(node, "Count", mupdf.pdf_new_int(counts[index]))


def main() -> None:
    """Write the output to stdout, and redirect all other prints, such as those of mupdf, to stderr."""
    limit_resources()
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with out:
        content = sys.stdin.buffer.read()
        if len(content) < SMALL_BYTES:
            limit_memory(_SMALL_MEMORY_BYTES)
        render(content, int(sys.argv[1]), out, limit_cpu)


if __name__ == "__main__":
    main()
