"""The rows that decide an instance's health: those of the group's own check, or all rows if it has none."""

from typing import Any

import pytest

from deploy.documents.group_state import parse_group
from deploy.group.health import PollSummary, add_poll, group_verdict

PROJECT = "https://www.googleapis.com/compute/v1/projects/p"
OWN, OTHER = f"{PROJECT}/global/healthChecks/app", f"{PROJECT}/global/healthChecks/balancer"
TEMPLATE = f"{PROJECT}/global/instanceTemplates/t"


def document(check: str | None = OWN) -> dict[str, Any]:
    """Return the document of a settled group of one instance with autohealing."""
    policies = [{"healthCheck": check, "initialDelaySec": 300}] if check else []
    return {
        "name": "g",
        "selfLink": f"{PROJECT}/zones/z/instanceGroupManagers/g",
        "targetSize": 1,
        "versions": [{"instanceTemplate": TEMPLATE}],
        "autoHealingPolicies": policies,
        "status": {"isStable": True, "versionTarget": {"isReached": True}},
    }


def row(health: Any) -> dict[str, Any]:
    """Return the row of the group's instance, with some rows of health."""
    version = {"instanceTemplate": TEMPLATE}
    return {
        "name": "i",
        "instanceStatus": "RUNNING",
        "currentAction": "NONE",
        "version": version,
        "instanceHealth": health,
    }


def state(check: str, health: str) -> dict[str, str]:
    return {"healthCheck": check, "detailedHealthState": health}


@pytest.mark.parametrize(
    ("rows", "health"),
    [
        ([state(OTHER, "HEALTHY"), state(OWN, "UNHEALTHY")], "UNHEALTHY"),
        ([state(OTHER, "UNHEALTHY"), state(OWN, "HEALTHY")], "HEALTHY"),
        ([state(OWN, "HEALTHY"), state(OWN, "TIMEOUT")], "TIMEOUT"),
        ([state(OTHER, "HEALTHY"), {"healthCheck": OWN}], "UNKNOWN"),
        ([state(OTHER, "HEALTHY")], "HEALTHY"),
        ([state(OTHER, "HEALTHY"), state(f"{OTHER}-2", "DRAINING")], "DRAINING"),
        ([{"detailedHealthState": "HEALTHY"}, {"detailedHealthState": "UNHEALTHY"}], "UNHEALTHY"),
        ([{}], "UNKNOWN"),
        ([], ""),
        (None, ""),
    ],
)
def test_row_of_the_groups_own_check_decides_and_else_all_rows_do(rows: Any, health: str) -> None:
    """The row of the group's own health check decides an instance's health; without such a row, all rows decide."""
    group = parse_group(document(), [row(rows)])
    assert group.instances[0].health == health
    target = group.versions[0]
    is_done = group_verdict(group, target, add_poll(group, target, PollSummary())).state == "done"
    assert is_done is (health == "HEALTHY")


@pytest.mark.parametrize(
    "link",
    [
        OWN,
        "https://compute.googleapis.com/compute/v1/projects/p/global/healthChecks/app",
        "https://www.googleapis.com/compute/beta/projects/p/global/healthChecks/app?uniqueId=7",
        "projects/p/global/healthChecks/app",
        "/projects/p/global/healthChecks/app/",
        "global/healthChecks/app",
    ],
)
def test_own_check_is_known_by_every_form_of_its_link(link: str) -> None:
    """Every form of a link to the group's health check refers to the same health check."""
    rows = [state(OTHER, "UNHEALTHY"), state(OWN, "HEALTHY")]
    assert parse_group(document(link), [row(rows)]).instances[0].health == "HEALTHY"


@pytest.mark.parametrize(
    "link",
    [
        "https://www.googleapis.com/compute/v1/projects/p/regions/r/healthChecks/app",
        "https://www.googleapis.com/compute/v1/projects/other/global/healthChecks/app",
        "https://www.googleapis.com/compute/v1/projects/p/global/httpHealthChecks/app",
        None,
    ],
)
def test_check_of_the_same_name_elsewhere_is_another_check(link: str | None) -> None:
    """If the group's link names another region, project or kind of health check, or is absent, all rows decide."""
    rows = [state(OTHER, "UNHEALTHY"), state(OWN, "HEALTHY")]
    assert parse_group(document(link), [row(rows)]).instances[0].health == "UNHEALTHY"
