"""Rollouts whose bakes are judged by metrics: a fake of Prometheus, and the emulator."""

import re
from dataclasses import replace

import httpx
import pytest

from deploy.errors import RolledBackError
from deploy.report import formats
from deploy.rollout.result import Pause, RolloutResult
from deploy.rollout.snapshot import ShowSnapshot, Snapshot
from tests.integration.deploy.doctor_rig import findings
from tests.integration.deploy.metered import ERRORS, P99, MeteredRig, metered
from tests.unit.deploy.run_results import ROLLOUT, SUCCESS, command

_STEPS = ({"instances": 1, "bake_s": 120}, {"percent": 50, "bake_s": 60})


def _states(result: RolloutResult, name: str) -> str:
    """Return the first letter of the state of each reading of a check: above, within, or no data."""
    [series] = [series for series in result.checks if series.name == name]
    return "".join(reading.state[0] for reading in series.readings)


def _most_new(rig: MeteredRig) -> int:
    """Return the largest number of instances that were on a template of `deploy` at one moment."""
    rows = [entry for entry in rig.emulator.environment.store.entries(kind="group") if entry["group"] == rig.group]
    return max(sum("-r-" in instance["template"] for instance in entry["instances"]) for entry in rows)


def test_release_within_its_limits_is_rolled_out() -> None:
    """Each bake reads each check; a comparison needs the old version's instances, and ends with them."""
    rig = metered(ERRORS, P99, steps=_STEPS)
    rig.metrics = {"errors": {"latest": 0.0, "a": 0.005}, "p99": {"latest": 0.5, "a": 0.59}}
    result = rig.deploy("a")
    assert (rig.serving(), result.pause) == (["a"] * 3, None)
    assert set(_states(result, "errors")) == set(_states(result, "p99")) == {"w"}
    assert len(_states(result, "errors")) > len(_states(result, "p99")) > 10
    assert all(reading.limit == pytest.approx(0.6) for reading in result.checks[1].readings)


@pytest.mark.parametrize(
    ("metrics", "check", "text"),
    [
        (
            {"errors": {"latest": 0.0, "a": 0.03}, "p99": {"latest": 0.5, "a": 0.5}},
            "errors",
            "0.03, above its limit 0.01",
        ),
        ({"errors": {"latest": 0.0, "a": 0.0}, "p99": {"latest": 0.5, "a": 0.7}}, "p99", "0.7, above its limit 0.6"),
        ({"errors": {"a": 0.0}, "p99": {"latest": 0.5, "a": float("inf")}}, "p99", "inf, above its limit 0.6"),
        ({"errors": {"a": 0.03}}, "errors", "0.03, above its limit 0.01"),
    ],
    ids=["at_most", "previous", "infinite", "another without data"],
)
def test_canary_above_its_limit_is_rolled_back(
    metrics: dict[str, dict[str, float | None]], check: str, text: str
) -> None:
    """A healthy release above a limit never gets beyond its canary; error and report have the check with its values."""
    rig = metered(ERRORS, P99, steps=_STEPS)
    rig.metrics = metrics
    execution = rig.execution(rig.plan("a"))
    with pytest.raises(RolledBackError) as caught:
        execution.perform()
    assert f"': check '{check}' is {text}. 'dojangkok-dev-ai-server-seed' serves again." in str(caught.value)
    assert (caught.value.exit_code, rig.serving(), _most_new(rig)) == (7, ["latest"] * 3, 1)
    result = execution.result_so_far()
    assert result is not None
    assert set(_states(result, check)) == {"a"}
    [readings] = [series.readings for series in result.checks if series.name == check]
    assert 30 <= readings[-1].at_s - readings[0].at_s < 36


def test_release_that_becomes_bad_in_a_later_step_is_rolled_back() -> None:
    """The last bake is judged too, when the whole group has the release."""
    for step, size in ((2, 2), (3, 3)):
        rig = metered(ERRORS, steps=_STEPS)
        rig.metrics = {"errors": {"latest": 0.0, "a": 0.0}}
        execution = rig.execution(rig.plan("a"), show_snapshot=_worsen_at(rig, size))
        with pytest.raises(RolledBackError, match=r"check 'errors' is 0.5, above its limit 0.01"):
            execution.perform()
        assert (rig.serving(), _most_new(rig)) == (["latest"] * 3, size), step


