"""What recorded answers of Google show of each row of FIDELITY.md."""

from dataclasses import replace
from typing import Any

import pytest

from acceptance.claims import CLAIMS, verdicts, verdicts_report
from acceptance.exchange import Exchange

_GROUP = "/compute/v1/projects/demo/zones/z/instanceGroupManagers/web"
_TEMPLATE = "/compute/v1/projects/demo/global/instanceTemplates"
Json = dict[str, Any]


def answer(verb: str, path: str, response: Json, *, status: int = 200, request: Json | None = None) -> Exchange:
    """Return an answer of Google."""
    return Exchange(
        step="plan",
        host="compute.googleapis.com",
        at="2026-12-01T10:00:00+00:00",
        verb=verb,
        path=path,
        request=request,
        status=status,
        response=response,
    )


def group(stable: bool, reached: bool, zone: str = "-08:00", **actions: int) -> Exchange:
    """Return a read of a group."""
    status = {"isStable": stable, "versionTarget": {"isReached": reached}}
    created = f"2026-12-01T02:00:00.000{zone}"
    return answer("GET", _GROUP, {"status": status, "currentActions": actions, "creationTimestamp": created})


def template(**changes: Any) -> Exchange:
    """Return a read of a template."""
    properties = {
        "metadata": {"fingerprint": "a="},
        "disks": [{"kind": "compute#attachedDisk", "index": 0}],
        "networkInterfaces": [{"name": "nic0"}],
    }
    named = dict.fromkeys(("id", "selfLink", "name"), "1")
    created = "2026-12-01T02:00:00.000-08:00"
    whole = {"kind": "compute#instanceTemplate", "creationTimestamp": created, "properties": properties, **named}
    return answer("GET", f"{_TEMPLATE}/t", {**whole, **changes})


def absent(message: str) -> Exchange:
    """Return an answer for a resource that does not exist."""
    error = {"code": 404, "errors": [{"reason": "notFound"}], "message": message}
    return answer("GET", _GROUP, {"error": error}, status=404)


def rows(*managed: Json) -> Exchange:
    """Return a list of a group's instances."""
    return answer("POST", f"{_GROUP}/listManagedInstances", {"managedInstances": list(managed)})


PATCH = answer("PATCH", _GROUP, {"operationType": "patch"}, request={"versions": []})
OPERATIONS = [
    PATCH,
    answer("POST", "/compute/v1/projects/demo/global/healthChecks", {"operationType": "insert"}),
    answer("POST", _TEMPLATE, {"operationType": "compute.instanceTemplates.insert"}),
    answer("POST", _GROUP.rpartition("/")[0], {"operationType": "compute.instanceGroupManagers.insert"}),
    answer("DELETE", _GROUP, {"operationType": "compute.instanceGroupManagers.delete"}),
]
SHOWN = {
    "test_recorded.test_operation_types": (
        OPERATIONS,
        [answer("PATCH", _GROUP, {"operationType": "compute.instanceGroupManagers.patch"})],
    ),
    "test_errors.test_a_missing_resource": ([absent("The resource 'x' was not found")], [absent("no such thing")]),
    "test_templates.test_timestamps_are_pacific": ([group(True, True)], [group(True, True, zone="Z")]),
    "test_templates.test_the_server_adds_its_fields": ([template()], [template(kind="other")]),
    "test_recorded.test_instances_that_wait_for_their_health_check": (
        [group(False, True, verifying=2, none=0)],
        [group(True, True, verifying=2)],
    ),
    "test_flags.test_a_group_at_rest_on_the_old_version_looks_done": ([group(True, True)], [group(True, False)]),
    "test_flags.test_an_accepted_patch_is_neither": (
        [PATCH, rows(), group(False, False, none=2)],
        [PATCH, group(False, True, none=2)],
    ),
    "test_flags.test_an_instance_that_is_being_deleted_has_no_version": (
        [rows({"currentAction": "DELETING"}, {"currentAction": "NONE", "version": {}})],
        [rows({"currentAction": "DELETING", "version": {}})],
    ),
}  # fmt: skip


def test_every_claim_has_cases() -> None:
    """The cases of this file are those of all claims."""
    assert set(SHOWN) == {claim.row for claim in CLAIMS}


@pytest.mark.parametrize("row", SHOWN)
def test_a_row_is_measured_contradicted_or_not_seen(row: str) -> None:
    """Answers that show a behaviour measure its row, others contradict it, and without answers it is not seen."""
    measured, contradicted = SHOWN[row]
    assert verdicts(measured)[row] == "measured"
    assert verdicts(contradicted)[row] == "contradicted"
    assert verdicts([*contradicted, *measured])[row] == "contradicted"
    assert verdicts([])[row] == "not seen"


@pytest.mark.parametrize("row", SHOWN)
def test_an_emulator_measures_nothing(row: str) -> None:
    """Answers of another host than Google's are no evidence."""
    exchanges = [replace(exchange, host="127.0.0.1") for exchange in SHOWN[row][0]]
    assert verdicts(exchanges)[row] == "not seen"
    assert verdicts_report(exchanges) == ["no exchange with Google: no row of emulator/FIDELITY.md is measured"]


def test_an_answer_without_its_members_contradicts() -> None:
    """An answer that lacks what a row says is no reason to stop the report."""
    exchange = replace(group(True, True), response={})
    assert verdicts([exchange])["test_templates.test_timestamps_are_pacific"] == "contradicted"


@pytest.mark.parametrize("response", ["<html>was not found</html>", None, {"error": "not found"}, {"error": {}}])
def test_an_answer_of_a_proxy_shows_nothing(response: Any) -> None:
    """Answers that are no JSON objects, and errors in another form than Google's, neither measure nor contradict."""
    exchanges = [replace(group(True, True), response=response), replace(absent("x"), response=response)]
    assert verdicts([exchanges[1]])["test_errors.test_a_missing_resource"] == "not seen"
    if not isinstance(response, dict):
        assert set(verdicts(exchanges).values()) == {"not seen"}


@pytest.mark.parametrize("number", range(len(OPERATIONS)))
def test_operation_types_need_every_method(number: int) -> None:
    """The row of operation types is measured only by all of its methods together."""
    exchanges = [*OPERATIONS[:number], *OPERATIONS[number + 1 :]]
    assert verdicts(exchanges)["test_recorded.test_operation_types"] == "not seen"


def test_report_names_each_row_with_its_verdict() -> None:
    """Rows that are contradicted come first, because they need work."""
    lines = verdicts_report([group(True, True), absent("no such thing")])
    assert lines[:3] == [
        "contradicted  test_errors.test_a_missing_resource",
        "measured      test_templates.test_timestamps_are_pacific",
        "measured      test_flags.test_a_group_at_rest_on_the_old_version_looks_done",
    ]
    assert len(lines) == len(CLAIMS)
