"""Answers of Compute Engine with status 200 that are not what was asked for."""

from typing import Any

import pytest

from deploy.documents import validation
from deploy.documents.location import Location
from deploy.documents.validation import Check

GROUP = {"name": "g", "fingerprint": "f", "zone": "projects/p/zones/z", "instanceTemplate": "t"}
TEMPLATE = {"name": "t", "id": "7", "creationTimestamp": "2026-11-23T12:00:00Z", "selfLink": "x", "properties": {}}
ERROR = {"error": {"code": 503}}


def refusal(check: Check, document: dict[str, Any]) -> str:
    """Return why a check refuses a document; empty if it accepts the document."""
    try:
        check(document)
    except ValueError as error:
        return validation.reason(error)
    return ""


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({}, ""),
        ({"zone": ""}, ""),
        ({"instanceTemplate": "", "versions": [{"instanceTemplate": "t"}]}, ""),
        ({"name": "other"}, "another group: 'z/other'"),
        ({"zone": "projects/p/zones/y"}, "another group: 'y/g'"),
        ({"instanceTemplate": ""}, "a group without a version"),
        ({"fingerprint": ""}, "fingerprint: String should have at least 1 character"),
        ({"targetSize": "many"}, "targetSize: Input should be a valid integer, unable to parse string as an integer"),
        ({"error": "x" * 300}, f"an error with status 200: {'x' * 200}"),
    ],
)
def test_group_must_be_the_requested_group(change: dict[str, Any], text: str) -> None:
    """Name, zone, fingerprint and a version must be there; a document of another group is no state of this group."""
    assert refusal(validation.group_check("g", Location("zone", "z")), GROUP | change) == text


@pytest.mark.parametrize(
    ("name", "change", "text"),
    [
        ("t", {}, ""),
        ("7", {}, ""),
        ("7", {"id": 7}, "id: Input should be a valid string"),
        ("other", {}, "not 'other': t"),
        ("None", {"id": None}, "id: Input should be a valid string"),
        ("t", {"selfLink": ""}, "selfLink: String should have at least 1 character"),
        ("other", {"name": "n" * 70}, f"not 'other': {'n' * 63}"),
        ("t", ERROR, "an error with status 200: {'code': 503}"),
    ],
)
def test_resource_has_the_requested_name_or_id(name: str, change: dict[str, Any], text: str) -> None:
    """A template is requested by its name or its numeric id, and either must be in the answer."""
    assert refusal(validation.resource_check("instanceTemplates", name), TEMPLATE | change) == text


@pytest.mark.parametrize("name", ["", "None"])
def test_resource_without_an_id_has_an_empty_id(name: str) -> None:
    """Of an answer without a name and an id, no name is the right one."""
    text = refusal(validation.resource_check("instanceTemplates", name), {})
    assert text == ("name: Field required" if name == "" else "not 'None': None")


@pytest.mark.parametrize(
    ("name", "document", "text"),
    [
        ("o", {"name": "o", "status": "DONE"}, ""),
        ("", {"name": "o", "status": "DONE"}, ""),
        ("other", {"name": "o" * 70, "status": "DONE"}, f"another operation: '{'o' * 63}'"),
        ("o", {"name": "o", "status": "ODD"}, "status: Input should be 'PENDING', 'RUNNING' or 'DONE'"),
    ],
)
def test_operation_must_be_the_requested_operation(name: str, document: dict[str, Any], text: str) -> None:
    """The first answer to a write has any name; later answers have the name of the first."""
    assert refusal(validation.operation_check(name), document) == text


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({}, ""),
        ({"items": [TEMPLATE], "nextPageToken": "x"}, ""),
        ({"items": [TEMPLATE, {}]}, "name: Field required"),
        ({"items": {}}, "items: not a list"),
        ({"items": None}, "items: not a list"),
        ({"nextPageToken": 1}, "nextPageToken: not a text"),
        (ERROR, "an error with status 200: {'code': 503}"),
    ],
)
def test_page_holds_rows_of_its_collection(document: dict[str, Any], text: str) -> None:
    """A page of an empty list has no rows; every row has the members of its collection."""
    assert refusal(validation.page_check("instanceTemplates", "items"), document) == text


@pytest.mark.parametrize(
    ("check", "document", "text"),
    [
        (validation.check_group_page, {"items": {"zones/z": {"instanceGroupManagers": [GROUP]}}}, ""),
        (validation.check_group_page, {"items": []}, "items: Input should be a valid dictionary"),
        (validation.check_group_page, ERROR, "an error with status 200: {'code': 503}"),
        (validation.check_region, {"name": "r"}, ""),
        (validation.check_region, {}, "name: Field required"),
        (validation.check_region, {"name": "r", **ERROR}, "an error with status 200: {'code': 503}"),
        (validation.granted_permissions, {"permissions": ["a.b"]}, ""),
        (validation.granted_permissions, {}, "permissions: Field required"),
        (validation.granted_permissions, [], "Input should be a valid dictionary or instance of GrantedPermissions"),
    ],
)
def test_other_answers_have_their_members(check: Check, document: dict[str, Any], text: str) -> None:
    """Pages of groups, regions and permissions are checked; an answer that is no object names no member."""
    assert refusal(check, document) == text
