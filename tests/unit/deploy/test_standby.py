"""Suspended and stopped instances of a standby pool count for no verdict, and `status` shows them."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from deploy.documents.group_state import Group, Instance, Version, parse_group
from deploy.group import release_proof
from deploy.group.drift import drift
from deploy.group.health import PollSummary, add_poll, group_verdict, is_settled
from deploy.group.observation import Observation
from deploy.group.quotas import Quota
from deploy.group.unattended_rollout import unattended_rollout
from deploy.group.version_name import VersionName
from deploy.report.preview import preview
from deploy.report.status import status, status_report
from deploy.rollout.deploy_plan import DeployRequest, plan_deploy
from deploy.rollout.early_failure import late_instances
from deploy.rollout.timeline import Timeline
from lib.image_reference import Reference
from tests.unit.deploy.test_cases import BASE
from tests.unit.deploy.test_cases import observed as observed_with
from tests.unit.deploy.values import CONFIG, REPOSITORY, digest

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TARGET, OLD = Version("new", "v"), Version("old")
SERVING = Instance("a", TARGET, "RUNNING", "NONE", "HEALTHY", target_status="RUNNING")
SUSPENDED = Instance("s", OLD, "SUSPENDED", "NONE", "", target_status="SUSPENDED")
STOPPED = Instance("t", TARGET, "TERMINATED", "NONE", "TIMEOUT", target_status="STOPPED")
SUSPENDING = Instance("u", OLD, "RUNNING", "SUSPENDING", "HEALTHY", target_status="SUSPENDED")
STOPPED_BY_HAND = Instance("h", TARGET, "TERMINATED", "NONE", "", target_status="RUNNING")


def of(*instances: Instance, size: int = 1, is_reached: bool = True, version: Version = TARGET) -> Group:
    return Group({"name": "g"}, (version,), size, "f", True, is_reached, instances)


@pytest.mark.parametrize(
    ("group", "state"),
    [
        (of(SERVING, SUSPENDED, STOPPED), "done"),
        (of(SERVING, SUSPENDING), "done"),
        (of(SERVING, SUSPENDED, is_reached=False), "done"),
        (of(SERVING, STOPPED, is_reached=False), "waiting"),
        (of(SERVING, SUSPENDED, replace(SERVING, name="b", version=OLD), is_reached=False), "waiting"),
        (of(SERVING, STOPPED, size=2), "waiting"),
        (of(SERVING, STOPPED_BY_HAND, size=2), "waiting"),
    ],
)
def test_standby_instances_are_left_out_of_the_verdict(group: Group, state: str) -> None:
    """Suspended and stopped instances do not affect the verdict about the group's health."""
    assert group_verdict(group, TARGET, add_poll(group, TARGET, PollSummary())).state == state
    assert is_settled(group) is (state == "done")


def test_standby_instances_are_neither_repairs_nor_capacity_nor_waited_for() -> None:
    """Standby instances count neither as repairs, nor as capacity errors, nor as updated instances."""
    short = replace(STOPPED, status="", errors=(("QUOTA_EXCEEDED", "no"),))
    summary = PollSummary()
    for action in ("RECREATING", "NONE", "RECREATING"):
        group = of(SERVING, replace(STOPPED, action=action), short)
        summary = add_poll(group, TARGET, summary)
    assert summary == PollSummary(had_instances=True)
    assert group_verdict(of(SERVING, STOPPED, size=3), TARGET, PollSummary()).text == "1 of 3"


def test_release_on_every_running_instance_is_proven_beside_a_standby_pool() -> None:
    """Running instances alone prove a release; standby instances neither prove nor disprove a release."""
    assert release_proof.unproven_reason(of(SERVING, SUSPENDED, STOPPED), NOW) == ""
    assert release_proof.unproven_reason(of(SUSPENDED, STOPPED), NOW) == "no instance serves it"


def test_standby_instances_are_not_suspected_of_a_failure() -> None:
    """A stopped instance is not reported as late."""
    assert late_instances(of(STOPPED, SERVING), TARGET) == ()


def test_standby_instances_are_no_part_of_the_timeline() -> None:
    """The timeline of a rollout contains running instances only."""
    timeline = Timeline().add(of(SERVING, SUSPENDED, STOPPED), TARGET, 5.0)
    assert [times.name for times in timeline.instances] == ["a"]
    assert timeline.reached.keys() == {"first instance running", "first healthy", "all healthy", "old deleted"}


def test_stopped_rollout_counts_running_instances_alone() -> None:
    """The report of a stopped rollout counts running instances only."""
    version = Version("new", str(VersionName("deploy", "0" * 12, "r", NOW, NOW)))
    instances = [replace(instance, version=version) for instance in (SERVING, STOPPED)]
    text, _ = unattended_rollout(of(*instances, version=version), version, OLD, is_patched=True)
    assert "has no instance left to replace" in text


def standby_row(target_status: str, status_: str, template: str = "") -> dict[str, Any]:
    row: dict[str, Any] = json.loads(json.dumps(BASE["rows"][0]))
    row |= {"name": f"kept-{status_.lower()}", "instanceStatus": status_, "targetStatus": target_status}
    row.pop("instanceHealth")
    if template:
        row["version"]["instanceTemplate"] = row["version"]["instanceTemplate"].rpartition("/")[0] + f"/{template}"
    return row


def with_pool() -> Observation:
    pool = [standby_row("SUSPENDED", "SUSPENDED", "older"), standby_row("SUSPENDED", "SUSPENDED")]
    return observed_with({"rows": [*BASE["rows"], *pool, standby_row("STOPPED", "TERMINATED")]})


def test_status_shows_the_pool_and_its_instances_of_another_template() -> None:
    """`status` prints the standby instances, and reports drift for standby instances of another template."""
    group = status(CONFIG, with_pool(), NOW)
    text = status_report(group, "text")
    assert "serves from every\n    instance" in text
    assert "  standby: 1 stopped, 2 suspended\n" in text
    assert "  drift: 1 of the standby instances are still on 'older'\n" in text
    assert json.loads(status_report(group, "json"))["standby"] == {"suspended": 2, "stopped": 1}
    assert "- standby: 1 stopped, 2 suspended\n" in status_report(group, "markdown")


def test_status_without_a_pool_shows_none() -> None:
    """`status` prints no standby line for a group without standby instances."""
    assert "standby" not in status_report(status(CONFIG, observed_with({}), NOW), "text")


def test_row_without_a_target_status_is_meant_to_run() -> None:
    """An instance without a `targetStatus` is an active instance."""
    group = parse_group(BASE["group"], BASE["rows"])
    assert group.standby_instances == ()
    assert group.active_instances == group.instances


def test_pool_is_neither_replaced_by_a_rollout_nor_room_for_its_surge() -> None:
    """Standby instances are no part of a rollout's preview, its surge room or the drift of active instances."""
    observed = with_pool()
    request = DeployRequest(reference=Reference(REPOSITORY, digest=digest("a")), run="run1", now=NOW)
    planned = plan_deploy(CONFIG, request, observed)
    assert len(preview(CONFIG, observed, planned).instances) == 3
    assert replace(observed, quotas=(Quota("INSTANCES", 3.0, 3.0),)).surge_room == 0
    assert not any("of the instances are still on" in line for line in drift(CONFIG, observed))
