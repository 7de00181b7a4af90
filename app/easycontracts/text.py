"""Plain text of the OCR service's answer."""

from collections.abc import Iterator
from typing import Final

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, Tag
from bs4.exceptions import ParserRejectedMarkup

from app.errors import OutboundError

_BLOCKS = frozenset({"h1", "h2", "h3", "p", "header", "footer", "caption", "table", "figure"})

# The text of a page is a few thousand characters. A tag needs 1.2 KiB of memory and 10 microseconds.
_LONGEST_HTML: Final = 2**20
_LONGEST_TEXT: Final = 2**16
_TAGS: Final = 50_000


def text_of(html: str) -> str:
    """
    Return the text of HTML: a line for each block and for each row of a table, with tabs between cells.

    Raises:
        OutboundError: the HTML is larger than any page.
    """
    if len(html) > _LONGEST_HTML or html.count("<") > _TAGS:
        raise OutboundError("문서 인식 결과가 너무 큽니다.")
    if html.rfind("<") > html.rfind(">"):  # A tag without an end: html.parser would look for its end again and again.
        html = html[: html.find("<", html.rfind(">") + 1)]
    try:
        soup = BeautifulSoup(html + "\n", "html.parser")  # Without the line break, BeautifulSoup warns about a URL.
    except (ParserRejectedMarkup, ValueError):  # ValueError: a character reference with thousands of digits.
        return ""
    for image in soup("img"):
        image.decompose()
    for line_break in soup("br"):
        line_break.append("\n")  # Replacing the tag would search its siblings: minutes for 100,000 of them.
    text = "\n".join(line for block in _outermost(soup, _BLOCKS) for line in _lines(block))
    if len(text) > _LONGEST_TEXT:
        raise OutboundError("문서 인식 결과가 너무 큽니다.")
    return text.encode("utf-8", "ignore").decode()  # JSON and HTML both allow lone surrogates.


def html_of(reply: object) -> str:
    """
    Return the HTML of a reply.

    Args:
        reply: any JSON value; a value of another form has none.

    Source:
        `content.html` of Upstage document digitization, or of each of its `elements`.
    """
    whole = _content_html(reply)
    elements = reply.get("elements") if isinstance(reply, dict) else None
    if whole.strip() or not isinstance(elements, list):
        return whole
    return "\n".join(_content_html(element) for element in elements)


def _content_html(value: object) -> str:
    content = value.get("content") if isinstance(value, dict) else None
    html = content.get("html") if isinstance(content, dict) else None
    return html if isinstance(html, str) else ""


def _lines(block: PageElement) -> Iterator[str]:
    if isinstance(block, Tag) and block.name == "table":
        for row in _outermost(block, {"caption", "tr"}):
            cells = [_one_line(cell.get_text()) for cell in _outermost(row, {"td", "th"})]
            if any(cells):
                yield "\t".join(cells)
    else:
        yield from filter(None, map(_one_line, block.get_text().split("\n")))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _outermost(root: PageElement, names: frozenset[str] | set[str]) -> Iterator[PageElement]:
    """Yield the outermost tags of these names, and the text outside them, without recursion."""
    waiting = [root]
    while waiting:
        element = waiting.pop()
        if isinstance(element, Tag) and (element is root or element.name not in names):
            waiting.extend(reversed(element.contents))
        elif isinstance(element, Tag) or type(element) is NavigableString:  # Not its subclasses, such as comments.
            yield element
