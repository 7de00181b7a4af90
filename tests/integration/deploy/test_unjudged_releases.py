"""Which releases no metric judges, or judges again, and what `promote` refuses."""

from typing import Any, NoReturn

import pytest

from deploy.errors import RefusedError, RolledBackError
from deploy.group.health import is_idle, is_on_one_version
from deploy.rollout.analysis import refuse_canary_above_a_limit
from deploy.rollout.snapshot import Snapshot
from tests.integration.deploy.clients import Client
from tests.integration.deploy.metered import ERRORS, MeteredRig, metered


def _interrupt(_: Snapshot) -> NoReturn:
    raise KeyboardInterrupt


@pytest.mark.parametrize("verb", ["reconcile", "deploy"])
def test_interrupted_rollback_reads_no_metric(verb: str) -> None:
    """Bad metrics of the restored release never roll it back further, to the release before it."""
    rig = metered(ERRORS)
    rig.metrics = {"errors": {"latest": 0.0, "a": 0.0, "b": 0.0}}
    rig.deploy("a")
    rig.deploy("b")
    with pytest.raises(KeyboardInterrupt):
        rig.execution(rig.plan_rollback(), show_snapshot=_interrupt).perform()
    rig.metrics = {"errors": {"a": 9.0, "b": 9.0}}
    if verb == "reconcile":
        rig.reconcile()
    else:
        rig.deploy("a")
    assert rig.serving() == ["a"] * 3


def test_bake_that_no_metric_judges_does_not_wait_for_scrapes() -> None:
    """The wait for a rollback that has not settled reads no metric, and lasts no longer than without an analysis."""
    rig = metered(ERRORS)
    analysis = rig.config.rollout.analysis
    assert analysis is not None
    rig.metrics = {"errors": {"latest": 0.0, "a": 0.0, "b": 0.0}}
    rig.deploy("a")
    rig.deploy("b")
    with pytest.raises(KeyboardInterrupt):
        rig.execution(rig.plan_rollback(), show_snapshot=_interrupt).perform()
    rare = analysis.model_copy(update={"scrape_s": 3_600.0})
    rig.config = rig.config.model_copy(
        update={"rollout": rig.config.rollout.model_copy(update={"analysis": rare, "bake_s": 30.0})}
    )
    began_s = rig.emulator.environment.clock.now_s()
    rig.reconcile()
    assert rig.serving() == ["a"] * 3
    assert rig.emulator.environment.clock.now_s() - began_s < 600


def test_release_that_has_served_is_not_judged_again() -> None:
    """A proven release whose group is resized a day later is not replaced because of a metric."""
    rig = metered(ERRORS)
    rig.metrics = {"errors": {"latest": 0.0, "a": 0.0, "b": 0.0}}
    rig.deploy("a")
    rig.deploy("b")
    rig.emulator.environment.clock.move(86_400)
    rig.control("POST", f"{rig.group}/resize?size=4")
    rig.metrics = {"errors": {"a": 0.0, "b": 9.0}}
    rig.reconcile()
    assert rig.serving() == ["b"] * 4


def test_promote_refuses_a_canary_above_a_limit() -> None:
    """A canary that became bad at its pause gets no further instance; one without data may be promoted."""
    rig = metered(ERRORS, steps=({"instances": 1, "bake_s": 30}, {"pause": True}))
    rig.metrics = {"errors": {"latest": 0.0, "a": 0.0}}
    rig.deploy("a")
    rig.metrics = {"errors": {"a": 0.9}}
    with pytest.raises(RefusedError, match="check 'errors' of the canary is above its limit at this moment"):
        refuse_canary_above_a_limit(rig.reader(), rig.observed().group)
    rig.metrics = {}
    refuse_canary_above_a_limit(rig.reader(), rig.observed().group)
    rig.metrics = {"errors": {"a": 0.0}}
    refuse_canary_above_a_limit(rig.reader(), rig.observed().group)


_CANARY = ({"instances": 1, "bake_s": 30},)


def _killed_in_its_last_bake(rig: MeteredRig) -> None:
    """Deploy release a by a process that is killed once it serves from every instance, before its bake is over."""
    rig.metrics = {"errors": {"latest": 0.0, "a": 0.0}}
    dying = Client(rig.emulator, rig.config.project, "dying", lambda compute: rig.deploy("a", compute))
    while rig.serving() != ["a"] * 3 or not is_idle(rig.observed().group):
        dying.go(1)
    dying.kill()


@pytest.mark.parametrize(("steps", "late_s"), [(_CANARY, 0), (_CANARY, 7 * 86_400), ((), 0), ((), 600)])
def test_last_bake_is_judged_again_by_a_process_that_takes_over(steps: tuple[dict[str, Any], ...], late_s: int) -> None:
    """
    Nothing shows whether that bake had ended, with steps a week ago perhaps: a check that fails only pauses.

    Without steps this is so until the deadline and its bake are over.
    """
    rig = metered(ERRORS, steps=steps)
    _killed_in_its_last_bake(rig)
    rig.emulator.environment.clock.move(late_s)
    rig.metrics = {"errors": {"latest": 0.0, "a": 9.0}}
    pause = rig.reconcile().pause
    assert pause is not None
    assert (pause.step, pause.steps) == (len(steps) + 1, len(steps) + 1)
    assert pause.text == (
        "the last bake was judged again: check 'errors' is 9, above its limit 0.01; run `rollback` to restore the "
        "release before"
    )
    assert rig.serving() == ["a"] * 3


def test_release_that_has_not_settled_in_its_time_is_judged_as_in_any_bake() -> None:
    """Without steps a release that is on every instance, and never served, is rolled back by a check that fails."""
    rig = metered(ERRORS)
    rig.abandon("a")
    while not is_on_one_version(rig.observed().group):
        rig.emulator.environment.clock.move(1)
    assert not is_idle(rig.observed().group)
    rig.metrics = {"errors": {"a": 0.5}}
    with pytest.raises(RolledBackError, match=r"check 'errors' is 0\.5, above its limit"):
        rig.reconcile()
    assert rig.serving() == ["latest"] * 3


def test_release_whose_time_is_over_is_not_judged_again() -> None:
    """After its deadline and its bake a release without steps that serves needs no work, whatever its metrics are."""
    rig = metered(ERRORS)
    _killed_in_its_last_bake(rig)
    rig.emulator.environment.clock.move(1_000)
    rig.metrics = {"errors": {"a": 9.0}}
    asked = len(rig.prometheus.queries)
    result = rig.reconcile()
    assert (result.pause, result.changed, rig.serving()) == (None, False, ["a"] * 3)
    assert len(rig.prometheus.queries) == asked


def test_repair_of_a_release_with_steps_is_no_reason_to_judge_it() -> None:
    """A release that may have served for a week is not rolled back by a metric because an instance is replaced."""
    rig = metered(ERRORS, steps=_CANARY)
    rig.metrics = {"errors": {"latest": 0.0, "a": 0.0}}
    assert rig.deploy("a").pause is None
    rig.emulator.environment.clock.move(7 * 86_400)
    rig.control("POST", f"{rig.group}/resize?size=4")
    rig.metrics = {"errors": {"a": 9.0}}
    pause = rig.reconcile().pause
    assert pause is not None
    assert pause.text.startswith("the last bake was judged again: check 'errors' is 9")
    assert rig.serving() == ["a"] * 4
