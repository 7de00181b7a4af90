"""Bakes whose checks have no data: what the result and `status` say, and canaries whose checks are gone."""

import json
from functools import partial
from typing import Any

import pytest

from deploy.errors import RefusedError
from deploy.report.status import Status, status, status_report
from deploy.rollout.analysis import present_checks
from deploy.rollout.watch import Snapshot
from tests.integration.deploy.metered import ERRORS, P99, MeteredRig, metered
from tests.support.reports import unwrapped
from tests.unit.deploy.values import GROUP

STEPS = ({"instances": 1, "bake_s": 120}, {"percent": 50, "bake_s": 60})


def test_status_has_the_values_of_a_canary() -> None:
    """`status` reads the checks of a canary once, and of a group with one version those that do not compare."""
    rig = metered(ERRORS, P99, steps=({"instances": 1, "bake_s": 30}, {"pause": True}))
    rig.metrics = {"errors": {"latest": 0.0, "a": 0.004}, "p99": {"latest": 0.5, "a": 0.55}}
    assert [len(check.readings) for check in _status(rig).checks] == [1, 0]
    assert rig.deploy("a").pause is not None
    shown = _status(rig)
    assert {check.name: check.readings[0].value for check in shown.checks} == {"errors": 0.004, "p99": 0.55}
    lines = [line.split() for line in status_report(shown, "text").splitlines()]
    assert ["check", "value", "limit", "state"] in lines
    assert ["p99", "0.55", "0.6", "within"] in lines
    assert "| errors | 0.004 | 0.01 | within |" in status_report(shown, "markdown")
    [reading] = json.loads(status_report(shown, "json"))["checks"][0]["readings"]
    assert (reading["value"], reading["state"]) == (0.004, "within")


def _status(rig: MeteredRig) -> Status:
    return status(rig.config, rig.observed(), rig.now(), present_checks(rig.reader(), rig.observed().group))


@pytest.mark.parametrize(
    ("pause", "line"),
    [
        ((), "no data of check 'errors' · a pause after the bake, until `promote`, or `reconcile` with data"),
        (({"pause": True},), "no data of check 'errors' · then a pause until `promote`"),
    ],
    ids=["no pause", "pause"],
)
def test_status_shows_that_a_check_has_no_data(pause: tuple[dict[str, Any], ...], line: str) -> None:
    """A pause for lack of data is stored nowhere: `status` reads the checks, and says what the step comes to."""
    rig = metered(ERRORS, P99, steps=({"instances": 1, "bake_s": 30}, *pause))
    rig.metrics = {"p99": {"latest": 0.5, "a": 0.55}}
    assert rig.deploy("a").pause is not None
    shown = _status(rig)
    assert f"step 1 of 2 · 1 of 3 instances · serves · {line}\n" in unwrapped(status_report(shown, "text"))
    assert "  errors has no data: the query gives no sample\n" in status_report(shown, "text")
    document = json.loads(status_report(shown, "json"))
    assert document["canary"]["checks_without_data"] == ["errors"]
    assert [check["readings"][0]["state"] for check in document["checks"]] == ["no data", "within"]


def test_status_shows_that_the_last_bake_has_no_data() -> None:
    """After the last step no version is left to promote: the checks are those of the whole group."""
    rig = metered(ERRORS)
    assert rig.deploy("a").pause is not None
    assert "errors  -      0.01   no data\n" in status_report(_status(rig), "text")


def test_canary_is_not_promoted_without_its_checks() -> None:
    """The release record names them; the environment file of another checkout may lack the analysis."""
    rig = metered(ERRORS, P99, steps=STEPS)
    rig.deploy("a")
    patches, judged = rig.writes(), rig.config
    rig.config = judged.model_copy(update={"rollout": judged.rollout.model_copy(update={"analysis": None})})
    for call in (rig.promote, partial(rig.deploy, "a")):
        with pytest.raises(RefusedError, match=r"was deployed with checks 'errors', 'p99', and the environment file"):
            call()
    assert rig.writes() == patches
    shown = status(rig.config, rig.observed(), rig.now())
    assert [line.partition("' ")[2] for line in shown.warnings] == [
        "was deployed with checks 'errors', 'p99', and the environment file has no such check"
    ]
    rig.abort()
    assert rig.serving() == ["latest"] * 3


def test_warnings_of_a_bake_that_ends_without_a_verdict_are_kept() -> None:
    """In a step and in the last bake, as of a bake that passes."""
    for steps in ((), ({"instances": 1, "bake_s": 60},)):
        rig = metered(ERRORS, steps=steps)
        resized: list[float] = []

        def resize(snapshot: Snapshot, rig: MeteredRig = rig, resized: list[float] = resized) -> None:
            if snapshot.verdict.state == "done" and not resized:
                resized.append(snapshot.at_s)
                rig.control("POST", f"{GROUP}/resize?size=4")

        result = rig.execution(rig.plan("a"), show_snapshot=resize).perform()
        assert result.pause is not None
        assert "the target size changed from 3 to 4 during the rollout" in result.warnings


@pytest.mark.parametrize(
    ("steps", "text"), [((), "paused after the bake"), (STEPS, "paused at step 3 of 3")], ids=["no steps", "steps"]
)
def test_pause_of_the_last_bake_has_the_number_of_the_steps(steps: tuple[dict[str, Any], ...], text: str) -> None:
    """Of the process that set the whole group, and of a process that takes its bake over."""
    rig = metered(ERRORS, steps=steps)
    rig.metrics = {"errors": {"a": 0.0}}
    pauses: list[str] = []

    def take_over(snapshot: Snapshot) -> None:
        if len(snapshot.group.versions) == 1 and not pauses:
            rig.metrics = {}
            pauses.append("")
            pauses.append(str(rig.reconcile().pause))

    pauses.append(str(rig.execution(rig.plan("a"), show_snapshot=take_over).perform().pause))
    assert pauses == ["", text, text]
