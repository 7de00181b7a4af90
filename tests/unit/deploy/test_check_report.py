"""Checks of an analysis in reports: the table, the chart, and JSON."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from deploy.analysis.reading import CheckSeries, Reading
from deploy.report import checks, formats, last_run
from deploy.rollout.result import RunResult
from tests.unit.deploy.run_results import FAILURE, ROLLOUT, command

_NO_SAMPLE = "the query gives no sample"
_VALUES = (0.0, None, 0.004, 0.02, 0.0312)
ERRORS = CheckSeries(
    "errors",
    tuple(Reading(5.0 * at, value, 0.01, "" if value is not None else _NO_SAMPLE) for at, value in enumerate(_VALUES)),
)
MISSING = CheckSeries("p99", (Reading(0.0, 0.2, 0.5), Reading(5.0, None, 0.5, f"{_NO_SAMPLE} \x1b[31m<b>|")))
FAILED = replace(FAILURE, rollout=replace(ROLLOUT, checks=(ERRORS, MISSING, CheckSeries("unread"))))


def _readings(*values: float | None, limit: float | None = 1.0) -> list[Reading]:
    return [Reading(float(at), value, limit, "" if value is not None else "-") for at, value in enumerate(values)]


@pytest.mark.parametrize(
    ("values", "limit", "expected"),
    [
        ([0.0, 0.5, 1.0], 1.0, "▁▅█"),
        ([0.5, 0.5], 1.0, "▅▅"),
        ([0.5, 0.5], None, "██"),
        ([0.5, 2.0], 1.0, "▃█"),
        ([0.0, 0.0], None, "▁▁"),
        ([None, 1.0], 1.0, "·█"),
        ([math.inf, 1.0], 1.0, "██"),
        ([-3.0, 1.0], 1.0, "▁█"),
        ([], 1.0, ""),
    ],
)
def test_chart(values: list[float | None], limit: float | None, expected: str) -> None:
    """A bar's height is the value's share of the largest value or limit; a point is no data."""
    assert checks.chart(_readings(*values, limit=limit)) == expected


@given(
    values=st.lists(st.none() | st.floats(allow_nan=False), max_size=300), limit=st.none() | st.floats(allow_nan=False)
)
def test_chart_fits_into_a_line(values: list[float | None], limit: float | None) -> None:
    """Any readings make at most 40 characters, and a peak is not lost among many readings."""
    line = checks.chart(_readings(*values, limit=limit))
    assert len(line) <= 40
    assert set(line) <= set("▁▂▃▄▅▆▇█·")
    assert ("█" in checks.chart([*_readings(*[0.0] * 250), Reading(250.0, 1.0, 1.0)])) is True


def test_text_has_the_chart_of_each_check() -> None:
    """Value, limit, state and chart stand in a table, and the reason of a check without data below it."""
    lines = formats.run_report(FAILED, command, "text").splitlines()
    begin = lines.index("") + 1
    assert lines[begin : begin + 4] == [
        "  check   value   limit  state    over time",
        "  errors  0.0312  0.01   above    ▁·▂▅█ 0 to 0.0312 in 20 s",
        "  p99     -       0.5    no data  ▄·",
        "  p99 has no data: the query gives no sample ␛[31m<b>|",
    ]


def test_markdown_has_the_chart_of_each_check() -> None:
    """The same table stands in a job summary, with foreign text escaped."""
    report = formats.run_report(FAILED, command, "markdown")
    assert "| errors | 0.0312 | 0.01 | above | ▁·▂▅█ 0 to 0.0312 in 20 s |" in report
    assert "- p99 has no data: the query gives no sample ␛\\[31m&lt;b&gt;\\|" in report
    assert "\x1b" not in report


def test_json_has_the_series() -> None:
    """JSON has every reading, and can be read again, with a value that JSON has no number for."""
    infinite = CheckSeries("errors", (Reading(0.0, math.inf, 0.01),))
    result = replace(FAILED, rollout=replace(ROLLOUT, checks=(infinite, MISSING)))
    text = last_run.dump(result)
    document = json.loads(text, parse_constant=pytest.fail)
    assert document["rollout"]["checks"][0] == {
        "name": "errors",
        "readings": [{"at_s": 0.0, "value": "inf", "limit": 0.01, "reason": ""}],
    }
    assert TypeAdapter(RunResult).validate_json(text) == result


def test_report_without_an_analysis_is_as_before() -> None:
    """A check that was never read, or no check, adds nothing."""
    unread = replace(FAILURE, rollout=replace(FAILURE.rollout or ROLLOUT, checks=(CheckSeries("unread"),)))
    shapes: tuple[formats.Format, ...] = ("text", "markdown")
    for format_ in shapes:
        assert formats.run_report(unread, command, format_) == formats.run_report(FAILURE, command, format_)
