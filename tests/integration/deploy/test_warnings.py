"""Warnings: facts that do not refuse a deploy."""

from dataclasses import replace
from typing import Any

import pytest

from deploy.rollout.deploy_plan import plan_deploy
from deploy.rollout.plan import DeployRelease
from tests.integration.deploy.rig import new_rig


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"autoscaler": "s"}, "autoscaler 's' may change the target size during the rollout"),
        ({"permissions_error": "the API is off"}, "permissions were not checked: the API is off"),
        (
            {"health_check": {"type": "TCP", "tcpHealthCheck": {"port": 8000}}},
            "the health check only opens a TCP connection: an application that hangs looks healthy",
        ),
    ],
)
def test_preflight_warnings(change: dict[str, Any], text: str) -> None:
    """Each fact that an operator should know is one warning."""
    rig = new_rig()
    plan = plan_deploy(rig.config, rig.request("a"), replace(rig.observed(), **change))
    assert plan.warnings == (text,)


def test_unsettled_group_is_warned_about_and_never_waited_for() -> None:
    """A rollout replaces a change in progress, with a warning."""
    rig = new_rig()
    observed = rig.observed()
    plan = plan_deploy(rig.config, rig.request("a"), replace(observed, group=replace(observed.group, is_stable=False)))
    assert isinstance(plan, DeployRelease)
    assert plan.warnings == ("the group is not settled; this rollout replaces any change in progress",)


def test_settled_group_has_no_warnings() -> None:
    """A plan for a settled group has no warnings."""
    assert new_rig().plan("a").warnings == ()
