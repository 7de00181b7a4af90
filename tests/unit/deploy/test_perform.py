"""Plans that are performed: their requests, their results, and their errors."""

from dataclasses import replace
from typing import Any

import pytest

from deploy.documents.group_state import Version
from deploy.errors import NotRestoredError, RefusedError
from deploy.rollout.plan import DeployRelease, ForeignRollout, NothingToDo, RestoreRelease
from deploy.rollout.result import Phase, RolloutResult
from tests.unit.deploy.performed import (
    FALLBACK,
    GET,
    NAME,
    NEW,
    OLD,
    ON_NEW,
    ON_OLD,
    PATCH,
    POLICY,
    RESTORE,
    ROWS,
    TEMPLATE,
    WAIT,
    Performed,
    rows,
    unhealthy,
)
from tests.unit.deploy.scripted_compute import DONE, error, group_document
from tests.unit.deploy.test_cases import BASE
from tests.unit.deploy.test_insert_template import BODY, COLLECTION, INSERTED
from tests.unit.deploy.values import CONFIG


@pytest.mark.parametrize("is_empty", [False, True])
def test_nothing_to_do_sends_no_request(is_empty: bool) -> None:
    """The result is that of the plan, and nothing is read or written."""
    performed = Performed(NothingToDo(target=OLD, is_empty=is_empty, warnings=("planned",)), {})
    assert performed.result() == RolloutResult(
        changed=False, target=OLD, before=OLD, warnings=("planned",), is_empty=is_empty
    )
    assert (performed.compute.requests, performed.lines) == ([], [])


def test_foreign_rollout_is_refused() -> None:
    """The error has the text of the plan and the way on; nothing is read or written."""
    performed = Performed(ForeignRollout(target=OLD, text="another client"), {})
    failure = performed.failure()
    assert type(failure) is RefusedError
    assert failure.message == f"group '{CONFIG.group}': another client."
    assert failure.fix == "wait for the client that began it, or deploy a release"
    assert performed.execution.result_so_far() is None


def test_typed_rollback_is_applied_and_waited_for() -> None:
    """The surge of the plan is set, success needs no bake, and the policy is read again at the end."""
    resized = [ON_NEW, group_document(targetSize=2, status={}), ON_OLD]
    performed = Performed(RESTORE, {GET: resized})
    result = performed.result()
    assert performed.compute.requests == [TEMPLATE, GET, PATCH, GET, ROWS, GET, ROWS, GET, ROWS, GET]
    assert performed.compute.bodies == [
        {
            "fingerprint": "new=",
            "versions": [{"instanceTemplate": OLD.link}],
            "updatePolicy": POLICY | {"maxSurge": {"fixed": 3, "percent": None}},
        }
    ]
    size = "the target size changed from 2 to 3 during the rollout"
    assert result == RolloutResult(
        changed=True,
        target=OLD,
        before=NEW,
        phases=result.phases,
        instances=result.instances,
        warnings=("planned", size),
        requests=10,
        surge=3,
    )
    assert [(times.name, times.is_new) for times in result.instances] == [(row["name"], True) for row in BASE["rows"]]
    assert sum(phase.seconds for phase in result.phases) == 10.0
    assert performed.lines == []


def test_typed_rollback_that_fails_is_left_to_reconcile() -> None:
    """A rollback that is not done in time is not rolled back itself; the error has the edits of the group."""
    edited = group_document(statefulPolicy={"preservedState": {}}, status={})
    performed = Performed(RESTORE, {GET: [ON_NEW, edited], ROWS: [unhealthy(OLD)]})
    failure = performed.failure()
    assert type(failure) is NotRestoredError
    assert failure.message == (
        f"rollback to '{OLD.template}': not done after 300 s: {NAME} unhealthy. The group was edited during the"
        " rollout: updatePolicy.maxSurge was changed from 3 to 1, statefulPolicy was added."
    )
    assert failure.fix == "run `reconcile`"
    assert performed.compute.requests.count(PATCH) == 1
    assert performed.so_far().phases[-1].name == "failed"


def test_typed_rollback_to_a_template_that_was_created_again_is_refused() -> None:
    """Nothing is written, and the error has both ids."""
    performed = Performed(RESTORE, {TEMPLATE: [BASE["template"] | {"id": "2"}]})
    failure = performed.failure()
    assert type(failure) is RefusedError
    assert failure.message == (
        f"group '{CONFIG.group}': template '{OLD.template}' was deleted and created again: its id was"
        f" {FALLBACK.template_id}, and is 2."
    )
    assert performed.compute.requests == [TEMPLATE]


