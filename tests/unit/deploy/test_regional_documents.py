"""The documents of a regional group: its place, its zones, the zones of its instances, and its paths."""

from typing import Any

import pytest

from deploy.compute_engine.permissions import REQUIRED_PERMISSIONS, required_permissions
from deploy.documents import validation
from deploy.documents.group_state import Version, parse_group
from deploy.documents.location import Location
from deploy.errors import RefusedError
from deploy.group.health import PollSummary, add_poll, failing_check_warnings, group_verdict
from deploy.rollout.early_failure import late_instances
from tests.unit.deploy.scripted_compute import GROUP, ScriptedCompute, error

HOST = "https://www.googleapis.com/compute/v1/projects/dojangkok-dev"
REGION, ZONE = Location("region", "asia-northeast3"), Location("zone", "asia-northeast3-a")
TEMPLATE = "projects/dojangkok-dev/global/instanceTemplates/t"
TARGET = Version(TEMPLATE, "v")


def document(**changes: Any) -> dict[str, Any]:
    """Return the document of a regional group of two zones."""
    return {
        "name": "g",
        "selfLink": f"{HOST}/regions/asia-northeast3/instanceGroupManagers/g",
        "region": f"{HOST}/regions/asia-northeast3",
        "fingerprint": "f=",
        "targetSize": 2,
        "versions": [{"instanceTemplate": TEMPLATE, "name": "v"}],
        "distributionPolicy": {"zones": [{"zone": f"{HOST}/zones/asia-northeast3-{letter}"} for letter in "ac"]},
        "status": {"isStable": True, "versionTarget": {"isReached": True}},
    } | changes


def row(name: str, zone: str, **changes: Any) -> dict[str, Any]:
    """Return the row of an instance that serves."""
    return {
        "name": name,
        "instance": f"{HOST}/zones/asia-northeast3-{zone}/instances/{name}",
        "version": {"instanceTemplate": TEMPLATE, "name": "v"},
        "instanceStatus": "RUNNING",
        "currentAction": "NONE",
        "instanceHealth": [{"detailedHealthState": "HEALTHY"}],
    } | changes


@pytest.mark.parametrize(
    ("location", "path", "region", "flag", "text"),
    [
        (
            REGION,
            "regions/asia-northeast3",
            "asia-northeast3",
            ("--region", "asia-northeast3"),
            "region asia-northeast3",
        ),
        (ZONE, "zones/asia-northeast3-a", "asia-northeast3", ("--zone", "asia-northeast3-a"), "zone asia-northeast3-a"),
    ],
)
def test_location_has_its_path_region_and_flag(
    location: Location, path: str, region: str, flag: tuple[str, str], text: str
) -> None:
    """Everything that depends on the location of a group comes from one value."""
    assert (location.path, location.region, location.flag, str(location)) == (path, region, flag, text)


def test_regional_group_is_parsed_with_the_zone_of_each_instance() -> None:
    """The zone of an instance is that of its URL, and the history is that of `REGION/GROUP`."""
    group = parse_group(document(), [row("i", "c")])
    assert group.qualified_name == "asia-northeast3/g"
    assert group.zones == ("asia-northeast3-a", "asia-northeast3-c")
    assert [instance.zone for instance in group.instances] == ["asia-northeast3-c"]


@pytest.mark.parametrize(
    ("location", "changes", "text"),
    [
        (REGION, {}, ""),
        (ZONE, {}, "another group: 'asia-northeast3/g'"),
        (REGION, {"region": "regions/other"}, "another group: 'other/g'"),
        (REGION, {"region": "", "zone": "zones/asia-northeast3-a"}, "another group: 'asia-northeast3-a/g'"),
        (REGION, {"distributionPolicy": {}}, "a regional group without zones"),
    ],
)
def test_document_must_be_of_the_group_and_place(location: Location, changes: dict[str, Any], text: str) -> None:
    """A zonal and a regional group may have the same name, and a regional group without zones allows no surge."""
    found = ""
    try:
        validation.group_check("g", location)(document(**changes))
    except ValueError as error:
        found = validation.reason(error)
    assert found == text


def test_serial_port_is_read_in_the_zone_of_the_instance() -> None:
    """A regional group has instances in several zones."""
    path = "GET zones/asia-northeast3-c/instances/i/serialPort"
    compute = ScriptedCompute({path: [{"contents": "boot"}]})
    [instance] = parse_group(document(), [row("i", "c")]).instances
    assert compute.managed().serial_port(instance, 5.0) == "boot"


def test_permissions_of_a_regional_group_are_those_of_a_zonal_one_but_for_operations() -> None:
    """The operations of a regional group are in its region."""
    regional, zonal = set(required_permissions(REGION)), set(required_permissions(ZONE))
    assert zonal == set(REQUIRED_PERMISSIONS)
    assert regional ^ zonal == {"compute.regionOperations.get", "compute.zoneOperations.get"}


