"""Readings of checks, and the verdict on them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.analysis.reading import Answer, CheckSeries, Reading, judged_reading
from deploy.analysis.verdict import analysis_verdict
from deploy.analysis_settings import CheckSettings

_QUERY = "$instances"
ERRORS = CheckSettings(name="errors", query=_QUERY, at_most=0.01)
COMPARED = CheckSettings(name="p99", query=_QUERY, compared_with="previous", factor=1.2)
BOTH = CheckSettings(name="p99", query=_QUERY, at_most=0.5, compared_with="previous", factor=1.2)
MISSING = Answer(None, "the query gives no sample")

_VALUES = st.floats(allow_nan=False, min_value=-1e300) | st.just(math.inf)
_STATES = st.lists(st.sampled_from(["above", "within", "no data"]), max_size=12)


def _reading(state: str, at_s: float) -> Reading:
    value = {"above": 0.5, "within": 0.001, "no data": None}[state]
    return Reading(at_s, value, 0.01, "the query gives no sample" if value is None else "")


def _series(states: list[str], name: str = "errors") -> CheckSeries:
    return CheckSeries(name, tuple(_reading(state, float(at)) for at, state in enumerate(states)))


@pytest.mark.parametrize(
    ("check", "new", "old", "limit", "state"),
    [
        (ERRORS, Answer(0.01), None, 0.01, "within"),
        (ERRORS, Answer(0.0100001), None, 0.01, "above"),
        (ERRORS, Answer(math.inf), None, 0.01, "above"),
        (ERRORS, MISSING, None, 0.01, "no data"),
        (COMPARED, Answer(0.6), Answer(0.5), 0.6, "within"),
        (COMPARED, Answer(0.61), Answer(0.5), 0.6, "above"),
        (COMPARED, Answer(0.0), Answer(0.0), 0.0, "within"),
        (COMPARED, Answer(0.001), Answer(0.0), 0.0, "above"),
        (COMPARED, Answer(0.61), MISSING, None, "no data"),
        (COMPARED, Answer(0.61), Answer(math.inf), None, "no data"),
        (COMPARED, Answer(-2.0), Answer(-1.0), None, "no data"),
        (BOTH, Answer(0.45), Answer(0.3), 0.36, "above"),
        (BOTH, Answer(0.55), Answer(0.5), 0.5, "above"),
        (BOTH, Answer(0.55), MISSING, 0.5, "above"),
        (BOTH, Answer(0.45), MISSING, 0.5, "no data"),
        (BOTH, Answer(0.45), None, 0.5, "within"),
    ],
)
def test_reading_is_judged_by_the_smallest_limit(
    check: CheckSettings, new: Answer, old: Answer | None, limit: float | None, state: str
) -> None:
    """A value above any known limit is above; a limit that is not known leaves a smaller value without a verdict."""
    reading = judged_reading(check, 3.0, new, old)
    assert reading is not None
    assert reading.limit == pytest.approx(limit)
    assert (reading.at_s, reading.value, reading.state) == (3.0, new.value, state)


def test_comparison_alone_does_not_apply_without_old_instances() -> None:
    """In the last bake a check that is only compared has no limit."""
    assert judged_reading(COMPARED, 3.0, Answer(9.0), None) is None


@given(new=_VALUES, old=_VALUES, at_most=st.floats(-1e9, 1e9), factor=st.floats(0.001, 1_000))
def test_higher_value_is_never_judged_better(new: float, old: float, at_most: float, factor: float) -> None:
    """If a value is above, every larger value is above too, and no value that is within exceeds `at_most`."""
    check = CheckSettings(name="x", query=_QUERY, at_most=at_most, compared_with="previous", factor=factor)
    reading = judged_reading(check, 0.0, Answer(new), Answer(old))
    larger = judged_reading(check, 0.0, Answer(math.inf), Answer(old))
    assert reading is not None
    assert larger is not None
    assert larger.state == "above"
    assert reading.state != "within" or new <= at_most
    assert (new > at_most) <= (reading.state == "above")


@pytest.mark.parametrize(
    ("states", "state", "text"),
    [
        (["within", "within"], "passed", ""),
        (["above", "above", "within", "within"], "passed", ""),
        (["above", "above"], "failed", "check 'errors' is 0.5, above its limit 0.01"),
        (["within", "no data", "above", "above"], "failed", "check 'errors' is 0.5, above its limit 0.01"),
        (["above", "no data", "above"], "failed", "check 'errors' is 0.5, above its limit 0.01"),
        ([], "inconclusive", "check 'errors' was not read"),
        (
            ["above"],
            "inconclusive",
            "check 'errors' is 0.5, above its limit 0.01, and must be so for the 1 s between two scrapes",
        ),
        (["above", "within"], "inconclusive", "is 0.001, within its limit 0.01, and must be so for the 1 s between"),
        (["no data", "within"], "inconclusive", "is 0.001, within its limit 0.01, and must be so for the 1 s between"),
        (["above", "within", "no data", "above"], "inconclusive", "is 0.5, above its limit 0.01, and must be so for"),
        (["within", "within", "no data"], "inconclusive", "check 'errors' has no data: the query gives no sample"),
    ],
)
def test_last_two_readings_decide(states: list[str], state: str, text: str) -> None:
    """Two readings in a row on one side of the limit, a scrape apart, are a verdict; one without data is left out."""
    verdict = analysis_verdict([_series(states)], scrape_s=1.0)
    assert verdict.state == state
    assert text in verdict.text


@given(states=_STATES)
def test_one_reading_never_decides(states: list[str]) -> None:
    """A verdict is failed or passed only by two readings of that side in a row, whatever came before."""
    verdict = analysis_verdict([_series(states)], scrape_s=1.0)
    known = [state for state in states if state != "no data"] if states[-1:] != ["no data"] else []
    assert (verdict.state == "failed") == (known[-2:] == ["above", "above"])
    assert (verdict.state == "passed") == (known[-2:] == ["within", "within"])


@pytest.mark.parametrize(("state", "verdict"), [("above", "failed"), ("within", "passed")])
@pytest.mark.parametrize("poll_s", [0.25, 1.0, 5.0, 30.0])
def test_readings_of_one_scrape_are_one(poll_s: float, state: str, verdict: str) -> None:
    """Polls are closer together than scrapes: only readings that are a scrape apart show two samples."""
    other = {"above": "within", "within": "above"}[state]
    readings = [_reading(other, 0.0)]
    verdicts = {}
    for poll in range(1, round(40 / poll_s)):
        readings.append(_reading(state, round(poll * poll_s, 1)))
        verdicts[round((poll - 1) * poll_s, 1)] = analysis_verdict([CheckSeries("x", tuple(readings))], 30.0).state
    assert {at_s: found for at_s, found in verdicts.items() if found == verdict}.keys() == {
        at_s for at_s in verdicts if at_s >= 30
    }
    assert {found for at_s, found in verdicts.items() if at_s < 30} <= {"inconclusive"}


@pytest.mark.parametrize("state", ["above", "within"])
@pytest.mark.parametrize("odd", range(1_000, 1_032))
def test_reading_that_contradicts_outlives_the_shortening_of_its_series(state: str, odd: int) -> None:
    """With a poll each second and a scrape each hour a series loses readings that decide, but no contradiction."""
    other = {"above": "within", "within": "above"}[state]
    series, scrape_s = CheckSeries("x"), 3_600.0
    for at in range(odd + 3_599):
        series = series.add(_reading(other if at == odd else state, float(at)))
    assert analysis_verdict([series], scrape_s).state == "inconclusive"
    for at in range(odd + 3_599, odd + 3_599 + 800):
        series = series.add(_reading(state, float(at)))
    assert analysis_verdict([series], scrape_s).state == {"above": "failed", "within": "passed"}[state]
    assert len(series.readings) <= 402


@given(checks=st.lists(_STATES, max_size=4))
def test_one_failing_check_fails_the_analysis(checks: list[list[str]]) -> None:
    """A failed check decides over inconclusive ones, and these over passed ones."""
    series = [_series(states, f"check-{number}") for number, states in enumerate(checks)]
    states = {analysis_verdict([check], 1.0).state for check in series}
    expected = next((state for state in ("failed", "inconclusive") if state in states), "passed")
    assert analysis_verdict(series, 1.0).state == expected


@given(count=st.integers(0, 3_000))
def test_series_stays_short_and_keeps_its_ends(count: int) -> None:
    """A long series keeps its first and its last two hundred readings, in order."""
    series = CheckSeries("errors")
    for at in range(count):
        series = series.add(_reading("within", float(at)))
    times = [reading.at_s for reading in series.readings]
    assert len(times) <= 401
    assert times == sorted(times)
    assert times[:1] == [0.0][:count]
    assert times[-200:] == [float(at) for at in range(count)][-200:]