@pytest.mark.parametrize("text", ["", "deploy of a"])
def test_rollout_that_is_waited_for_is_pruned(text: str) -> None:
    """A rollout of another run is watched through its bake; a prune that fails is a warning."""
    performed = Performed(
        replace(WAIT, text=text), {GET: [ON_NEW], ROWS: [rows(NEW)], "GET global/instanceTemplates": [error(400)]}
    )
    result = performed.result()
    request = f"GET {CONFIG.project}/global/instanceTemplates"
    assert result.warnings == ("planned", f"old templates were not pruned: {request}: 400 no")
    assert (result.changed, result.target, result.before) == (False, NEW, NEW)
    assert result.phases[-2:] == (Phase("settled", 0.0), Phase("baked", CONFIG.rollout.bake_s))
    assert (result.pruned, result.prunable, PATCH in performed.compute.requests) == ((), 0, False)
    assert performed.lines == ([text] if text else [])


@pytest.mark.parametrize(("is_empty", "is_served"), [(True, True), (False, False)])
def test_group_that_becomes_empty_proves_nothing(is_empty: bool, is_served: bool) -> None:
    """A rollout fails if the group had instances at preflight and has none any more."""
    performed = Performed(
        replace(WAIT, is_empty=is_empty, fallback=None),
        {GET: [ON_NEW | {"targetSize": 0}], ROWS: [{}]},
    )
    if is_served:
        assert performed.result().is_empty
    else:
        assert "the target size became 0 during the rollout" in performed.failure().message


RELEASE = Version(f"projects/dojangkok-dev/{COLLECTION}/{BODY['name']}", "v1")
ON_RELEASE = ON_NEW | {"versions": [{"instanceTemplate": RELEASE.link, "name": RELEASE.name}]}
DEPLOY = DeployRelease(
    target=RELEASE, before=OLD, fingerprint="FTGK3z2GXCs=", template=BODY, image_entries=("app-image",),
    fallback=FALLBACK, is_empty=False, budget_s=300.0, warnings=("planned",),
)  # fmt: skip
INSERTION = {
    f"POST {COLLECTION}": [DONE | {"warnings": [{"code": "W", "message": "old image"}]}],
    f"GET {COLLECTION}/{BODY['name']}": [INSERTED],
    "GET global/healthChecks/dojangkok-dev-ai-server": [BASE["health_check"]],
}


def test_release_is_inserted_applied_and_waited_for() -> None:
    """The template is inserted before the PATCH, and the group is not checked again if preflight checked it."""
    performed = Performed(
        DEPLOY, {GET: [ON_OLD, error(400, "", "busy"), ON_RELEASE], ROWS: [rows(RELEASE)], **INSERTION}
    )
    result = performed.result()
    first = [f"POST {COLLECTION}", f"GET {COLLECTION}/{BODY['name']}", GET, PATCH, GET, GET, ROWS]
    assert performed.compute.requests[:7] == first
    assert performed.compute.bodies == [
        BODY,
        {
            "fingerprint": "FTGK3z2GXCs=",
            "versions": [{"instanceTemplate": RELEASE.link, "name": RELEASE.name}],
            "updatePolicy": POLICY,
        },
    ]
    assert (result.changed, result.target, result.before) == (True, RELEASE, OLD)
    planned, insertion = result.warnings
    assert (planned, "old image" in insertion) == ("planned", True)
    assert [phase.name for phase in result.phases] == [
        "template", "first instance running", "first healthy", "all healthy", "old deleted", "settled", "baked"
    ]  # fmt: skip
    assert performed.lines == [f"the group can't be read: GET {CONFIG.project}/{GET.removeprefix('GET ')}: 400 busy"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"autoHealingPolicies": []}, "no autohealing health check"),
        (
            {"allInstancesConfig": {"properties": {"metadata": {"app-image": "other:v1"}}}},
            "allInstancesConfig has a 'app-image', which hides the template's",
        ),
    ],
)
@pytest.mark.parametrize("plan", [replace(DEPLOY, fingerprint="older="), replace(RESTORE, fingerprint="older=")])
def test_group_that_changed_after_the_plan_is_checked_again(
    plan: DeployRelease | RestoreRelease, change: dict[str, Any], text: str
) -> None:
    """A deploy and a typed rollback refuse a setting that preflight would have refused."""
    before = ON_OLD if isinstance(plan, DeployRelease) else ON_NEW
    performed = Performed(replace(plan, image_entries=("app-image",)), {GET: [before | change], **INSERTION})
    failure = performed.failure()
    assert type(failure) is RefusedError
    assert text in failure.message
    assert "and was not when this rollout was planned" in failure.message
    assert PATCH not in performed.compute.requests