def test_instances_that_are_moved_to_another_zone_are_waited_for() -> None:
    """Redistribution deletes an instance and creates another: it is neither a repair nor a failure."""
    moving = [
        row("i", "a"),
        row("j", "a", currentAction="DELETING", version={}),
        row("k", "c", currentAction="CREATING", instanceStatus="", instanceHealth=[]),
    ]
    unsettled = {"isStable": False, "versionTarget": {"isReached": True}}
    polls = PollSummary()
    for _ in range(5):
        group = parse_group(document(status=unsettled), moving)
        polls = add_poll(group, TARGET, polls)
        assert group_verdict(group, TARGET, polls).state == "waiting"
    assert polls.repairs == {}
    done = parse_group(document(), [row("i", "a"), row("k", "c")])
    assert group_verdict(done, TARGET, add_poll(done, TARGET, polls)).state == "done"


@pytest.mark.parametrize(
    ("shape", "code", "state"),
    [
        ("EVEN", "ZONE_RESOURCE_POOL_EXHAUSTED", "capacity"),
        ("ANY_SINGLE_ZONE", "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS", "capacity"),
        ("BALANCED", "ZONE_RESOURCE_POOL_EXHAUSTED", "waiting"),
        ("ANY", "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS", "waiting"),
        ("ANY", "QUOTA_EXCEEDED", "capacity"),
    ],
)
def test_full_zone_ends_a_rollout_only_if_the_group_tries_no_other(shape: str, code: str, state: str) -> None:
    """A group of shape ANY or BALANCED creates the instance in another zone; a quota is that of the region."""
    errors = {"errors": {"errors": [{"code": code, "message": "no"}]}}
    lacking = row("k", "c", currentAction="CREATING", instanceStatus="", lastAttempt=errors)
    policy = document()["distributionPolicy"] | {"targetShape": shape}
    group = parse_group(document(distributionPolicy=policy), [lacking])
    polls = add_poll(group, TARGET, add_poll(group, TARGET, PollSummary()))
    assert group_verdict(group, TARGET, polls).state == state


@pytest.mark.parametrize(("method", "repairs", "late"), [("RECREATE", 1, ()), ("SUBSTITUTE", 2, ("i",))])
def test_first_recreation_by_recreate_is_no_repair(method: str, repairs: int, late: tuple[str, ...]) -> None:
    """By RECREATE an instance is replaced in that action, with the serial output of the old one until it is gone."""
    policy = {"updatePolicy": {"replacementMethod": method}}
    polls = PollSummary()
    for action in ("RECREATING", "VERIFYING", "RECREATING"):
        group = parse_group(document(**policy), [row("i", "a", currentAction=action)])
        polls = add_poll(group, TARGET, polls)
    assert polls.repairs == {"i": repairs}
    assert late_instances(group, TARGET) == late


def test_check_of_a_load_balancer_that_fails_is_a_warning() -> None:
    """The group's own check decides, and a warning has the other check, and how many instances it does not accept."""
    own, other = (f"{HOST}/global/healthChecks/{name}" for name in ("app", "balancer"))
    states = [
        {"healthCheck": own, "detailedHealthState": "HEALTHY"},
        {"healthCheck": other, "detailedHealthState": "TIMEOUT"},
    ]
    healing = {"autoHealingPolicies": [{"healthCheck": own}]}
    rows = [row("i", "a", instanceHealth=states), row("j", "c", instanceHealth=states[:1])]
    group = parse_group(document(**healing), rows)
    assert group_verdict(group, TARGET, add_poll(group, TARGET, PollSummary())).state == "done"
    [warning] = failing_check_warnings(group)
    assert warning == (
        "health check 'balancer' does not find 1 of 2 instances healthy, and a rollout is judged by 'app' alone: a load"
        " balancer that uses 'balancer' sends them no requests"
    )
    assert failing_check_warnings(parse_group(document(**healing), rows[1:])) == ()


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (
            {
                "items": {
                    "regions/asia-northeast3": {"instanceGroupManagers": [document(name="dojangkok-dev-ai-server-mig")]}
                }
            },
            "of that name is in region asia-northeast3. Fix: set `region: asia-northeast3` in the environment file in",
        ),
        ({}, "of project dojangkok-dev. Fix: correct `group`, `zone` or `project` in the environment file."),
    ],
)
def test_group_that_its_zone_does_not_have(answer: dict[str, Any], text: str) -> None:
    """The refusal says where a group of that name is."""
    compute = ScriptedCompute({f"GET {GROUP}": [error(404)], "GET aggregated/instanceGroupManagers": [answer]})
    with pytest.raises(RefusedError) as refusal:
        compute.managed().read()
    assert text in str(refusal.value)