def _worsen_at(rig: MeteredRig, size: int) -> ShowSnapshot:
    """Return a function that lets the release fail its checks once a number of instances has it."""

    def show(_: Snapshot) -> None:
        if rig.serving().count("a") == size:
            rig.metrics = {"errors": {"latest": 0.0, "a": 0.5}}

    return show


@pytest.mark.parametrize(
    ("metrics", "faults", "text"),
    [
        ({}, [], "check 'errors' has no data: the query gives no sample"),
        ({"errors": {"a": float("nan")}}, [], "check 'errors' has no data: the value is NaN"),
        ({"errors": {"a": 0.0}}, [503] * 10_000, "check 'errors' has no data: 503 injected"),
        ({"errors": {"a": 0.0}}, [httpx.ConnectError("refused")] * 10_000, "has no data: ConnectError: refused"),
        ({"errors": {"a": 0.0}}, [302] * 10_000, "check 'errors' has no data: 302"),
    ],
    ids=["no sample", "NaN", "503", "down", "redirect"],
)
def test_check_without_data_pauses_at_the_end_of_the_bake(
    metrics: dict[str, dict[str, float | None]], faults: list[int | httpx.Response | Exception], text: str
) -> None:
    """Nothing that only prevents a reading is evidence about the release: the rollout waits for a person."""
    rig = metered(ERRORS, steps=_STEPS)
    rig.metrics = metrics
    rig.prometheus.faults = faults
    began_s = rig.emulator.environment.clock.now_s()
    pause = rig.deploy("a").pause
    assert pause is not None
    assert (pause.step, pause.steps) == (1, 3)
    assert text in pause.text
    assert (sorted(rig.serving()), _most_new(rig)) == (["a", "latest", "latest"], 1)
    assert rig.emulator.environment.clock.now_s() - began_s > 120


def test_promoted_canary_is_judged_again() -> None:
    """`promote` goes on after a pause, and the next bake has its own verdict."""
    rig = metered(ERRORS, steps=_STEPS)
    assert rig.deploy("a").pause is not None
    rig.metrics = {"errors": {"a": 0.02}}
    with pytest.raises(RolledBackError, match=r"check 'errors' is 0.02"):
        rig.promote()
    assert rig.serving() == ["latest"] * 3
    rig.metrics = {}
    assert rig.deploy("b").pause is not None
    rig.abort()
    assert rig.serving() == ["latest"] * 3
    assert rig.deploy("b").pause is not None
    rig.metrics = {"errors": {"b": 0.0}}
    assert rig.promote().pause is None
    assert rig.serving() == ["b"] * 3


def test_process_that_takes_over_reads_the_checks() -> None:
    """`reconcile` begins the bake of the step again, and judges it."""
    rig = metered(ERRORS, steps=_STEPS)
    rig.abandon("a")
    rig.metrics = {"errors": {"a": 0.02}}
    with pytest.raises(RolledBackError, match=r"check 'errors' is 0.02"):
        rig.reconcile()
    assert rig.serving() == ["latest"] * 3


def test_single_high_value_is_no_failure() -> None:
    """One reading above the limit, between two within it, may be a scrape that met a moment."""
    rig = metered(ERRORS, steps=_STEPS)
    high = _vector("0.5")
    rig.metrics = {"errors": {"a": 0.0}}
    rig.prometheus.faults = [_vector("0"), high, _vector("0"), _vector("0"), high]
    result = rig.deploy("a")
    assert rig.serving() == ["a"] * 3
    assert _states(result, "errors").startswith("wawwaw")


def test_bake_of_one_scrape_is_no_verdict() -> None:
    """Many polls on one scrape show one sample: a bake that is judged lasts two scrapes at least."""
    rig = metered(ERRORS, steps=({"instances": 1, "bake_s": 5},), bake_s=0.0)
    rig.metrics = {"errors": {"a": 0.0}}
    began_s = rig.emulator.environment.clock.now_s()
    result = rig.deploy("a")
    assert (result.pause, rig.serving()) == (None, ["a"] * 3)
    assert rig.emulator.environment.clock.now_s() - began_s >= 2 * 2 * 30


