"""Marks of contract tests: the methods that a test covers, and how far the behaviour is known to be Google's."""

from typing import Final, Literal, NamedTuple

import pytest

Evidence = Literal["A", "K", "Q", "W", "C", "E", "G", "P", "T", "R", "D"]
Guess = Literal["M", "I"]
Grade = Literal["measured", "recorded", "reported", "assumed"]


class Source(NamedTuple):
    """A source of a behaviour, the date on which it was read, and how good it is."""

    text: str
    on: str
    grade: Grade = "reported"


EVIDENCE: Final[dict[str, Source]] = {
    "W": Source("wire capture of gcloud 528.0.0 and google-cloud-compute 1.57.0", "2026-11-23"),
    "A": Source(
        "sources of google-guest-agent at 1adda70 (2026-08-19) and guest-agent at df9d203 (2026-07-23)",
        "2026-11-27",
    ),
    "K": Source(
        "sources of cloud-init at 0167c1b (DataSourceGCE.py, cc_write_files.py) and konlet at 2377bdf (runtime.go)",
        "2026-11-27",
    ),
    "Q": Source(
        "public repositories that read guest attributes: captured answers (404 of a namespace, 2026-09-29), values that"
        " survive a reset, and the limits of Google's page",
        "2026-11-27",
    ),
    "C": Source(
        "answers of Compute Engine, recorded in public test data: tests/support/recorded.py names each",
        "2026-11-27",
        "recorded",
    ),
    "E": Source("earlier API definitions: com.google.cloud.compute.v1.FixedOrPercent of 2019", "2026-11-27"),
    "G": Source("sources of gcloud 528.0.0, and the API definition that it is generated from", "2026-11-23"),
    "P": Source("google-cloud-compute 1.57.0 or google-auth 2.62.2, read and run", "2026-11-23"),
    "T": Source("sources of terraform-provider-google at e03b762 (2026-08-21), before 8.0.0", "2026-11-23"),
    "R": Source("public report of what Compute Engine did", "2026-11-23"),
    "D": Source("pages and REST references of Google Cloud on docs.cloud.google.com", "2026-11-27"),
}
# The best first.
GRADES: Final[dict[Grade, str]] = {
    "measured": "our own request to Compute Engine was answered so",
    "recorded": "another project has recorded such an answer of Compute Engine",
    "reported": "a public report, or the source of a client or of an agent, says so",
    "assumed": "no source says so",
}
GUESSES: Final[dict[str, str]] = {
    "M": "recalled from Google's documentation, not read again",
    "I": "inferred; no report exists",
}
NAMES: Final = {
    "covers": "methods of the API that a test calls",
    "verified": "the behaviour is Google's, with the evidence",
    "differs": "the behaviour is knowingly not Google's, with the reason",
    "unverified": "the behaviour may be Google's",
    "own": "only the emulator has the behaviour",
    "environment": "how the environment of a test is set up",
    "regional": "the test runs a third time, with a regional group of one zone in place of the zonal group",
    "zonal_only": "a test of a module for both kinds of groups that needs the zonal group",
}


def covers(*methods: str) -> pytest.MarkDecorator:
    """Name the methods that a test calls; the test fails if it does not call them."""
    return pytest.mark.covers(*methods)


def verified(*evidence: Evidence) -> pytest.MarkDecorator:
    """Name the evidence that a behaviour is Google's."""
    return pytest.mark.verified(*evidence)


def differs(reason: str) -> pytest.MarkDecorator:
    """Name the reason why a behaviour is knowingly not Google's."""
    return pytest.mark.differs(reason)


def unverified(guess: Guess) -> pytest.MarkDecorator:
    """Mark a behaviour without evidence that it is Google's."""
    return pytest.mark.unverified(guess)


own: Final = pytest.mark.own
regional: Final = pytest.mark.regional
zonal_only: Final = pytest.mark.zonal_only


def environment(**setup: object) -> pytest.MarkDecorator:
    """Set the environment of a test up: members of `Options`, `speed`, and `login` for a server that needs tokens."""
    return pytest.mark.environment(**setup)
