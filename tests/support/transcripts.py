"""Transcripts in READMEs, compared with the output of real runs."""

import re
from typing import Final

from tests.support.reports import unwrapped

_VARYING: Final = (
    (r"(\d+ min )?\b\d+(\.\d+)? s( old)?\b", "TIME"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d UTC)?", "MOMENT"),
    (r"-r-[0-9a-f]{12}", "-r-HASH"),
    (r"sha256:[0-9a-f]{64}", "DIGEST"),
    (r"\bnew [0-9a-f]{12}\b", "new SHORT"),
    (r"\bai-server [0-9a-f]{7}\b", "ai-server SHORT"),
    (r"tags \S+,", "tags TAG,"),
    (r"(requests +)\d+", r"\1N"),
    (r"(run +)[0-9a-f]{8}", r"\1RUN"),
    (r"ai-server-[0-9a-z]{4}\b(?!-)", "ai-server-NAME"),
    (r"\d+(\.\d+)? (files|passed|MB)\b", r"N \2"),
    (r"(?m)^vulnerabilities .*", "vulnerabilities RESULT"),  # depends on the day and on a service
    (r" +", " "),
)


def comparable(text: str) -> str:
    """
    Return a text without what differs from run to run: times, counts, ids, hashes and the width of columns.

    Its lines are sorted, because the order of instances differs too.
    """
    text = unwrapped(text)  # a longer time may break a line
    for pattern, replacement in _VARYING:
        text = re.sub(pattern, replacement, text)
    return "\n".join(sorted(line.strip() for line in text.splitlines() if line.strip()))
