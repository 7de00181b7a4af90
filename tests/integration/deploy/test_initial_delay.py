"""An initial delay that is too short for an instance's start is a warning, and is named as the cause of a failure."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from deploy.documents.group_state import parse_group
from deploy.errors import RolledBackError
from deploy.group.health import Verdict, with_delay_cause
from deploy.group.observation import Observation
from deploy.group.warnings import preflight_warnings, rollback_warnings, short_initial_delay
from deploy.report import preview
from deploy.rollout.deploy_plan import plan_deploy
from tests.integration.deploy.faulty import rig_without_bake, set_instance_rule
from tests.integration.deploy.rig import Rig
from tests.support.reports import unwrapped
from tests.unit.deploy.test_cases import observed
from tests.unit.deploy.values import CONFIG, GROUP

SHORT = "the initial delay of 30 s is shorter than 70 s (check interval 5 s * healthy threshold 2 + 60 s)"


def with_delay(delay_s: int | None, **check: Any) -> Observation:
    """Return a settled group with an initial delay, or without one if None, and a changed health check."""
    base = observed({})
    raw = copy.deepcopy(dict(base.group.raw))
    raw["autoHealingPolicies"][0].pop("initialDelaySec")
    if delay_s is not None:
        raw["autoHealingPolicies"][0]["initialDelaySec"] = delay_s
    health_check = {key: value for key, value in {**(base.health_check or {}), **check}.items() if value is not None}
    return replace(base, group=replace(parse_group(raw, []), instances=base.group.instances), health_check=health_check)


def set_delay(rig: Rig, delay_s: int) -> None:
    policies = rig.control("GET", GROUP)["autoHealingPolicies"]
    rig.control("PATCH", GROUP, {"autoHealingPolicies": [{**policies[0], "initialDelaySec": delay_s}]})
    rig.emulator.environment.clock.move(60)
    rig.emulator.environment.advance()


@pytest.mark.parametrize(
    ("observation", "text"),
    [
        (with_delay(69), "69 s is shorter than 70 s (check interval 5 s * healthy threshold 2 + 60 s)"),
        (with_delay(70), ""),
        (with_delay(None), "0 s is shorter than 70 s"),
        (with_delay(100, checkIntervalSec=30, healthyThreshold=2), "100 s is shorter than 120 s (check interval 30 s"),
        (with_delay(120, checkIntervalSec=30, healthyThreshold=2), ""),
        (with_delay(69, checkIntervalSec=None, healthyThreshold=None), "69 s is shorter than 70 s"),
    ],
)
def test_initial_delay_is_compared_with_the_time_of_a_start(observation: Observation, text: str) -> None:
    """The limit is the time until the first healthy verdict plus a minute."""
    assert (text in short_initial_delay(observation), bool(short_initial_delay(observation))) == (True, bool(text))
    assert any("Fix: raise initialDelaySec" in line for line in preflight_warnings(CONFIG, observation)) is bool(text)
    assert any("Fix: raise initialDelaySec" in line for line in rollback_warnings(observation, 1)) is bool(text)


def test_short_delay_is_a_warning_of_plan_and_report() -> None:
    """Plan and report warn of a short delay."""
    rig = rig_without_bake()
    set_delay(rig, 30)
    warning = f"{SHORT}: instances that still start may be recreated. Fix: raise initialDelaySec"
    planned = rig.plan("a")
    text = preview.preview_report(preview.preview(rig.config, rig.observed(), planned), "text")
    assert f"  warning: {warning}" in unwrapped(text)
    assert warning in rig.deploy("a").warnings


def test_failure_by_repair_has_the_short_delay_as_its_cause() -> None:
    """The fix is to raise initialDelaySec."""
    rig = rig_without_bake()
    set_delay(rig, 30)
    set_instance_rule(rig, "a", answer_s=90)
    with pytest.raises(RolledBackError) as error:
        rig.deploy("a")
    assert "was recreated 2 times because it was unhealthy after the initial delay of 30 s; " + SHORT in str(
        error.value
    )
    assert error.value.fix == "raise initialDelaySec, and deploy again"
    assert rig.serving() == ["latest"] * 3


def test_failure_by_repair_after_a_long_delay_has_the_output_as_its_cause() -> None:
    """The fix is to correct the error in the instance's output first."""
    rig = rig_without_bake(timeout_s=900.0)
    set_delay(rig, 75)
    set_instance_rule(rig, "a", never_healthy=True)
    with pytest.raises(RolledBackError) as error:
        rig.deploy("a")
    assert "because it was unhealthy after the initial delay of 75 s. " in str(error.value)
    assert error.value.fix.startswith("fix the error in the instance's output, or raise initialDelaySec")


def test_failure_by_repair_during_reconcile_has_the_short_delay_as_its_cause() -> None:
    """The error of a reconcile also has the short delay as its cause."""
    rig = rig_without_bake(timeout_s=600.0)
    set_delay(rig, 30)
    set_instance_rule(rig, "a", answer_s=90)
    compute = rig.compute()
    abandoned = plan_deploy(rig.config, rig.request("a"), rig.observed(compute))
    with pytest.raises(RuntimeError, match="killed"):
        rig.execution(abandoned, compute, killed).perform()
    with pytest.raises(RolledBackError) as error:
        rig.reconcile()
    assert SHORT in str(error.value)


def killed(*_: object) -> None:
    raise RuntimeError("killed")


def test_delay_is_the_cause_of_repairs_only() -> None:
    """Other failures keep their own cause."""
    failed, repaired = Verdict("failed", "x"), Verdict("failed", "x", "n", "y", is_repair=True)
    assert with_delay_cause(failed, SHORT) is failed
    assert with_delay_cause(repaired, "") is repaired
    assert with_delay_cause(repaired, SHORT).text == f"x; {SHORT}"
