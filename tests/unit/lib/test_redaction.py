"""Redaction hides secrets of many forms, and leaves references, digests and ordinary text unchanged."""

import pytest

from lib.redaction import SHOWN_BYTES, redacted, redacted_tail, secrets
from tests.unit.lib.forms import BEGIN, END, FORMS, HARMLESS


@pytest.mark.parametrize(("text", "value"), FORMS.values(), ids=FORMS)
def test_secret_is_hidden(text: str, value: str) -> None:
    """No form of a secret survives redaction, with and without the prefix of a log."""
    assert value in text
    assert value not in redacted(text)
    assert value not in redacted(f"Nov 26 14:45:50 web-1 startup-script[812]: {text}")


@pytest.mark.parametrize(("text", "value"), FORMS.values(), ids=FORMS)
def test_redaction_of_redacted_text_changes_nothing(text: str, value: str) -> None:
    """Redacting twice gives the same text as redacting once."""
    assert value
    assert redacted(redacted(text)) == redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[36mpassword\x1b[0m=\x1b[35mhunter22\x1b[0m",
        "\x1b[1mpassword\x1b[0m: hunter22",
        "\x1b[1;31mAPI_KEY=hunter22",
    ],
    ids=["name and value", "name", "line"],
)
def test_secret_in_colours_is_hidden(text: str) -> None:
    """Escape sequences for colours between name and value do not hide a secret."""
    assert "hunter22" not in redacted(text)
    assert redacted(text.replace("hunter22", "$X")).endswith("$X")


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS)
def test_harmless_text_is_unchanged(text: str) -> None:
    """Text without a secret has no finding and stays unchanged."""
    assert (redacted(text), secrets(text)) == (text, [])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("API_TOKEN=hunter22 rest", "API_TOKEN=…"),
        ("run -e API_TOKEN=hunter22 rest", "run -e API_TOKEN=… rest"),
        ('DB_PASSWORD="a b c" rest', "DB_PASSWORD=… rest"),
        ('{"user": "x", "password": "p w"}', '{"user": "x", "password": "…"}'),
        ("postgres://app:p$w@host/db", "postgres://…@host/db"),
        (f"a\n{BEGIN}\nMIIEow\n{END}\nb", "a\n…\nb"),
        ("password: hunter22 # of the test", "password: … # of the test"),
    ],
)
def test_text_around_a_secret_is_unchanged(text: str, shown: str) -> None:
    """Only the value of the secret is replaced."""
    assert redacted(text) == shown


def test_tail_is_cut_between_lines() -> None:
    """The tail of a long text consists of complete lines, at most 64 KiB."""
    lines = [f"line {number}" for number in range(20_000)]
    shown = redacted_tail("\n".join(lines))
    assert shown.splitlines() == lines[-len(shown.splitlines()) :]
    assert SHOWN_BYTES - 20 < len(shown.encode()) <= SHOWN_BYTES


def test_short_text_is_not_cut() -> None:
    """A text of exactly 64 KiB is whole."""
    text = "line\n" * (SHOWN_BYTES // 5) + "x"
    assert len(text) == SHOWN_BYTES
    assert redacted_tail(text) == text
    assert redacted_tail(f"y{text}") == text[5:]


def test_tail_hides_a_key_whose_beginning_is_cut() -> None:
    """A private key that starts before the tail is hidden."""
    body = "\n".join("MIIEow" + "a" * 58 for _ in range(SHOWN_BYTES // 65 + 1))
    text = f"{'x' * 2_000}\n{BEGIN}\n{body}\n{END}\nafter"
    assert BEGIN not in text[-SHOWN_BYTES:]
    assert redacted_tail(text) == "…\nafter"


@pytest.mark.parametrize("size", [8_193, SHOWN_BYTES, 900_000])
def test_tail_omits_only_a_long_line(size: int) -> None:
    """A line of more than 8,192 characters is replaced by a note."""
    line = "password=hunter22 " + "x" * (size - 18)
    assert redacted_tail(f"before\n{line}\nafter") == f"before\n… ({size:,} characters left out)\nafter"
    assert redacted_tail(line) == f"… ({size:,} characters left out)"


def test_tail_hides_a_key_that_begins_in_a_long_line() -> None:
    """The lines of a key stay hidden if its first line is omitted."""
    shown = redacted_tail(f"before\n{'x' * 9_000}{BEGIN}\nMIIEow\nMIIEow\n{END}\nafter")
    assert shown == f"before\n… ({9_000 + len(BEGIN):,} characters left out) …\nafter"


def test_tail_hides_secrets_of_a_cut_line() -> None:
    """A line at the beginning of the tail shows no secret."""
    lines = [f"password=hunter{number} and more" for number in range(5_000)]
    assert "hunter" not in redacted_tail("\n".join(lines))


@pytest.mark.parametrize(
    "part",
    [
        "${password=",
        "${{{password=",
        "{{password=",
        "key=${echo ",
        "$(password=",
        '"password: | # ',
        "password=<",
        "${",
        "$(a",
    ],
)
@pytest.mark.parametrize("begin", ["", "password: ", "password='", "password=\\\n"])
def test_secret_behind_many_begins_is_hidden(begin: str, part: str) -> None:
    """Unclosed substitutions before a secret do not hide it from the search; bench/redaction.py measures the time."""
    text = begin + part * (8_192 // len(part))
    for behind in (" API_TOKEN=hunter22", "\nAPI_TOKEN=hunter22\n"):
        assert "hunter22" not in redacted(text + behind)
