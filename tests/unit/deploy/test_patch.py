"""The PATCH of a group: its body, its fence, its checks, and what its errors say about the group."""

from typing import Any

import pytest

from deploy.documents.group_state import Version
from deploy.errors import DeployError, NotAllowedError, NotRestoredError, RefusedError, SupersededError
from deploy.rollout.patch import Patched, patch_group
from tests.unit.deploy.observations import SEED
from tests.unit.deploy.scripted_compute import DONE, GROUP, ScriptedCompute, error, failed, group_document, settled
from tests.unit.deploy.values import CONFIG

GET, PATCH = f"GET {GROUP}", f"PATCH {GROUP}"
HEALTH_CHECK = "GET global/healthChecks/dojangkok-dev-ai-server"
BEFORE = Version(SEED)
TARGET = Version("projects/dojangkok-dev/global/instanceTemplates/new", "v1")
POLICY = {
    "type": "PROACTIVE",
    "minimalAction": "REPLACE",
    "mostDisruptiveAllowedAction": "REPLACE",
    "replacementMethod": "SUBSTITUTE",
    "maxSurge": {"fixed": 1, "percent": None},
    "maxUnavailable": {"fixed": 0, "percent": None},
}
ON_TARGET = group_document(versions=[{"instanceTemplate": TARGET.link, "name": "v1"}], fingerprint="after=")
STILL_SERVES = "The group is unchanged. The release before still serves."


def patched(compute: ScriptedCompute, **options: Any) -> Patched:
    """Patch the group from the seed's template to a new one."""
    return patch_group(compute.managed(), CONFIG, TARGET, BEFORE, **options)


def refused(compute: ScriptedCompute, **options: Any) -> DeployError:
    """Return the error of a PATCH."""
    with pytest.raises(DeployError) as failure:
        patched(compute, **options)
    return failure.value


def with_versions(*links: str) -> dict[str, Any]:
    """Return the group with versions of other templates."""
    prefix = "projects/dojangkok-dev/global/instanceTemplates"
    return group_document(versions=[{"instanceTemplate": f"{prefix}/{link}", "name": "theirs"} for link in links])


@pytest.mark.parametrize(("surge", "count"), [(None, 1), (3, 3)])
def test_patch_has_fingerprint_version_and_the_whole_policy(surge: int | None, count: int) -> None:
    """The PATCH is fenced, and sets each member of the policy; the result has the document as the PATCH left it."""
    compute = ScriptedCompute(settled() | {PATCH: [DONE | {"warnings": [{"code": "W", "message": "careful"}]}]})
    policy = POLICY | {"maxSurge": {"fixed": count, "percent": None}}
    result = patched(compute, surge=surge)
    assert compute.bodies == [
        {
            "fingerprint": "FTGK3z2GXCs=",
            "versions": [{"instanceTemplate": TARGET.link, "name": "v1"}],
            "updatePolicy": policy,
        }
    ]
    assert result == Patched("FTGK3z2GXCs=", group_document(updatePolicy=policy), result.warnings)
    assert len(result.warnings) == 1
    assert compute.requests == [GET, PATCH]


def test_version_without_a_name_is_restored_without_a_name() -> None:
    """A rollback writes the entry of the unmanaged version as it was."""
    compute = ScriptedCompute(settled() | {GET: [ON_TARGET]})
    result = patch_group(compute.managed(), CONFIG, BEFORE, TARGET)
    assert compute.bodies[0]["versions"] == [{"instanceTemplate": SEED}]
    assert result.replaced == "after="


@pytest.mark.parametrize(
    ("policy", "planned", "is_written"),
    [
        (POLICY, None, False),
        (POLICY, "FTGK3z2GXCs=", False),
        (POLICY | {"type": "OPPORTUNISTIC"}, "FTGK3z2GXCs=", False),
        (POLICY | {"type": "OPPORTUNISTIC"}, None, True),
        (POLICY | {"maxSurge": {"fixed": 2}}, None, True),
        ({}, None, True),
    ],
)
def test_group_that_has_the_version_is_patched_for_its_policy(
    policy: dict[str, Any], planned: str | None, is_written: bool
) -> None:
    """A rollout leaves a policy that was edited after its PATCH; an automatic rollback sets the policy again."""
    compute = ScriptedCompute(settled() | {GET: [{**ON_TARGET, "updatePolicy": policy}]})
    result = patched(compute, planned=planned)
    assert (PATCH in compute.requests) is is_written
    assert result == Patched("after=" if is_written else "", {**ON_TARGET, "updatePolicy": POLICY})


