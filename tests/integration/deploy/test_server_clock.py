"""Deadlines are judged by Compute Engine's clock, not by the clock of this computer."""

import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from deploy.compute_engine.client import Compute
from deploy.compute_engine.server_clock import ServerClock
from deploy.errors import CloudError
from deploy.group import version_name
from deploy.group.clock_skew import clock_skew_warnings
from deploy.report import preview
from deploy.report.rebuilt_result import rebuilt_result
from deploy.report.status import status, status_report
from deploy.retry import Time
from deploy.rollout.deploy_plan import plan_deploy
from deploy.rollout.plan import UndoRollout, WaitForRollout
from deploy.rollout.reconcile_plan import plan_reconcile
from tests.integration.deploy.faulty import inject_fault, rig_without_bake
from tests.integration.deploy.rig import Rig
from tests.support.reports import unwrapped

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
OWN = NOON + timedelta(minutes=10)
GONE = "Mon, 23 Nov 2026 12:00:00 GMT"


class Seconds:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def time(self) -> Time:
        return Time(lambda: self.now_s, print)


def clock(seconds: Seconds) -> ServerClock:
    return ServerClock(seconds.time(), lambda: OWN + timedelta(seconds=seconds.now_s - 100.0))


def test_servers_time_goes_on_since_its_last_answer() -> None:
    """The server's time is the Date of the last answer plus the seconds since that answer."""
    seconds = Seconds()
    clock_ = clock(seconds)
    clock_.set_by(GONE, 100.0)
    seconds.now_s += 90.0
    assert clock_.now() == NOON + timedelta(seconds=90)
    assert clock_.ahead_s == 600.0
    clock_.set_by("Mon, 23 Nov 2026 12:02:00 GMT", 189.5)
    assert clock_.now() == NOON + timedelta(seconds=120)
    assert clock_.ahead_s == 570.0


@pytest.mark.parametrize(
    "header",
    [
        "",
        "yesterday",
        "Mon, 23 Nov 2026 12:00:00",
        "Mon, 23 Nov 2026 12:00:00 -0000",
        "Mon, 99 Nov 2026 12:00:00 GMT",
        "Mon, 23 Nov 99999 12:00:00 GMT",
        "Mon, 23 Nov 2026 25:00:00 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 -1400",
        ",,,",
        "\x00",
    ],
)
def test_date_that_can_not_be_read_leaves_the_clock_as_it_is(header: str) -> None:
    """A malformed Date header leaves the server clock unchanged."""
    seconds = Seconds()
    clock_ = clock(seconds)
    clock_.set_by(header, 100.0)
    assert (clock_.now(), clock_.ahead_s) == (OWN, 0.0)
    clock_.set_by(GONE, 100.0)
    clock_.set_by(header, 100.0)
    assert clock_.now() == NOON


def test_date_with_an_offset_is_the_same_time() -> None:
    """A Date header with an offset is converted to UTC."""
    clock_ = clock(Seconds())
    clock_.set_by("Mon, 23 Nov 2026 21:00:00 +0900", 100.0)
    assert clock_.now() == NOON


def test_date_of_an_answer_that_took_long_counts_only_where_none_is_known() -> None:
    """The Date of a slow answer sets the clock only while no other Date is known."""
    seconds = Seconds()
    clock_ = clock(seconds)
    seconds.now_s += 25.0
    clock_.set_by(GONE, 100.0)
    assert clock_.now() == NOON
    clock_.set_by("Mon, 23 Nov 2026 12:00:25 GMT", 124.0)
    seconds.now_s += 25.0
    clock_.set_by("Mon, 23 Nov 2026 12:00:26 GMT", 126.0)
    assert clock_.now() == NOON + timedelta(seconds=50)


@pytest.mark.parametrize("status", [200, 404, 503])
def test_every_answer_sets_the_clock(status: int) -> None:
    """An answer sets the server clock whether the request succeeds or fails."""
    seconds = Seconds()
    headers = {"date": GONE}
    answers = httpx.MockTransport(lambda _: httpx.Response(status, json={"error": {}}, headers=headers))
    compute = Compute(
        httpx.Client(transport=answers), "http://x/compute/v1", "p", dict, seconds.time(), 0.0, own_clock=lambda: OWN
    )
    with contextlib.suppress(CloudError):
        compute.get("zones/z")
    assert compute.server_clock.now() == NOON


@pytest.mark.parametrize(
    ("ahead_s", "text"),
    [(60.0, ""), (-60.0, ""), (61.0, "61 s ahead of Compute Engine's"), (-600.4, "600 s behind Compute Engine's")],
)
def test_skew_above_a_minute_is_a_warning(ahead_s: float, text: str) -> None:
    """A clock skew of more than 60 s causes a warning with its seconds and direction."""
    clock_ = " ".join(clock_skew_warnings(ahead_s))
    assert (text in clock_, bool(clock_)) == (True, bool(text))


