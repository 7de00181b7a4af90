"""The state of a group, parsed from its document and the rows of its instances."""

from typing import Any

import pytest

from deploy.documents.group_state import Group, Instance, Version, health_check_of, initial_delay_s, parse_group

TEMPLATE = "projects/p/global/instanceTemplates/t"
ZONE = "https://compute/v1/projects/p/zones/z"
CHECK = "projects/p/global/healthChecks/own"


def test_empty_document_has_no_version_and_no_instance() -> None:
    """Every member that the document lacks has the value of an empty group."""
    assert parse_group({}, []) == Group({}, (), 0, "", is_stable=False, is_reached=False, instances=())


def test_every_member_of_a_group_is_parsed() -> None:
    """A reference to a template without a project gets the project of the group's link."""
    raw = {
        "selfLink": f"{ZONE}/instanceGroupManagers/g",
        "targetSize": 3,
        "fingerprint": "f",
        "versions": [{"instanceTemplate": "global/instanceTemplates/t", "name": "deploy/x"}],
        "status": {"isStable": True, "versionTarget": {"isReached": True}},
    }
    group = parse_group(raw, [{"name": "vm"}])
    assert group == Group(
        raw, (Version(TEMPLATE, "deploy/x"),), 3, "f", True, True, (Instance("vm", None, "", "", ""),)
    )


@pytest.mark.parametrize("place", [{"zone": ZONE}, {"selfLink": f"{ZONE}/g", "zone": "projects/other/zones/z"}])
def test_group_without_versions_has_the_version_of_its_template(place: dict[str, str]) -> None:
    """The project comes from the group's link, and from its zone if it has no link."""
    group = parse_group({**place, "instanceTemplate": "global/instanceTemplates/t"}, [])
    assert group.versions == (Version(TEMPLATE),)


def test_version_without_a_template_has_an_empty_link() -> None:
    """A malformed entry is a version that no template has."""
    assert parse_group({"zone": ZONE, "versions": [{"name": "deploy/x"}]}, []).versions == (Version("", "deploy/x"),)


FULL_ROW = {
    "name": "vm",
    "instance": f"{ZONE}/instances/other",
    "version": {"instanceTemplate": "global/instanceTemplates/t", "name": "deploy/x"},
    "instanceStatus": "RUNNING",
    "currentAction": "VERIFYING",
    "targetStatus": "STOPPED",
    "instanceHealth": [{"detailedHealthState": "HEALTHY"}],
    "lastAttempt": {"errors": {"errors": [{"code": "QUOTA_EXCEEDED", "message": "no room"}, {}]}},
}


@pytest.mark.parametrize(
    ("row", "instance"),
    [
        (
            FULL_ROW,
            Instance(
                "vm",
                Version(TEMPLATE, "deploy/x"),
                "RUNNING",
                "VERIFYING",
                "HEALTHY",
                (("QUOTA_EXCEEDED", "no room"), ("", "")),
                "STOPPED",
                "z",
            ),
        ),
        ({"instance": f"{ZONE}/instances/vm"}, Instance("vm", None, "", "", "", zone="z")),
        ({"version": {"name": "deploy/x"}, "lastAttempt": {}}, Instance("", None, "", "", "", zone="z")),
        ({"version": {"instanceTemplate": TEMPLATE}}, Instance("", Version(TEMPLATE), "", "", "", zone="z")),
        ({"lastAttempt": {"errors": {}}}, Instance("", None, "", "", "", zone="z")),
    ],
)
def test_row_of_an_instance_is_parsed(row: dict[str, Any], instance: Instance) -> None:
    """An instance without a template is one that the group deletes; a missing member is empty."""
    assert parse_group({"zone": ZONE}, [row]).instances == (instance,)


@pytest.mark.parametrize(
    ("rows", "health"),
    [
        ([], ""),
        ([{"healthCheck": "global/healthChecks/own", "detailedHealthState": "HEALTHY"}, {}], "HEALTHY"),
        ([{"healthCheck": "global/healthChecks/own"}, {"detailedHealthState": "HEALTHY"}], "UNKNOWN"),
        ([{"detailedHealthState": "HEALTHY"}, {"detailedHealthState": "TIMEOUT"}], "TIMEOUT"),
    ],
)
def test_own_health_check_decides(rows: list[dict[str, str]], health: str) -> None:
    """A check of the group is recognised without its project; other checks count only where the group's is missing."""
    raw = {"selfLink": f"{ZONE}/g", "autoHealingPolicies": [{"healthCheck": CHECK}]}
    assert parse_group(raw, [{"instanceHealth": rows}]).instances[0].health == health


@pytest.mark.parametrize(
    ("policies", "check", "delay_s"),
    [
        (None, "", 0),
        ([], "", 0),
        ([{}], "", 0),
        ([{"healthCheck": ""}, {"healthCheck": CHECK}], CHECK, 0),
        ([{"initialDelaySec": 300}, {"initialDelaySec": 5}], "", 300),
    ],
)
def test_healing_policy_is_read(policies: list[dict[str, Any]] | None, check: str, delay_s: int) -> None:
    """The first health check repairs instances, after the delay of the first policy."""
    raw = {"autoHealingPolicies": policies}
    assert (health_check_of(raw), initial_delay_s(raw)) == (check, delay_s)


@pytest.mark.parametrize(
    ("metadata", "key"),
    [
        ({}, ""),
        ({"other": "x"}, ""),
        ({"startup-script-url": "x"}, "startup-script-url"),
        ({"startup-script-url": "x", "startup-script": "y"}, "startup-script"),
    ],
)
def test_metadata_of_all_instances_may_hide_the_script(metadata: dict[str, str], key: str) -> None:
    """Only the two keys that Compute Engine runs hide the script of the template."""
    raw = {"zone": ZONE, "name": "g", "allInstancesConfig": {"properties": {"metadata": metadata}}}
    group = parse_group(raw, [])
    assert (group.metadata_of_all, group.masking_key, group.qualified_name) == (metadata, key, "z/g")
