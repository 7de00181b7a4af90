"""What a kind of personal data is: a pattern over the view, and a decision by the characters around a match."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

RESIDENT: Final = "[주민등록번호]"
FOREIGNER: Final = "[외국인등록번호]"
PHONE: Final = "[전화번호]"
ACCOUNT: Final = "[계좌번호]"
CARD: Final = "[카드번호]"
LICENCE: Final = "[운전면허번호]"
PASSPORT: Final = "[여권번호]"
EMAIL: Final = "[이메일]"
NAME: Final = "[이름]"
KEPT: Final = ""  # the label of what stays as it is

# Characters that stand for what was replaced or kept, and in a second redaction for the labels. No text contains them,
# because the view has no private characters. No pattern extends over them, and no context reaches beyond them.
BLANK: Final = "\ue000"
ACCOUNT_BLANK: Final = "\ue001"
BLANKS: Final = BLANK + ACCOUNT_BLANK
LABELS: Final = (RESIDENT, FOREIGNER, PHONE, ACCOUNT, CARD, LICENCE, PASSPORT, EMAIL, NAME)

WINDOW: Final = 40  # characters of context before and behind a match
ANY_JOIN: Final = r"[-~/.)|\n *]?"
HARD_JOIN: Final = "[-~/.)|]"


@dataclass(frozen=True)
class Candidate:
    """
    A match of a pattern with its context.

    Args:
        before: at most `WINDOW` characters before the match; an earlier match is a blank.
        match: the match.
        after: at most `WINDOW` characters behind the match.
    """

    before: str
    match: re.Match[str]
    after: str


@dataclass(frozen=True)
class Kind:
    """
    A kind of numbers.

    Args:
        pattern: pattern over the view, without unbounded repetition.
        label_of: function that returns the label of a candidate, `KEPT`, or None if the candidate is of another kind.
    """

    pattern: re.Pattern[str]
    label_of: Callable[[Candidate], str | None]


def blank_of(label: str) -> str:
    """Return the character that stands for a label in the view."""
    return ACCOUNT_BLANK if label == ACCOUNT else BLANK


def near(words: str, gap: int) -> re.Pattern[str]:
    """Return a pattern for the context before a number: one of the words, then a gap without digits."""
    return re.compile(f"(?:{words})[^0-9{BLANKS}]{{0,{gap}}}$")
