"""The PATCH that replaces the surge of a rollback: when it is sent, its fence, and what its failures leave."""

from typing import Any

import pytest

from deploy.documents.group_state import Version, parse_group
from deploy.group.update_policy import has_rollback_surge, rollout_policy
from deploy.rollout.patch import restore_policy
from deploy.rollout_settings import RolloutSettings
from tests.unit.deploy.observations import SEED
from tests.unit.deploy.scripted_compute import DONE, GROUP, ScriptedCompute, error, failed, group_document, settled
from tests.unit.deploy.values import CONFIG

GET, PATCH = f"GET {GROUP}", f"PATCH {GROUP}"
SETTINGS = RolloutSettings()
GRANT = "give the deployer's account that permission, or use other credentials"
DISABLED = "API [compute.googleapis.com] not enabled on project [p]"
ENABLE = "run 'gcloud services enable compute.googleapis.com --project p', and try again in a few minutes"
POLICY = rollout_policy(SETTINGS, 1)
LEFT = group_document(updatePolicy=rollout_policy(SETTINGS, 1, 3))
RESTORED = group_document(updatePolicy=POLICY)


def restored(compute: ScriptedCompute, target: str = SEED) -> tuple[str, tuple[str, ...]]:
    """Restore the update policy of a group that a rollback set to a version."""
    return restore_policy(compute.managed(), CONFIG, Version(target))


def not_restored(reason: str, fix: str = "run `reconcile`") -> tuple[str, tuple[str, ...]]:
    """Return the result of a PATCH that took no effect."""
    return "", (f"the update policy still has the surge of the rollback: {reason}. Fix: {fix}",)


def scripted(*documents: Any, patch: Any = DONE) -> ScriptedCompute:
    """Return a Compute Engine that answers reads of the group, one after the other, and each PATCH."""
    return ScriptedCompute(settled() | {GET: [*documents], PATCH: [patch]})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"maxSurge": {"fixed": 3}}, True),
        ({"maxSurge": {"fixed": 2}}, True),
        ({"maxSurge": {"fixed": 3}, "maxUnavailable": {}}, True),
        ({"maxSurge": {"fixed": 1}}, False),
        ({"maxSurge": {"fixed": 0}}, False),
        ({"maxSurge": {"percent": 30}}, False),
        ({"maxSurge": None}, False),
        ({"maxSurge": {"fixed": 3}, "type": "OPPORTUNISTIC"}, False),
        ({"maxSurge": {"fixed": 3}, "maxUnavailable": {"fixed": 1}}, False),
        ({"maxSurge": {"fixed": 3}, "mostDisruptiveAllowedAction": None}, False),
    ],
)
def test_only_a_larger_surge_alone_is_that_of_a_rollback(changes: dict[str, Any], expected: bool) -> None:
    """A rollback changes nothing but the surge, so any other difference is an edit by a person."""
    group = parse_group(group_document(updatePolicy={**POLICY, **changes}), ())
    assert has_rollback_surge(SETTINGS, group) is expected


def test_patch_has_the_fingerprint_and_the_policy_and_no_version() -> None:
    """The PATCH is fenced and changes the policy alone."""
    warned = DONE | {"warnings": [{"code": "W", "message": "careful"}]}
    compute = scripted(LEFT, RESTORED, patch=warned)
    assert restored(compute) == ("FTGK3z2GXCs=", ("careful",))
    assert compute.bodies == [{"fingerprint": "FTGK3z2GXCs=", "updatePolicy": POLICY}]
    assert compute.requests == [GET, PATCH]


