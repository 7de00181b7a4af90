"""The text of replies of the OCR service, and of malformed replies."""

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.easycontracts.text import html_of, text_of
from app.errors import OutboundError


def html(value: object) -> dict[str, object]:
    return {"content": {"html": value}}


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        (
            "<h1 id='0' style='font-size:20px'>임대차\n 계약서</h1><br><p id='1'>제1조  목적</p>",
            "임대차\n계약서\n제1조 목적",
        ),
        ("<p>보증금<br>50,000,000원<br/>정</p>", "보증금\n50,000,000원\n정"),
        ("<header>가</header><h2>나</h2><h3>다</h3><footer>- 1 -</footer>", "가\n나\n다\n- 1 -"),
        ("<figure><img alt='도장 그림' src='data:'><figcaption>(인)</figcaption></figure>", "(인)"),
        (
            (
                "<table><caption>표</caption><thead><tr><th>구분</th><th>금액</th></tr></thead>"
                "<tbody><tr><td>보증금<br>(전세)</td><td> 1 원 </td></tr><tr><td></td></tr></tbody></table>"
            ),
            "표\n구분\t금액\n보증금 (전세)\t1 원",
        ),
        ("<table><tr><td>가</td><td><table><tr><td>나</td><td>다</td></tr></table></td></tr></table>", "가\t나다"),
        ("<div><ul><li>제2조</li></ul>특약 <!-- 주석 --></div>", "제2조\n특약"),
        ("<p>A &amp; B &lt;C&gt;</p>", "A & B <C>"),
        ("<p>닫히지 않은 <p>문단", "닫히지 않은 문단"),
        ("https://example.test/a", "https://example.test/a"),
        ("<p>&#xD800;가\ud800</p>", "\ufffd가"),
        ("   ", ""),
    ],
)
def test_blocks_are_lines(markup: str, text: str) -> None:
    """Each block and each row of a table is a line."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert text_of(markup) == text


def test_elements_are_joined_without_a_whole_text() -> None:
    """Without content of its own a reply has the texts of its elements."""
    reply = {"content": {"html": " "}, "elements": [html("<p>가</p>"), None, {"content": 1}, html("<p>나</p>")]}
    assert text_of(html_of(reply)) == "가\n나"


def test_whole_text_is_preferred_to_elements() -> None:
    """The content of the reply has precedence."""
    assert text_of(html_of({**html("<p>가</p>"), "elements": [html("<p>나</p>")]})) == "가"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["content", "html", "elements"]), inner),
    max_leaves=8,
)
MARKUP = st.lists(
    st.sampled_from(
        [
            *("<p>", "</p>", "<table>", "<tr>", "<td>", "</table>", "<br>", "<img>", "<![", "<!", "<?", "<", "&#", ">"),
            *(
                "&#xD800;",
                "&#" + "9" * 5000 + ";",
                "가",
                " ",
                "\0",
                "\ud800",
                "<script>",
                "</",
                "<figure",
                "='",
                "<!--",
            ),
        ]
    ),
    max_size=12,
).map("".join)


@given(JSON | MARKUP.map(html))
def test_any_reply_gives_a_text(reply: object) -> None:
    """Generated replies raise no error and have no lone surrogates."""
    assert text_of(html_of(reply)).encode() is not None


@pytest.mark.parametrize(
    "reply", [None, [], "x", 1, {}, {"content": []}, html(None), {"elements": {}}, {"elements": [[]]}]
)
def test_reply_of_another_form_has_no_text(reply: object) -> None:
    """A value of another form gives an empty text."""
    assert text_of(html_of(reply)) == ""


@pytest.mark.parametrize("tag", ["div", "p", "table", "td", "b"])
def test_deep_nesting_is_allowed(tag: str) -> None:
    """Deeply nested tags raise no RecursionError."""
    assert text_of(f"<{tag}>" * 5_000 + "바닥") in ("바닥", "")


@pytest.mark.parametrize("markup", ["<br>" * 50_001, "가" * (2**16 + 1), "x" * (2**20 + 1)])
def test_text_larger_than_any_page_is_refused(markup: str) -> None:
    """Too many tags or characters are an invalid answer of the OCR service."""
    with pytest.raises(OutboundError):
        text_of(markup)