def test_typed_rollback_to_the_version_of_the_group_sets_the_policy() -> None:
    """A version that is target and version before at once is patched if the policy differs."""
    compute = ScriptedCompute(settled() | {GET: [{**ON_TARGET, "updatePolicy": POLICY | {"maxSurge": {"fixed": 2}}}]})
    patch_group(compute.managed(), CONFIG, TARGET, TARGET, planned="after=")
    assert compute.requests == [GET, PATCH]


@pytest.mark.parametrize(
    ("document", "names"),
    [
        (with_versions("other"), "'other' theirs"),
        (with_versions("other", "canary"), "'other' theirs, 'canary' theirs"),
        (with_versions("dojangkok-dev-ai-server-seed"), "'dojangkok-dev-ai-server-seed' theirs"),
    ],
)
def test_version_of_another_deploy_is_not_patched(document: dict[str, Any], names: str) -> None:
    """The error has the versions that the group is set to now."""
    compute = ScriptedCompute(settled() | {GET: [document]})
    failure = refused(compute)
    assert isinstance(failure, SupersededError)
    text = f"another process or client changed the group, which is now set to {names}"
    assert str(failure) == f"group '{CONFIG.group}': {text}. Fix: see `status`."
    assert PATCH not in compute.requests


def test_changed_group_is_checked_again_before_the_patch() -> None:
    """A setting that preflight would refuse is refused, and the error says that it is newer than the plan."""
    document = group_document(autoHealingPolicies=[])
    failure = refused(ScriptedCompute(settled() | {GET: [document]}), planned="older=")
    assert isinstance(failure, RefusedError)
    assert failure.message == (
        f"group '{CONFIG.group}': no autohealing health check, so an instance counts as healthy as soon as it runs,"
        " and was not when this rollout was planned. The group is unchanged."
    )
    assert failure.fix.startswith("run 'gcloud compute instance-groups managed update")


@pytest.mark.parametrize("planned", [None, "FTGK3z2GXCs="])
def test_group_of_the_plan_is_not_checked_again(planned: str | None) -> None:
    """Neither a group that preflight checked, nor an automatic rollback, waits for the read of a health check."""
    compute = ScriptedCompute(settled())
    patched(compute, planned=planned)
    assert compute.requests == [GET, PATCH]


@pytest.mark.parametrize(
    ("answer", "expected", "cause"),
    [
        (error(403), NotAllowedError, "403 no"),
        (error(400, "invalid"), RefusedError, "400 no"),
    ],
)
def test_unreadable_health_check_of_a_changed_group(answer: Any, expected: type[DeployError], cause: str) -> None:
    """A group whose health check can't be read is not patched, and the exit code follows the answer."""
    compute = ScriptedCompute(settled() | {HEALTH_CHECK: [answer]})
    failure = refused(compute, planned="older=")
    assert type(failure) is expected
    assert failure.message == (
        f"group '{CONFIG.group}' was not patched: its health check can't be read: GET {CONFIG.project}/"
        f"{HEALTH_CHECK.removeprefix('GET ')}: {cause}. {STILL_SERVES}"
    )
    assert PATCH not in compute.requests


def test_fenced_patch_is_repeated_on_the_new_document() -> None:
    """A PATCH that the fence refuses is repeated a second later with the fingerprint that the group has then."""
    documents = [group_document(), group_document(fingerprint="later=")]
    compute = ScriptedCompute(settled() | {GET: documents, PATCH: [error(412, "conditionNotMet"), DONE]})
    assert patched(compute).replaced == "later="
    assert [body["fingerprint"] for body in compute.bodies] == ["FTGK3z2GXCs=", "later="]
    assert compute.now_s == 1.0


