"""Filtered text controls neither a terminal nor a workflow's log, and breaks neither Markdown nor JSON."""

import io
import json
import sys
import unicodedata

import pytest

from lib.output import MAX_LINE_LENGTH, REPORT_BYTES, as_json, inline, markdown, printable, visible
from lib.streams import write_error, write_progress, write_report

HOSTILE = {
    "title of a terminal": "\x1b]0;owned\x07",
    "hyperlink of a terminal": "\x1b]8;;https://evil.test\x1b\\click\x1b]8;;\x1b\\",
    "clipboard of a terminal": "\x1b]52;c;aGk=\x07",
    "clear screen": "\x1b[2J\x1b[H",
    "C1 control": "\x9b2J\x9d0;owned\x9c",
    "backspaces": "ok\x08\x08no",
    "carriage return": "failed\rserves",
    "delete": "a\x7fb",
    "null": "a\x00b",
    "bidi override": "\u202eevres",
    "bidi isolates": "\u2066a\u2069\u2067b",
    "zero width": "a\u200bb\u2060c\ufeffd",
    "line separators": "a\u2028b\u2029c",
    "tags": "\U000e0041\U000e0042",
    "half a pair": "\ud800",
}


def is_invisible(character: str) -> bool:
    """Return whether Unicode counts a character as a control, format or separator character."""
    return character not in "\n\t" and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_control_and_format_characters_are_made_visible(text: str) -> None:
    """No output function lets a control or format character through."""
    for shown in (visible(text), inline(text), printable(text), markdown(text), as_json([text])):
        assert not any(map(is_invisible, shown))
        assert shown.encode()
    assert len(visible(text)) > len(text.replace("\r", "", 0)) - 1


def test_every_invisible_character_of_unicode_is_covered() -> None:
    """The filter replaces every invisible character of Unicode."""
    hidden = [chr(code) for code in range(sys.maxunicode + 1) if is_invisible(chr(code))]
    assert [f"{ord(character):x}" for character in hidden if visible(character) == character] == []


def test_pictures_and_escapes_identify_the_character() -> None:
    """A replaced character can be recognized."""
    assert visible("a\x1b[2J\x7f\x9b\u202e\r\nb\tc") == "a␛[2J␡\\x9b\\u202e\nb\tc"
    assert inline("a\nb\tc") == "a␊b c"


def test_ordinary_text_is_unchanged() -> None:
    """Text in other scripts and line feeds stay."""
    text = "dojangkok-dev serves · 2/3 → 한국어 é 😀\n  | line\n"
    assert printable(text) == text
    assert visible(text) == text


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("::error::all is lost", ": :error::all is lost"),
        ("  ::add-mask::x", "  : :add-mask::x"),
        ("a\n::stop-commands::x\nb", "a\n: :stop-commands::x\nb"),
        ("startup: ##[error]lost", "startup: # #[error]lost"),
        ("##[group]x", "# #[group]x"),
        ("##vso[task.setvariable]x", "# #vso[task.setvariable]x"),
        ("\u00a0::error::x", "\u00a0: :error::x"),
        ("\r\n::error::x", "\n: :error::x"),
        ("host::port and a ## b", "host::port and a ## b"),
    ],
)
def test_commands_of_a_workflow_are_defused(line: str, shown: str) -> None:
    """A command of a workflow gets a blank, so that no runner executes it."""
    assert printable(line) == shown


def test_long_line_keeps_its_beginning_and_its_end() -> None:
    """A line of more than 500 characters loses its middle."""
    shown = printable("begin " + "x" * 900_000 + " Fix: look.")
    assert len(shown) <= MAX_LINE_LENGTH
    assert shown.startswith("begin xxx")
    assert shown.endswith(" Fix: look.")
    assert "left out" in shown
    assert printable("x" * MAX_LINE_LENGTH) == "x" * MAX_LINE_LENGTH
    assert len(inline("\x1b" * 10_000)) <= MAX_LINE_LENGTH
    assert len(printable("\u202e" * MAX_LINE_LENGTH)) <= MAX_LINE_LENGTH


def test_long_report_is_cut_between_lines() -> None:
    """A report of more than 64 KiB ends with a note after a complete line."""
    shown = printable("\n".join(f"line {number} ·" for number in range(100_000)))
    lines = shown.split("\n")
    assert len(shown.encode()) <= REPORT_BYTES
    assert lines[:-1] == [f"line {number} ·" for number in range(len(lines) - 1)]
    assert lines[-1] == f"… ({100_000 - len(lines) + 1:,} more lines are left out)"


