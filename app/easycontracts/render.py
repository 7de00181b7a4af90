"""
`python -m app.easycontracts.render MAX_PAGES`: PNG images on stdout for the pages of the PDF on stdin.

A separate program, because pymupdf is not thread safe and blocks the event loop, and a foreign PDF may need any amount
of memory and time. The program limits both for itself; `app.easycontracts.pages` starts it and reads its output. It has
few imports, because every PDF waits for its start.

stdout is one JSON line, {"pages": N} or {"error": "encrypted" | "broken" | "empty" | "too_many_pages", "pages": N?},
then for each page the length of its PNG (4 bytes, big-endian) and the PNG.
"""

import importlib
import json
import math
import os
import resource
import sys
from typing import IO, Any

_ZOOM = 2.0  # 72 dpi of PDF to 144
_PAGE_PIXELS = 16_000_000
_MEMORY_BYTES = 3 * 2**29
_CPU_S = 120  # The parent ends the process earlier; this limit is for a parent that has ended.


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
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(10)


def render(content: bytes, max_pages: int, out: IO[bytes]) -> None:
    """Write the output for a PDF; a page that cannot be rendered raises after the pages before it are written."""
    # Imported here, so that the limits apply to the import; Any, because the library has no types.
    pymupdf: Any = importlib.import_module("pymupdf")
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)

    def write_head(head: dict[str, str | int]) -> None:
        out.write(json.dumps(head).encode() + b"\n")

    try:
        document = pymupdf.open(stream=content, filetype="pdf")
        locked = bool(document.needs_pass)
        pages = 0 if locked else document.page_count
    except (RuntimeError, ValueError, pymupdf.mupdf.FzErrorBase):
        return write_head({"error": "broken"})
    if locked:
        return write_head({"error": "encrypted"})
    if pages == 0:
        return write_head({"error": "empty"})
    if pages > max_pages:
        return write_head({"error": "too_many_pages", "pages": pages})
    write_head({"pages": pages})
    for page in document:
        scale = zoom(page.rect.width, page.rect.height)
        picture = page.get_pixmap(matrix=pymupdf.Matrix(scale, scale), alpha=False).tobytes("png")
        out.write(len(picture).to_bytes(4, "big") + picture)
        out.flush()
    return None


def main() -> None:
    """Write the output to stdout, and redirect all other prints, such as those of mupdf, to stderr."""
    limit_resources()
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with out:
        render(sys.stdin.buffer.read(), int(sys.argv[1]), out)


if __name__ == "__main__":
    main()
