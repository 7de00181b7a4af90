"""What a contract test says of itself: which methods it covers, and how far the behaviour is known to be Google's."""

from typing import Final, Literal, NamedTuple

import pytest

Evidence = Literal["W", "G", "P", "T", "R"]
Guess = Literal["M", "I"]


class Source(NamedTuple):
    """Where a behaviour was seen, and when that was looked at."""

    text: str
    on: str


EVIDENCE: Final[dict[str, Source]] = {
    "W": Source("wire capture of gcloud 528.0.0 and google-cloud-compute 1.57.0", "2026-11-23"),
    "G": Source("sources of gcloud 528.0.0, and the API definition that it is generated from", "2026-11-23"),
    "P": Source("google-cloud-compute 1.57.0 or google-auth 2.62.2, read and run", "2026-11-23"),
    "T": Source("sources of terraform-provider-google 8.0.0", "2026-08-21"),
    "R": Source("public report of what Compute Engine did", "2026-11-23"),
}
GUESSES: Final[dict[str, str]] = {
    "M": "recalled from Google's documentation, not looked up again",
    "I": "inferred; nobody has reported it",
}
NAMES: Final = {
    "covers": "methods of the API that a test calls",
    "verified": "the behaviour is Google's: what shows it, and when that was looked at",
    "differs": "the behaviour is knowingly not Google's, and why",
    "unverified": "the behaviour may be Google's",
    "own": "only the emulator has it",
    "world": "how the world of a test is set up",
}


def covers(*methods: str) -> pytest.MarkDecorator:
    """Say which methods a test calls; the test fails if it does not."""
    return pytest.mark.covers(*methods)


def verified(*evidence: Evidence) -> pytest.MarkDecorator:
    """Say what shows that a behaviour is Google's."""
    return pytest.mark.verified(*evidence)


def differs(reason: str) -> pytest.MarkDecorator:
    """Say why a behaviour is knowingly not Google's."""
    return pytest.mark.differs(reason)


def unverified(guess: Guess) -> pytest.MarkDecorator:
    """Say that nothing shows a behaviour to be Google's."""
    return pytest.mark.unverified(guess)


own: Final = pytest.mark.own


def world(**how: object) -> pytest.MarkDecorator:
    """Set a test's world up: members of `Options`, `speed`, and `login` for a server that asks for tokens."""
    return pytest.mark.world(**how)