def test_json_is_ascii_with_bounded_values() -> None:
    """JSON keeps its values, with long lines shortened."""
    value = {"a": ["\x1b[2J\u202e", "##[error]x", "x" * 900_000, "half \ud800"], "n": 1, "none": None}
    shown = as_json(value)
    assert shown.isascii()
    assert "##[" not in shown
    assert max(map(len, shown.splitlines())) < MAX_LINE_LENGTH + 20
    data = json.loads(shown)
    assert (data["a"][:2], data["n"], data["none"]) == (["\x1b[2J\u202e", "##[error]x"], 1, None)
    assert printable(shown) == shown


def test_json_report_is_not_cut() -> None:
    """A JSON report of more than 64 KiB stays whole."""
    shown = as_json([f"instance-{number}" for number in range(20_000)])
    assert len(shown) > REPORT_BYTES
    assert json.loads(printable(shown)) == json.loads(shown)


def test_text_that_only_looks_like_json_is_filtered() -> None:
    """Text with control characters or another layout is filtered as text."""
    assert printable('["\x1b[2J"]') == '["␛[2J"]'
    assert printable("{\n::error::x") == "{\n: :error::x"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a | b", r"a \| b"),
        ("`a` ``` b", r"\`a\` \`\`\` b"),
        ("<img src=x onerror=y>", "&lt;img src=x onerror=y&gt;"),
        ("<!-- a & b -->", r"&lt;\!-- a &amp; b --&gt;"),
        ("a\nb | c", r"a␊b \| c"),
        ("[click](https://evil.test)", r"\[click\](https&#58;//evil.test)"),
        ("![x](//evil.test/y.png)", r"\!\[x\](//evil.test/y.png)"),
        ("see http://evil.test and www.evil.test", "see http&#58;//evil.test and www&#46;evil.test"),
        ("thanks @octocat, see #12", "thanks &#64;octocat, see &#35;12"),
        ("**bold** _it_ ~~no~~", r"\*\*bold\*\* \_it\_ \~\~no\~\~"),
        ("# heading", r"\# heading"),
        ("- item", r"\- item"),
        ("1. item", r"1\. item"),
        ("---", r"\---"),
        (r"a\|b", r"a\\\|b"),
        ("host/app_a@sha256:0a1b (seed-r-1) 8.0 s", "host/app_a@sha256:0a1b (seed-r-1) 8.0 s"),
    ],
)
def test_markdown_shows_text_literally(text: str, shown: str) -> None:
    """Each syntax of Markdown is escaped."""
    assert markdown(text) == shown


def test_every_line_that_a_program_writes_is_filtered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The functions for stdout and stderr filter their text."""
    for name, write in (("stdout", write_report), ("stderr", write_error), ("stderr", write_progress)):
        stream = io.StringIO()
        monkeypatch.setattr(sys, name, stream)
        write("\x1b]0;owned\x07\n::error::x\n" + "y" * 900_000)
        assert stream.getvalue().startswith("␛]0;owned␇\n: :error::x\nyyy")
        assert len(stream.getvalue()) < 2 * MAX_LINE_LENGTH


@pytest.mark.parametrize(
    "text", ["[" * 65_536, '{"a":' * 65_536, "[" * 1_000 + "]" * 1_000], ids=["lists", "objects", "closed"]
)
def test_brackets_of_another_program_are_cut_like_any_line(text: str) -> None:
    """Nested brackets of any depth are cut like a line of text."""
    assert len(printable(text)) <= MAX_LINE_LENGTH


@pytest.mark.parametrize(
    "text",
    [f'["{"x" * 900_000}"]', json.dumps({"message": "x" * 600}), "[" + " " * 900 + "]"],
    ids=["long string", "message", "blanks"],
)
def test_json_of_another_program_is_cut_like_any_line(text: str) -> None:
    """JSON that as_json did not write is cut like a line of text."""
    assert len(printable(text)) <= MAX_LINE_LENGTH


def test_report_in_json_is_printed_whole() -> None:
    """A JSON report of as_json is printed unchanged."""
    report = as_json({"lines": ["a" * 900, "b\n" * 900, "\u2028" * 400, 1e300, None, True]} | {"key": "x" * 700})
    assert len(report) > MAX_LINE_LENGTH
    assert printable(report) == report
