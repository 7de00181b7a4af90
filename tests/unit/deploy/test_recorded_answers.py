"""Answers of Compute Engine as public test data has recorded them are read as what they are."""

import copy

import pytest

from deploy.compute_engine.operations import OperationResult, operation_result, operation_scope
from deploy.documents import validation
from deploy.documents.group_state import health_check_of, parse_group
from deploy.documents.location import Location
from deploy.documents.resource import link_of, links_of
from deploy.documents.validation import Check
from deploy.group.quotas import instances_that_fit, parse_quotas, quota_checks
from deploy.group.update_policy import policy_values
from tests.support import recorded
from tests.support.recorded import Recorded

CHECKS: dict[str, tuple[Recorded, Check]] = {
    "group": (recorded.NEW_GROUP, validation.group_check("web", Location("zone", "asia-northeast3-a"))),
    "template": (recorded.TEMPLATE, validation.resource_check("instanceTemplates", "t")),
    "health check": (recorded.HEALTH_CHECK, validation.resource_check("healthChecks", "up")),
    "region": (recorded.REGION, validation.check_region),
    "operation": (recorded.OPERATION, validation.operation_check()),
    "failed operation": (recorded.FAILED_OPERATION, validation.operation_check()),
}


@pytest.mark.parametrize("name", CHECKS)
def test_recorded_answer_passes_its_check(name: str) -> None:
    """The check of each answer accepts the recorded one."""
    answer, check = CHECKS[name]
    check(copy.deepcopy(answer.document))


def test_recorded_error_is_no_resource() -> None:
    """The check of a resource refuses the recorded answer for an absent one."""
    with pytest.raises(ValueError, match="an error with status 200"):
        validation.check_object(copy.deepcopy(recorded.ABSENT.document))


def test_links_of_another_version_of_the_api_are_the_same_resource() -> None:
    """A group's links to its template and health check may be of the beta API, and mean the resources of v1."""
    group = recorded.NEW_GROUP.document
    state = parse_group(group, [])
    assert state.versions[0].link in links_of(recorded.TEMPLATE.document)
    assert link_of(health_check_of(group)) in links_of(recorded.HEALTH_CHECK.document)


def test_update_policy_without_its_most_disruptive_action() -> None:
    """Compute Engine shows no `mostDisruptiveAllowedAction` where none was set, and its value is None then."""
    assert policy_values(recorded.NEW_GROUP.document["updatePolicy"])["mostDisruptiveAllowedAction"] is None


def test_group_that_waits_for_its_health_check_is_not_settled() -> None:
    """While instances are verified, a group has reached its version target and is not stable."""
    state = parse_group(recorded.NEW_GROUP.document | recorded.VERIFYING.document, [])
    assert (state.is_reached, state.is_stable) == (True, False)


def test_failed_operation_has_its_code() -> None:
    """The result of a failed operation has the code and the message of its error."""
    assert operation_result(recorded.FAILED_OPERATION.document) == OperationResult(
        "failed", "CONDITION_NOT_MET", "CONDITION_NOT_MET: no"
    )
    assert operation_scope(recorded.OPERATION.document) == "zones/asia-northeast3-a"


def test_quotas_of_the_recorded_region() -> None:
    """An n1 machine takes CPUS, because the region has no quota of its family; a disk without a size is not checked."""
    checks = quota_checks(recorded.TEMPLATE.document, parse_quotas(recorded.REGION.document))
    assert {check.metric: check.unchecked or check.needed for check in checks} == {
        "INSTANCES": 1.0,
        "CPUS": 1.0,
        "DISKS_TOTAL_GB": "a disk has the size of its image",
    }
    assert instances_that_fit(checks) == 600
