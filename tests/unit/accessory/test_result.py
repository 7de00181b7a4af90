"""Lines of the VM and the outcome that they build."""

from accessory.result import ActiveRun, Phase, Release, add_line
from tests.unit.accessory.outcomes import STARTED


def test_lines_build_an_outcome() -> None:
    """Each keyword sets its value, and unknown keywords change nothing."""
    outcome = STARTED
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
        outcome = add_line(outcome, line)
    assert outcome.previous == Release("host/a@1", "2026-01-01T00:00:00Z", "them")
    assert outcome.current == Release("host/a@2", "2026-01-02T00:00:00Z", "me", "r1")
    assert (outcome.phases, outcome.down_s) == ((Phase("preflight", 1.25),), 0.9)
    assert (outcome.snapshot, outcome.notes, outcome.diagnostics) == ("/s/1", ("something",), ("last words",))
    assert (outcome.exit_code, outcome.message, outcome.fix) == (0, "", "")


def test_empty_image_is_no_release() -> None:
    """An empty image stands for an unknown release."""
    assert add_line(STARTED, "was\t\t\t").previous is None
    assert add_line(STARTED, "serves\t\tno").current is None


def test_lines_of_status() -> None:
    """Status sends the serving image, records and an unsettled run."""
    outcome = add_line(add_line(STARTED, "serves\thost/a@2\tno"), "entry\thost/a@1\t2026\tme\tr0")
    outcome = add_line(outcome, "active\tr7\tthem\t2026\tupdate host/a@3\t")
    assert (outcome.current, outcome.is_ready) == (Release("host/a@2"), False)
    assert outcome.history == (Release("host/a@1", "2026", "me", "r0"),)
    assert outcome.active_run == ActiveRun("r7", "them", "2026", "update host/a@3", is_running=False)


def test_end_has_message_and_fix() -> None:
    """The last line has exit code, message and fix."""
    outcome = add_line(STARTED, "end\t9\tdisk: full.\tmake room")
    assert (outcome.exit_code, outcome.message, outcome.fix) == (9, "disk: full.", "make room")
