"""Filters of lists, in both dialects."""

import pytest

from emulator.api.errors import ApiError
from emulator.api.filters import compile_filter

DOCUMENT = {
    "name": "web-1", "status": "RUNNING", "size": 5, "labels": {"env": "prod", "a.b": "c"},
    "disks": [{"mode": "rw"}, {"mode": "ro"}], "isStable": True,
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "", "name=web-1", 'name = "web-1"', "name=web-*", "name:WEB", "labels.env=prod AND status=RUNNING",
        "name=x OR status=RUNNING", "NOT name=x", "-name=x", "(name=x) OR (size>4)", "size<=5 size>=5", "labels.env:*",
        "labels.a.b=c", "disks.mode=ro", "name!=x", "isStable=true", "missing!=x", "NOT missing:*",
        'name eq ".*\\bweb\\b.*"', '(name eq "web.*") (status ne "STOP.*")', "name eq web-1", "missing ne x",
    ],
)  # fmt: skip
def test_a_filter_matches(text: str) -> None:
    """A filter of either dialect matches a document that fulfils it."""
    assert compile_filter(text)(DOCUMENT)


@pytest.mark.parametrize(
    "text",
    ["name=web", "size>5", "labels.env=dev", "missing=x", "name eq web", "name ne web-1", "(name eq web.*) (size eq 4)",
     "NOT (name=web-1 OR name=x)", "disks.mode=xx", "missing:*"],
)  # fmt: skip
def test_a_filter_does_not_match(text: str) -> None:
    """A filter does not match a document that does not fulfil it."""
    assert not compile_filter(text)(DOCUMENT)


@pytest.mark.parametrize(
    "text",
    ["name", "name=", "=x", "((name=a)", "AND", "name=a OR", "name eq", 'name eq "("', 'name eq "a" AND status=x',
     "name=x (status eq y)", "x" * 1_001],
)  # fmt: skip
def test_an_invalid_filter_is_refused(text: str) -> None:
    """A text of neither dialect is refused with 400."""
    with pytest.raises(ApiError) as error:
        compile_filter(text)
    assert (error.value.code, error.value.reason) == (400, "invalid")
    assert "'filter'" in error.value.message or "regular expression" in error.value.message
