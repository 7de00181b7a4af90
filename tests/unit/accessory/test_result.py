"""What the machine says, line by line."""

from accessory.result import Busy, Phase, Release, heard
from tests.unit.accessory.outcomes import BEGUN


def test_words_add_up() -> None:
    outcome = BEGUN
    for line in (
        "begins\tpreflight",
        "was\thost/a@1\t2026-01-01T00:00:00Z\tthem",
        "note\tsomething",
        "took\tpreflight\t1250",
        "snapshot\t/s/1",
        "line\tlast words",
        "is\thost/a@2\t2026-01-02T00:00:00Z\tme",
        "down\t900",
        "unknown\tword",
        "end\t0",
    ):
        outcome = heard(outcome, line)
    assert outcome.was == Release("host/a@1", "2026-01-01T00:00:00Z", "them")
    assert outcome.now == Release("host/a@2", "2026-01-02T00:00:00Z", "me", "r1")
    assert (outcome.phases, outcome.down_s) == ((Phase("preflight", 1.25),), 0.9)
    assert (outcome.snapshot, outcome.notes, outcome.evidence) == ("/s/1", ("something",), ("last words",))
    assert (outcome.exit_code, outcome.message, outcome.fix) == (0, "", "")


def test_nothing_served_before() -> None:
    assert heard(BEGUN, "was\t\t\t").was is None
    assert heard(BEGUN, "serves\t\tno").now is None


def test_status_words() -> None:
    outcome = heard(heard(BEGUN, "serves\thost/a@2\tno"), "entry\thost/a@1\t2026\tme\tr0")
    outcome = heard(outcome, "busy\tr7\tthem\t2026\tupdate host/a@3\t")
    assert (outcome.now, outcome.is_ready) == (Release("host/a@2"), False)
    assert outcome.history == (Release("host/a@1", "2026", "me", "r0"),)
    assert outcome.busy == Busy("r7", "them", "2026", "update host/a@3", is_at_work=False)


def test_end_says_why() -> None:
    outcome = heard(BEGUN, "end\t9\tdisk: full.\tmake room")
    assert (outcome.exit_code, outcome.message, outcome.fix) == (9, "disk: full.", "make room")
