"""PDFs with damaged or unusual parts."""

import zlib
from typing import Final

_CATALOG: Final = b"<</Type/Catalog/Pages 2 0 R>>"
_PAGES: Final = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
_PAGE: Final = (
    b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]"
    b"/Resources<</Font<</F1 5 0 R>>/XObject<</I 6 0 R>>>>/Contents 4 0 R>>"
)
_FONT: Final = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
_TEXT: Final = b"BT /F1 24 Tf 72 700 Td (lease) Tj ET"
_WITH_IMAGE: Final = b"q 200 0 0 200 72 400 cm /I Do Q " + _TEXT
_IMAGE: Final = b"/Type/XObject/Subtype/Image/Width 64/Height 64/BitsPerComponent 8/ColorSpace/DeviceGray"


def damaged_pdf(
    *, content: bytes = _TEXT, pages: bytes = _PAGES, catalog: bytes = _CATALOG, image: bytes = b"null"
) -> bytes:
    """Return a PDF of one page with some of its objects replaced."""
    objects = (catalog, pages, _PAGE, stream(b"", content), _FONT, image)
    body = b"%PDF-1.7\n" + b"".join(b"%d 0 obj\n%s\nendobj\n" % entry for entry in enumerate(objects, 1))
    return body + b"trailer <</Size %d/Root 1 0 R>>\n%%%%EOF" % (len(objects) + 1)


def stream(entries: bytes, content: bytes) -> bytes:
    """Return a stream object with further entries of its dictionary."""
    return b"<<%s/Length %d>>\nstream\n%s\nendstream" % (entries, len(content), content)


def pdf_with_image(entries: bytes, content: bytes) -> bytes:
    """Return a PDF whose page has a text and an image of 64 by 64 grey pixels."""
    return damaged_pdf(content=_WITH_IMAGE, image=stream(_IMAGE + entries, content))


def pdf_with_kids(kids: bytes, count: int) -> bytes:
    """Return a PDF with this list of pages and this number of pages in it."""
    return damaged_pdf(pages=b"<</Type/Pages/Kids[%s]/Count %d>>" % (kids, count))


def pdf_with_undrawable_page() -> bytes:
    """Return a PDF of three pages, whose second one has more nested graphics states than mupdf allows."""
    whole = damaged_pdf(pages=b"<</Type/Pages/Kids[3 0 R 7 0 R 3 0 R]/Count 3>>")
    page = b"7 0 obj\n%s\nendobj\n8 0 obj\n%s\nendobj\n" % (
        _PAGE.replace(b"4 0 R", b"8 0 R"),
        stream(b"", b"q " * 5000 + _TEXT),
    )
    return whole.replace(b"trailer", page + b"trailer").replace(b"/Size 7", b"/Size 9")


def portfolio() -> bytes:
    """Return a PDF portfolio, whose only page says that its attachments are the documents."""
    return damaged_pdf(catalog=b"<</Type/Catalog/Pages 2 0 R/Collection<</Type/Collection/View/D>>>>")


def endless_pdf() -> bytes:
    """Return a PDF of a few KiB whose page is filled 500,000 times, which takes minutes."""
    whole, fills = damaged_pdf(content=b"@"), zlib.compress(b"0 0 595 842 re f " * 500_000, 9)
    return whole.replace(stream(b"", b"@"), stream(b"/Filter/FlateDecode", fills))


def good_image() -> bytes:
    """Return the pixels of a black image, compressed."""
    return zlib.compress(bytes(64 * 64))
