"""A check that judges a release beside its health, at each poll of a bake."""

import pytest

from deploy.analysis.reading import CheckSeries
from deploy.documents.group_state import Group
from deploy.errors import RolledBackError
from deploy.rollout.bake_check import BakeFinding
from deploy.rollout.perform import Execution
from deploy.rollout.plan import ContinueSteps, DeployRelease
from deploy.rollout.result import Pause
from tests.integration.deploy.rig import Rig
from tests.integration.deploy.stepped import share, stepped_rig


class Check:
    """A check of a bake that returns a finding for each release, and has no readings."""

    series: tuple[CheckSeries, ...] = ()

    def __init__(self, finding: BakeFinding) -> None:
        self.finding = finding
        self.calls: list[object] = []
        self.series: tuple[CheckSeries, ...] = ()

    def __call__(self, group: Group, target: object, at_s: float) -> BakeFinding:
        """Return the finding."""
        self.calls.append(target)
        return self.finding


def checked(rig: Rig, plan: DeployRelease | ContinueSteps, check: Check) -> Execution:
    """Return the execution of a plan with a check of its bakes."""
    return Execution(rig.managed(), rig.config, plan, rig.print_line, lambda _: None, check)


def test_failing_check_of_a_bake_rolls_back() -> None:
    """A release that a check finds bad is rolled back, though its instances are healthy."""
    rig = stepped_rig({"instances": 1})
    plan = rig.plan_release("a")
    with pytest.raises(RolledBackError, match=r"release '.*': check 'errors' is 0.03, at most 0.01"):
        checked(rig, plan, Check(BakeFinding("failed", "check 'errors' is 0.03, at most 0.01"))).perform()
    assert share(rig, "latest") == 3


def test_inconclusive_check_pauses_at_its_step() -> None:
    """A step that a check can't judge pauses at the end of its bake; a check that passes lets it go on."""
    rig = stepped_rig({"instances": 1})
    result = checked(
        rig, rig.plan_release("a"), Check(BakeFinding("inconclusive", "check 'errors' has no data"))
    ).perform()
    assert result.pause == Pause(1, 2, "1 of 3 instances", "check 'errors' has no data")
    plan = rig.plan("a")
    assert isinstance(plan, ContinueSteps)
    passing = Check(BakeFinding("passed"))
    assert checked(rig, plan, passing).perform().pause is None
    assert {type(target).__name__ for target in passing.calls} == {"Canary", "Version"}
    assert share(rig, "a") == 3
