"""The requests of the last minute, and how long further ones have to wait."""

import pytest

from deploy.compute_engine.request_rate import RequestRate


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