def begun(rig: Rig) -> Compute:
    """The API of a process whose deploy was killed right after its patch."""
    compute = rig.compute()
    rig.abandon("a", compute)
    return compute


@pytest.mark.parametrize("ahead_s", [-36_000.0, -600.0, 600.0, 36_000.0])
def test_reconcile_on_a_skewed_computer_waits_for_a_rollout_within_its_deadline(ahead_s: float) -> None:
    """`reconcile` on a computer with a wrong clock waits for a rollout that is within its deadline."""
    rig = rig_without_bake()
    begun(rig)
    rig.clock_ahead_s = ahead_s
    compute = rig.compute()
    clock_ = plan_reconcile(rig.config, rig.observed(compute), compute.server_clock.now())
    assert isinstance(clock_, WaitForRollout)
    assert clock_.warnings == clock_skew_warnings(ahead_s) != ()
    result = rig.perform(clock_, compute)
    assert rig.serving() == ["a"] * 3
    assert result.warnings == clock_.warnings


@pytest.mark.parametrize("ahead_s", [-36_000.0, 0.0, 36_000.0])
def test_reconcile_on_a_skewed_computer_undoes_a_rollout_past_its_deadline(ahead_s: float) -> None:
    """`reconcile` on a computer with a wrong clock undoes a rollout that is past its deadline."""
    rig = rig_without_bake()
    rig.control("POST", "emulator/instance-rules", {"never_healthy": True})
    begun(rig)
    rig.emulator.environment.clock.move(3_000)
    rig.clock_ahead_s = ahead_s
    compute = rig.compute()
    observed = rig.observed(compute)
    assert isinstance(plan_reconcile(rig.config, observed, compute.server_clock.now()), UndoRollout)


@pytest.mark.parametrize("ahead_s", [-600.0, 600.0])
def test_deadline_that_a_skewed_computer_writes_is_of_the_servers_clock(ahead_s: float) -> None:
    """A deploy on a computer with a wrong clock writes the server's time into the version name."""
    rig = rig_without_bake()
    rig.clock_ahead_s = ahead_s
    compute = rig.compute()
    observed = rig.observed(compute)
    rolled = plan_deploy(rig.config, rig.request("a", compute), observed)
    written = version_name.parse_version_name(rolled.target.name)
    assert written is not None
    server = datetime.fromtimestamp(rig.emulator.environment.clock.now_s(), UTC)
    assert abs((written.began_at - server).total_seconds()) <= 1
    assert clock_skew_warnings(ahead_s)[0] in rolled.warnings
    text = preview.preview_report(preview.preview(rig.config, observed, rolled), "text")
    assert f"warning: {clock_skew_warnings(ahead_s)[0]}" in unwrapped(text)


def test_skew_stands_in_status_rollback_and_a_rebuilt_report() -> None:
    """`status`, the plan of a rollback and a rebuilt report contain the warning of a clock skew."""
    rig = rig_without_bake()
    rig.deploy("a")
    rig.deploy("b")
    rig.clock_ahead_s = 120.0
    compute = rig.compute()
    observed, now = rig.observed(compute), compute.server_clock.now()
    warning = clock_skew_warnings(120.0)[0].replace("120 s", f"{observed.clock_ahead_s:.0f} s")
    assert f"  warning: {warning}" in unwrapped(status_report(status(rig.config, observed, now), "text"))
    assert warning in rig.plan_rollback(compute=compute).warnings
    result = rebuilt_result(rig.config, "dev", observed, now).rollout
    assert result is not None
    assert warning in result.warnings


def test_next_answer_corrects_a_wrong_date() -> None:
    """The Date of the next answer corrects the clock after an answer with a wrong Date."""
    rig = rig_without_bake()
    inject_fault(rig, on="instanceGroupManagers.get", nth=[1], date_skew_s=7_200)
    compute = rig.compute()
    assert abs(rig.observed(compute).clock_ahead_s) <= 1


def test_server_without_dates_leaves_this_computers_clock() -> None:
    """The server clock shows the time of this computer if answers have no Date header."""
    rig = rig_without_bake()
    document: Any = {"status": {}}
    answers = httpx.MockTransport(lambda _: httpx.Response(200, json=document))
    compute = Compute(
        httpx.Client(transport=answers), "http://x/compute/v1", "p", dict, Seconds().time(), own_clock=lambda: OWN
    )
    compute.get("x")
    assert (compute.server_clock.now(), compute.server_clock.ahead_s) == (OWN, 0.0)
    assert replace(rig.observed(), clock_ahead_s=compute.server_clock.ahead_s).clock_ahead_s == 0.0
    assert format_datetime(NOON, usegmt=True) == GONE