def test_first_readings_above_the_limit_are_outlived_and_a_value_around_it_pauses() -> None:
    """A judged bake has time for two scrapes after a first one that met a moment; a value that moves is no verdict."""
    rig = metered(ERRORS, steps=({"instances": 1, "bake_s": 5},), bake_s=0.0)
    rig.metrics = {"errors": {"a": 0.0, "b": 0.0}}
    rig.prometheus.faults = [_vector("0.5")] * 3
    assert (rig.deploy("a").pause, rig.serving()) == (None, ["a"] * 3)
    rig.prometheus.faults = [_vector("0.5"), _vector("0")] * 100
    pause = rig.deploy("b").pause
    assert pause is not None
    assert pause.text.endswith("its limit 0.01, and must be so for the 30 s between two scrapes")


def test_last_reading_without_data_pauses() -> None:
    """A check that had values, and has none at the end of the bake, is inconclusive."""
    rig = metered(ERRORS, steps=({"instances": 1, "bake_s": 30},))
    rig.prometheus.faults = [_vector("0"), _vector("0"), *[_vector()] * 20]
    pause = rig.deploy("a").pause
    assert pause is not None
    assert pause.text == "check 'errors' has no data: the query gives no sample"


def test_rollback_reads_no_metric() -> None:
    """A rollback is never judged: there is no better release to restore."""
    rig = metered(ERRORS, steps=_STEPS)
    rig.metrics = {"errors": {"a": 0.0}}
    rig.deploy("a")
    asked = len(rig.prometheus.queries)
    rig.metrics = {"errors": {"a": 9.0, "latest": 9.0}}
    rig.rollback()
    assert (rig.serving(), len(rig.prometheus.queries)) == (["latest"] * 3, asked)


def test_queries_have_the_instances_of_one_version() -> None:
    """A query is sent for the canary's instance, and the compared one also for the two old instances."""
    rig = metered(P99, steps=_STEPS[:1])
    rig.metrics = {"p99": {"latest": 0.5, "a": 0.7}}
    with pytest.raises(RolledBackError):
        rig.deploy("a")
    new, old = rig.prometheus.queries[:2]
    assert (new.count("|"), old.count("|")) == (0, 1)
    assert 'max(p99{instance=~"(dojangkok-dev-ai-server-' in new


def _vector(*values: str) -> httpx.Response:
    rows = [{"metric": {}, "value": [1.0, value]} for value in values]
    return httpx.Response(200, json={"status": "success", "data": {"resultType": "vector", "result": rows}})


def test_doctor_reads_checks_and_permission() -> None:
    """`doctor` reads each check over the group's instances, and Google's permission on the project of the URL."""
    rig = metered(ERRORS)
    rig.metrics = {"errors": {"latest": 0.002}}
    google = "https://monitoring.googleapis.com/v1/projects/dojangkok-dev/location/global/prometheus"
    rollout = rig.config.rollout
    assert rollout.analysis
    analysis = rollout.analysis.model_copy(update={"prometheus": google})
    rig.config = rig.config.model_copy(update={"rollout": rollout.model_copy(update={"analysis": analysis})})
    found = [row for row in findings(rig, rig.reader()) if row.check == "analysis"]
    assert [(row.state, row.text) for row in found] == [("ok", "over the group's instances: errors 0.002")]
    rig.control("PUT", "emulator/permissions", {"denied": ["monitoring.timeSeries.list"]})
    [found_first, _] = [row for row in findings(rig, rig.reader()) if row.check == "analysis"]
    assert found_first.text == "the account lacks monitoring.timeSeries.list on project dojangkok-dev"


def test_report_names_the_commands_of_a_pause() -> None:
    """At a step, `promote` and `abort` are named; when the whole group has the release, the rollback."""
    result = replace(SUCCESS, rollout=replace(ROLLOUT, pause=Pause(1, 3, "1", "check 'errors' has no data: x")))
    report = formats.run_report(result, command, "text")
    assert report.startswith("◐ web: paused at step 1 of 3 · 62 s\n  check 'errors' has no data: x\n  target ")
    assert "  promote  deploy promote --step 1 --to aaaaaaa\n  abort    deploy abort" in report
    last = replace(SUCCESS, rollout=replace(ROLLOUT, pause=Pause(3, 3, "100%", "x")), undo="")
    report = formats.run_report(last, command, "text")
    assert "promote" not in report
    assert re.search(r"(?m)^  undo +deploy rollback$", report)
