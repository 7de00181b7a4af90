"""The requests of the last minute: how long further ones have to wait, and how they make polls rarer."""

from dataclasses import replace

import pytest

from deploy.compute_engine.request_rate import RequestRate
from deploy.rollout.watch_state import pause_s, requests_a_minute
from deploy.rollout_settings import RolloutSettings
from tests.unit.deploy.test_watch_state import DONE, WAITING, folded


@pytest.mark.parametrize(
    ("now_s", "requests", "expected"),
    [(30.0, 1, 0.0), (30.0, 2, 30.0), (30.0, 3, 40.0), (60.0, 2, 0.0), (71.0, 3, 0.0)],
)
def test_further_requests_wait_until_older_ones_are_a_minute_old(now_s: float, requests: int, expected: float) -> None:
    """Three requests in any minute, of which two were sent at 0 and 10 s."""
    rate = RequestRate()
    rate.add(0.0)
    rate.add(10.0)
    assert rate.wait_s(now_s, requests, most=3) == expected


def test_requests_of_the_last_minute_are_counted() -> None:
    """A request that is a minute old does not count."""
    rate = RequestRate()
    assert rate.count(5.0) == 0
    rate.add(5.0)
    rate.add(6.0)
    assert [rate.count(now_s) for now_s in (6.0, 64.9, 65.0, 66.0)] == [2, 2, 1, 0]


@pytest.mark.parametrize(
    ("poll_s", "requests", "most", "expected"),
    [
        ((1.0, 5.0), 13, 120, 1.0),
        ((1.0, 5.0), 60, 120, 1.0),
        ((1.0, 5.0), 90, 120, 1.5),
        ((1.0, 1.0), 120, 120, 2.0),
        ((0.25, 0.25), 360, 480, 0.375),
        ((5.0, 30.0), 13, 120, 5.0),
    ],
)
def test_polls_become_rarer_as_the_requests_of_the_minute_are_used(
    poll_s: tuple[float, float], requests: int, most: int, expected: float
) -> None:
    """A minute has the requests of polls at the shortest pause, and at least 120; polls may use half."""
    settings = RolloutSettings(poll_s=poll_s)
    assert requests_a_minute(settings) == most
    assert pause_s(replace(folded((100.0, WAITING)), settings=settings), requests) == expected


def test_last_poll_of_a_bake_is_at_its_end_after_many_requests() -> None:
    """The requests of the minute do not delay the end of a bake."""
    assert pause_s(folded((100.0, DONE), (129.5, DONE)), 120) == 0.5