@pytest.mark.parametrize(
    ("document", "target"),
    [
        (RESTORED, SEED),
        (LEFT, "projects/dojangkok-dev/global/instanceTemplates/of-another-deploy"),
    ],
    ids=["restored", "another deploy"],
)
def test_group_without_the_surge_of_this_rollback_is_left_alone(document: Any, target: str) -> None:
    """A policy that is right and a group of another deploy are not written."""
    compute = scripted(document)
    assert restored(compute, target) == ("", ())
    assert compute.requests == [GET]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"type": "OPPORTUNISTIC"}, "type OPPORTUNISTIC, not PROACTIVE, maxSurge 3, not 1"),
        ({"minimalAction": "REFRESH"}, "minimalAction REFRESH, not REPLACE, maxSurge 3, not 1"),
        ({"maxSurge": {"percent": 100}}, "maxSurge 100%, not 1"),
        ({"maxSurge": {"fixed": 0}}, "maxSurge 0, not 1"),
    ],
)
def test_edited_policy_is_left_alone_and_named(changes: dict[str, Any], text: str) -> None:
    """A policy that another client edited since the PATCH is not written, and each difference is in the warning."""
    compute = scripted(group_document(updatePolicy=rollout_policy(SETTINGS, 1, 3) | changes))
    warning = f"the update policy was edited during the rollback, and stays: {text}"
    assert restored(compute) == ("", (f"{warning}. Fix: set the values of the environment file",))
    assert compute.requests == [GET]


def test_write_of_another_client_is_followed_by_another_attempt() -> None:
    """After a stale fingerprint the group is read again, and the PATCH is fenced by the new fingerprint."""
    compute = ScriptedCompute(
        settled()
        | {GET: [LEFT, LEFT | {"fingerprint": "new="}, RESTORED], PATCH: [error(412, "conditionNotMet"), DONE]}
    )
    assert restored(compute) == ("new=", ())
    assert [body["fingerprint"] for body in compute.bodies] == ["FTGK3z2GXCs=", "new="]


def test_writes_that_never_end_are_a_warning() -> None:
    """After 20 stale fingerprints the warning says so."""
    compute = scripted(LEFT, patch=error(412, "conditionNotMet"))
    reason = "another client changed the group before each of 20 writes"
    assert restored(compute) == not_restored(reason)
    assert compute.requests.count(PATCH) == 20


def test_failed_operation_is_a_warning_unless_the_group_shows_its_effect() -> None:
    """The group, and not the operation, decides whether the policy was restored."""
    assert restored(scripted(LEFT, RESTORED, patch=failed("INTERNAL_ERROR"))) == ("FTGK3z2GXCs=", ())
    compute = scripted(LEFT, LEFT, patch=failed("INTERNAL_ERROR"))
    assert restored(compute) == not_restored("INTERNAL_ERROR: no")
    assert compute.requests == [GET, PATCH, GET]


@pytest.mark.parametrize(("after", "expected"), [(RESTORED, True), (LEFT, False)])
def test_operation_that_stays_unknown_is_written_once(after: Any, expected: bool) -> None:
    """After 180 s the group decides; a PATCH whose operation still runs is not repeated."""
    running = DONE | {"status": "RUNNING", "zone": "zones/z"}
    compute = scripted(LEFT, after, patch=running)
    compute.answers = {**compute.answers, "POST zones/z/operations/operation-1/wait": [running]}
    text = "operation 'operation-1' is still RUNNING"
    assert restored(compute) == (("FTGK3z2GXCs=", ()) if expected else not_restored(text))
    assert compute.requests.count(PATCH) == 1


@pytest.mark.parametrize(
    ("patch", "fix"),
    [
        (error(403, "forbidden", "Required 'x'"), GRANT),
        (error(403, "accessNotConfigured", DISABLED), ENABLE),
        (failed("PERMISSIONS_ERROR"), GRANT),
        (error(400, "invalid"), ""),
    ],
)
def test_refused_patch_is_a_warning_with_its_fix(patch: Any, fix: str) -> None:
    """Without a permission or an enabled API the rollback has succeeded all the same; the warning has the fix."""
    replaced, (warning,) = restored(scripted(LEFT, patch=patch))
    assert replaced == ""
    assert warning.endswith(f". Fix: {fix}, and run `reconcile`" if fix else ". Fix: run `reconcile`")


def test_unreadable_group_is_a_warning() -> None:
    """A group that cannot be read keeps whatever policy it has, and the warning has the reason."""
    replaced, (warning,) = restored(scripted(error(403)))
    assert replaced == ""
    assert warning.endswith(f": 403 no. Fix: {GRANT}, and run `reconcile`")
    compute = scripted(LEFT, error(403), patch=failed("INTERNAL_ERROR"))
    assert restored(compute) == not_restored("INTERNAL_ERROR: no")
