"""Errors of writes that never took effect: their exit codes, and what they say about the group."""

from typing import Any

import pytest

from deploy.compute_engine.operations import OperationResult
from deploy.errors import CapacityError, CloudError, DeployError, NotAllowedError, NotRestoredError, RefusedError
from deploy.rollout.write_errors import refused_write, unchanged_group_error, unknown_group_error
from tests.unit.deploy.scripted_compute import GROUP, ScriptedCompute, error, group_document, settled

CORRECT = "correct what was refused, and deploy again"
RECONCILE = f"{CORRECT}, or run `reconcile`"
WAIT = "raise that quota, or wait for capacity"
GRANT = "give the deployer's account that permission, or use other credentials"
SERVES = "The release before still serves."
EMPTY = "The group has no instances."
UNSETTLED = "The group was not settled before, and is not settled now."
UNREADABLE = "The state of the group can't be read."
UNSTABLE = group_document(status={"isStable": False})
SIZE_0 = group_document(targetSize=0)


@pytest.mark.parametrize(
    ("document", "code", "expected", "state", "fix"),
    [
        (group_document(), "invalid", RefusedError, f"The group is unchanged. {SERVES}", CORRECT),
        (SIZE_0, "invalid", RefusedError, f"The group is unchanged. {EMPTY}", CORRECT),
        (UNSTABLE, "invalid", RefusedError, f"The group is unchanged. {UNSETTLED}", RECONCILE),
        (error(403), "invalid", RefusedError, f"The group is unchanged. {UNREADABLE}", RECONCILE),
        (group_document(), "QUOTA_EXCEEDED", CapacityError, SERVES, WAIT),
        (group_document(), "quotaExceeded", CapacityError, SERVES, WAIT),
        (SIZE_0, "QUOTA_EXCEEDED", CapacityError, EMPTY, WAIT),
        (UNSTABLE, "QUOTA_EXCEEDED", RefusedError, f"The group is unchanged. {UNSETTLED}", RECONCILE),
        (error(403), "quotaExceeded", RefusedError, f"The group is unchanged. {UNREADABLE}", RECONCILE),
        (group_document(), "FORBIDDEN", NotAllowedError, f"The group is unchanged. {SERVES}", GRANT),
        (UNSTABLE, "SERVICE_ACCOUNT_ACCESS_DENIED", NotAllowedError, f"The group is unchanged. {UNSETTLED}", GRANT),
    ],
)
def test_error_of_an_unchanged_group(
    document: Any, code: str, expected: type[DeployError], state: str, fix: str
) -> None:
    """The exit code follows the code of the refusal, and for a quota also the state of the group."""
    rows = [] if document is SIZE_0 else settled()[f"POST {GROUP}/listManagedInstances"][0]["managedInstances"]
    answers = {f"GET {GROUP}": [document], f"POST {GROUP}/listManagedInstances": [{"managedInstances": rows}]}
    failure = unchanged_group_error(ScriptedCompute(answers).managed(), "the write was refused", code)
    assert (type(failure), failure.message, failure.fix) == (expected, f"the write was refused. {state}", fix)


def test_refused_write_has_the_reason_of_the_answer() -> None:
    """An answer of 401 or 403 has a code of deploy's own, and any other answer its reason."""
    assert refused_write(CloudError("bad", 400, "invalid")) == OperationResult("failed", "invalid", "bad")
    assert refused_write(NotAllowedError("no")) == OperationResult("failed", "FORBIDDEN", "no")


def test_error_of_a_group_that_can_not_be_read() -> None:
    """The error of an unknown effect has both causes with one full stop, and reconcile as its fix."""
    failure = unknown_group_error("web", "PATCH: 400", CloudError("GET: 503 busy."))
    assert type(failure) is NotRestoredError
    assert str(failure) == (
        "group 'web': PATCH: 400, and whether the group was patched can't be read: GET: 503 busy. Fix: run `reconcile`."
    )
