"""Checks of requests against the schema of Compute v1."""

import pytest

from emulator.api.errors import ApiError
from emulator.api.schema import check, generate


def refusal(message: str, body: object) -> str:
    """Return the message of the error that a body must cause."""
    with pytest.raises(ApiError) as error:
        check.check_body(message, body)
    assert error.value.code == 400
    return error.value.message


def test_the_committed_schema_is_up_to_date() -> None:
    """compute.json equals what the package gives; update: python -m emulator.api.schema.generate."""
    assert generate.TARGET.read_text() == generate.generate()


def test_a_wrong_type_names_the_field() -> None:
    """The error of a wrong type names the path of the field."""
    group = "InstanceGroupManager"
    assert refusal(group, {"targetSize": "many"}).startswith(
        "Invalid value for field 'resource.targetSize': '\"many\"'."
    )
    assert "'resource.updatePolicy.maxSurge.fixed'" in refusal(group, {"updatePolicy": {"maxSurge": {"fixed": True}}})
    assert "'resource.versions[1]'" in refusal(group, {"versions": [{}, 3]})
    assert "'resource.versions'" in refusal(group, {"versions": {}})
    assert "'resource'" in refusal(group, [])
    assert "'resource.labels.env'" in refusal("Instance", {"labels": {"env": 1}})
    assert "Must be an int32" in refusal(group, {"targetSize": 2**31})


def test_a_wrong_enum_names_the_values() -> None:
    """The error of an unknown enum value lists the known values."""
    text = refusal("InstanceGroupManager", {"updatePolicy": {"type": "PROACTVE"}})
    assert text == (
        "Invalid value for field 'resource.updatePolicy.type': 'PROACTVE'. Must be one of [OPPORTUNISTIC, PROACTIVE]."
    )


def test_unknown_fields_are_kept_and_read_only_fields_removed() -> None:
    """Unknown fields stay, read-only fields are removed, and both are noted."""
    checked = check.check_body("InstanceTemplate", {"id": "7", "name": "t", "properties": {"new": {"deep": [None]}}})
    assert checked.body == {"name": "t", "properties": {"new": {"deep": [None]}}}
    assert checked.notes == ["read-only field resource.id", "unknown field resource.properties.new"]


def test_null_is_kept_for_a_patch() -> None:
    """A null in an object reaches the patch, which clears the member."""
    body = {"updatePolicy": {"maxSurge": {"fixed": 1, "percent": None}}}
    assert check.check_body("InstanceGroupManager", body).body == body


def test_null_is_kept_in_a_map_for_a_patch() -> None:
    """A null in a map reaches the patch; `all-instances-config delete` of gcloud clears an entry this way."""
    body = {"allInstancesConfig": {"properties": {"metadata": {"startup-script": None, "other": "x"}}}}
    assert check.check_body("InstanceGroupManager", body).body == body


def test_64_bit_integers_are_text() -> None:
    """A 64-bit integer is kept as text, as in Google's JSON."""
    disk = {"properties": {"disks": [{"initializeParams": {"diskSizeGb": 50}}]}}
    checked = check.check_body("InstanceTemplate", disk)
    assert checked.body["properties"]["disks"][0]["initializeParams"]["diskSizeGb"] == "50"


def test_fractions_are_numbers() -> None:
    """Fields with fractions of 32 and of 64 bits take numbers."""
    for message, body in (
        ("SubnetworkLogConfig", {"flowSampling": 0.1}),
        ("AutoscalingPolicyCpuUtilization", {"utilizationTarget": 0.6}),
    ):
        assert check.check_body(message, body).body == body
    assert "Must be a number" in refusal("SubnetworkLogConfig", {"flowSampling": [0.1]})


def test_query_values_get_their_types() -> None:
    """Numbers and booleans of a query are converted, and other texts are refused with the name of the parameter."""
    method = check.methods()["instanceTemplates.aggregatedList"]
    assert check.check_query(method, {"maxResults": "5", "includeAllScopes": "True", "alt": "json"}) == {
        "maxResults": 5,
        "includeAllScopes": True,
        "alt": "json",
    }
    with pytest.raises(ApiError, match="'maxResults'"):
        check.check_query(method, {"maxResults": "five"})
    with pytest.raises(ApiError, match="'includeAllScopes'"):
        check.check_query(method, {"includeAllScopes": "1"})


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("instanceGroupManagers.patch", True),
        ("instanceGroupManagers.listManagedInstances", False),
        ("zoneOperations.wait", False),
        ("instances.getSerialPortOutput", False),
        ("instanceTemplates.delete", True),
    ],
)
def test_methods_that_write(name: str, changes: bool) -> None:
    """A method changes something unless it lists, gets, waits or tests."""
    assert check.methods()[name].changes is changes