def test_group_that_changes_before_each_patch_is_given_up() -> None:
    """After 20 writes that the fence refused, the group is unchanged, and the error says so."""
    compute = ScriptedCompute(settled() | {PATCH: [error(412, "conditionNotMet")]})
    failure = refused(compute)
    assert isinstance(failure, RefusedError)
    assert (compute.requests.count(PATCH), compute.now_s) == (20, 20.0)
    assert failure.message == (
        f"group '{CONFIG.group}' was not patched: another client changed the group before each of 20 writes."
        f" {STILL_SERVES}"
    )
    assert failure.fix == "correct what was refused, and deploy again"


@pytest.mark.parametrize(
    ("answer", "expected", "cause"),
    [
        (failed("INVALID_FIELD_VALUE"), RefusedError, "INVALID_FIELD_VALUE: no"),
        (failed("PERMISSIONS_ERROR"), NotAllowedError, "PERMISSIONS_ERROR: no"),
        (error(400, "invalid"), RefusedError, f"PATCH {CONFIG.project}/{GROUP}: 400 no"),
        (error(403), NotAllowedError, f"PATCH {CONFIG.project}/{GROUP}: 403 no"),
    ],
)
def test_refused_patch_leaves_the_group(answer: Any, expected: type[DeployError], cause: str) -> None:
    """A PATCH that fails counts as refused once the group shows the version before."""
    failure = refused(ScriptedCompute(settled() | {PATCH: [answer]}))
    assert type(failure) is expected
    assert failure.message == f"group '{CONFIG.group}' was not patched: {cause}. {STILL_SERVES}"


@pytest.mark.parametrize("answer", [error(400, "invalid"), failed("INTERNAL_ERROR"), error(403)])
def test_failed_patch_that_took_effect_is_no_failure(answer: Any) -> None:
    """A PATCH whose answer is an error took effect if the group shows the target version."""
    result = patched(ScriptedCompute(settled() | {PATCH: [answer], GET: [group_document(), ON_TARGET]}))
    assert result == Patched("FTGK3z2GXCs=", group_document(updatePolicy=POLICY))


def test_failed_patch_of_a_group_that_can_not_be_read_is_unknown() -> None:
    """The error has the failure of the PATCH and that of the read, and reconcile as its fix."""
    answers: dict[str, list[Any]] = {
        PATCH: [error(400, "invalid", "bad.")],
        GET: [group_document(), error(403, "", "denied.")],
    }
    failure = refused(ScriptedCompute(settled() | answers))
    assert isinstance(failure, NotRestoredError)
    assert str(failure) == (
        f"group '{CONFIG.group}': PATCH {CONFIG.project}/{GROUP}: 400 bad., and whether the group was patched can't be"
        f" read: GET {CONFIG.project}/{GROUP}: 403 denied. Fix: run `reconcile`."
    )


@pytest.mark.parametrize(
    ("answer", "expected", "cause", "wait_s"),
    [(error(404, "notFound"), RefusedError, "404 no", 90.0), (error(403), NotAllowedError, "403 no", 0.0)],
)
def test_group_that_can_not_be_read_is_not_patched(
    answer: Any, expected: type[DeployError], cause: str, wait_s: float
) -> None:
    """A 404 is read again for 90 s; any other refusal ends the PATCH at once."""
    compute = ScriptedCompute(settled() | {"GET aggregated/instanceGroupManagers": [{}], GET: [answer]})
    failure = refused(compute)
    assert type(failure) is expected
    assert failure.message == (
        f"group '{CONFIG.group}' was not patched: the group can't be read: GET {CONFIG.project}/{GROUP}: {cause}."
        " The group is unchanged. The state of the group can't be read."
    )
    assert compute.now_s == pytest.approx(wait_s, abs=15.0)


def test_404_of_a_single_read_is_no_proof() -> None:
    """A group that is not found once, and then again is, is patched."""
    compute = ScriptedCompute(settled() | {GET: [error(404, "notFound"), group_document()]})
    assert patched(compute).replaced == "FTGK3z2GXCs="
