"""Texts that a search of their square would read for minutes."""

import re
import time

import pytest

from app.easycontracts.text import text_of
from app.pii import redact
from app.pii.identities import EMAILS
from tests.support.app_fakes.slow_texts import UNITS


@pytest.mark.parametrize("unit", UNITS)
def test_time_grows_linearly(unit: str) -> None:
    """A quadratic search of this text would take more than ten seconds."""
    text = unit * (65_536 // len(unit))
    started_at = time.process_time()
    redact(text, with_names=True)
    assert time.process_time() - started_at < 4


def test_search_for_an_address_reads_long_words_once() -> None:
    """A search holds the interpreter, so at each character it needs about the time of one pass over 65 characters."""
    text = "a" * 65_536
    seconds = []
    for pattern in (EMAILS.pattern, re.compile("[a-z]{65}-")):
        started_at = time.process_time()
        assert pattern.search(text) is None
        seconds.append(time.process_time() - started_at)
    assert seconds[0] < 5 * seconds[1]


def test_many_line_breaks_need_linear_time() -> None:
    """A reply with many line breaks is read quickly."""
    begun = time.process_time()
    assert text_of("<p>가" + "<br>" * 20_000 + "나</p>") == "가\n나"
    assert time.process_time() - begun < 3


def test_unfinished_tags_need_linear_time() -> None:
    """A reply that ends in tags without an end is read quickly, without them; html.parser needs the square of it."""
    begun = time.process_time()
    assert text_of("<p>가</p>나" + "<a " * 20_000) == "가\n나"
    assert time.process_time() - begun < 3
