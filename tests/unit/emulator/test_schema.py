import pytest

from emulator.api.errors import ApiError
from emulator.api.schema import check, generate


def refused(message: str, body: object) -> str:
    with pytest.raises(ApiError) as error:
        check.check_body(message, body)
    assert error.value.code == 400
    return error.value.message


def test_committed_schema_is_what_the_package_says() -> None:
    """Mend with `uv run --project emulator python -m emulator.api.schema.generate`."""
    assert generate.TARGET.read_text() == generate.generate()


def test_wrong_types_name_the_field() -> None:
    group = "InstanceGroupManager"
    assert refused(group, {"targetSize": "many"}).startswith(
        "Invalid value for field 'resource.targetSize': '\"many\"'."
    )
    assert "'resource.updatePolicy.maxSurge.fixed'" in refused(group, {"updatePolicy": {"maxSurge": {"fixed": True}}})
    assert "'resource.versions[1]'" in refused(group, {"versions": [{}, 3]})
    assert "'resource.versions'" in refused(group, {"versions": {}})
    assert "'resource'" in refused(group, [])
    assert "'resource.labels.env'" in refused("Instance", {"labels": {"env": 1}})
    assert "Must be an int32" in refused(group, {"targetSize": 2**31})


def test_wrong_enum_names_the_values() -> None:
    text = refused("InstanceGroupManager", {"updatePolicy": {"type": "PROACTVE"}})
    assert text == (
        "Invalid value for field 'resource.updatePolicy.type': 'PROACTVE'. Must be one of [OPPORTUNISTIC, PROACTIVE]."
    )


def test_unknown_is_kept_and_noted_and_read_only_is_dropped_and_noted() -> None:
    checked = check.check_body("InstanceTemplate", {"id": "7", "name": "t", "properties": {"new": {"deep": [None]}}})
    assert checked.body == {"name": "t", "properties": {"new": {"deep": [None]}}}
    assert checked.notes == ["read-only field resource.id", "unknown field resource.properties.new"]


def test_null_survives_for_merge_patch() -> None:
    body = {"updatePolicy": {"maxSurge": {"fixed": 1, "percent": None}}}
    assert check.check_body("InstanceGroupManager", body).body == body


def test_null_survives_in_a_map_for_merge_patch() -> None:
    """`all-instances-config delete` of gcloud clears an entry this way."""
    body = {"allInstancesConfig": {"properties": {"metadata": {"startup-script": None, "other": "x"}}}}
    assert check.check_body("InstanceGroupManager", body).body == body


def test_long_integers_are_text() -> None:
    disk = {"properties": {"disks": [{"initializeParams": {"diskSizeGb": 50}}]}}
    checked = check.check_body("InstanceTemplate", disk)
    assert checked.body["properties"]["disks"][0]["initializeParams"]["diskSizeGb"] == "50"


def test_fractions_are_numbers() -> None:
    """Of both kinds that the package has, 32 and 64 bits."""
    for message, body in (
        ("SubnetworkLogConfig", {"flowSampling": 0.1}),
        ("AutoscalingPolicyCpuUtilization", {"utilizationTarget": 0.6}),
    ):
        assert check.check_body(message, body).body == body
    assert "Must be a number" in refused("SubnetworkLogConfig", {"flowSampling": [0.1]})


def test_query_values_get_their_types() -> None:
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
def test_what_writes_is_known(name: str, changes: bool) -> None:
    assert check.methods()[name].changes is changes
