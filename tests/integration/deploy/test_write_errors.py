"""Errors of writes that never took effect, and the state of the group in their texts."""

import pytest

from deploy.errors import CapacityError, DeployError, NotAllowedError, NotRestoredError, RefusedError
from tests.integration.deploy.rig import new_rig
from tests.unit.deploy.values import GROUP


@pytest.mark.parametrize("method", ["instanceTemplates.insert", "instanceGroupManagers.patch"])
@pytest.mark.parametrize("has_http_code", [True, False])
def test_quota_in_an_operation_has_its_own_code(method: str, has_http_code: bool) -> None:
    """A quota that an operation exceeds ends with exit code 9."""
    rig = new_rig()
    operation = {"error": "QUOTA_EXCEEDED", "has_http_code": has_http_code}
    rig.control("POST", "emulator/faults", {"faults": [{"on": method, "operation": operation}]})
    with pytest.raises(CapacityError, match=r"QUOTA_EXCEEDED.* Fix: raise that quota, or wait") as error:
        rig.deploy("a")
    assert error.value.exit_code == 9
    assert rig.serving() == ["latest"] * 3


def test_refused_write_to_an_unsettled_group_reports_both() -> None:
    """The error states that the group is unchanged and was not settled before."""
    rig = new_rig()
    rig.control("POST", f"{GROUP}/resize?size=5")
    fault = {"on": "instanceTemplates.insert", "operation": {"error": "QUOTA_EXCEEDED"}}
    rig.control("POST", "emulator/faults", {"faults": [fault]})
    with pytest.raises(RefusedError) as error:
        rig.deploy("a")
    assert str(error.value).endswith(
        "The group is unchanged. The group was not settled before, and is not settled now."
        " Fix: correct what was refused, and deploy again, or run `reconcile`."
    )


def test_quota_in_an_answer_is_no_missing_permission() -> None:
    """An answer of 403 because of a quota ends with exit code 9, not 4."""
    rig = new_rig()
    fault = {"on": "instanceTemplates.insert", "status": 403, "reason": "quotaExceeded"}
    rig.control("POST", "emulator/faults", {"faults": [fault]})
    with pytest.raises(CapacityError, match=r"was not inserted: POST .*: 403"):
        rig.deploy("a")


@pytest.mark.parametrize("method", ["instanceTemplates.insert", "instanceGroupManagers.patch"])
@pytest.mark.parametrize(
    ("code", "expected"), [("INVALID_FIELD_VALUE", RefusedError), ("SERVICE_ACCOUNT_ACCESS_DENIED", NotAllowedError)]
)
def test_refused_operation_is_a_refusal_and_no_failed_release(
    method: str, code: str, expected: type[DeployError]
) -> None:
    """An operation that fails leaves the release before, and is no failure of the new one."""
    rig = new_rig()
    rig.control("POST", "emulator/faults", {"faults": [{"on": method, "operation": {"error": code}}]})
    with pytest.raises(
        expected,
        match=rf"was not (patched|inserted): {code}.*The group is unchanged. The release before still serves. Fix: ",
    ) as error:
        rig.deploy("a")
    assert type(error.value) is expected
    assert rig.serving() == ["latest"] * 3


@pytest.mark.parametrize("method", ["instanceTemplates.insert", "instanceGroupManagers.patch"])
@pytest.mark.parametrize(
    ("status", "reason", "expected"), [(400, "invalid", RefusedError), (403, "forbidden", NotAllowedError)]
)
def test_refused_write_is_a_refusal_and_no_failed_release(
    method: str, status: int, reason: str, expected: type[DeployError]
) -> None:
    """An answer that refuses a write leaves the group unchanged."""
    rig = new_rig()
    fault = {"on": method, "status": status, "reason": reason}
    rig.control("POST", "emulator/faults", {"faults": [fault]})
    with pytest.raises(
        expected, match=rf"was not (patched|inserted): (PATCH|POST) .*: {status} .*The group is unchanged"
    ):
        rig.deploy("a")
    assert "-r-" not in rig.control("GET", GROUP)["versions"][0]["instanceTemplate"]


def test_write_whose_effect_can_not_be_read_is_not_restored() -> None:
    """A PATCH that failed, on a group that can't be read, ends with exit code 8."""
    rig = new_rig()
    refusal = {"on": "instanceGroupManagers.patch", "status": 400, "reason": "invalid"}
    blind = {"on": "instanceGroupManagers.get", "nth": list(range(3, 900)), "status": 403, "reason": "forbidden"}
    rig.control("POST", "emulator/faults", {"faults": [refusal, blind]})
    with pytest.raises(
        NotRestoredError, match=r"400 .*, and whether the group was patched can't be read: GET .* Fix: run `reconcile`"
    ):
        rig.deploy("a")
