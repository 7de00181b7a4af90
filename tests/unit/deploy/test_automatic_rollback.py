"""The automatic rollback: its requests in order, its errors, and what it reports of the release that failed."""

from dataclasses import replace
from typing import Any

import pytest

from deploy.documents.group_state import parse_group
from deploy.errors import CapacityError, NotRestoredError, RefusedError, RolledBackError, SupersededError
from deploy.rollout.result import Phase
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
    ROWS,
    SERIAL_PORT,
    TEMPLATE,
    UNDO,
    WAIT,
    Performed,
    rows,
    unhealthy,
)
from tests.unit.deploy.scripted_compute import DONE, error, group_document
from tests.unit.deploy.test_cases import BASE
from tests.unit.deploy.values import CONFIG

SEED_NAME = "dojangkok-dev-ai-server-seed"
REASON = "release 'new': deploy of a, is late"
DIAGNOSTICS = (f"{NAME}: NONE RUNNING UNHEALTHY", "  | application: no model")
CORRECT = "correct what the instance's output shows, and deploy again"
AGAIN = BASE["template"] | {"id": "2"}
MISMATCH = f"template '{SEED_NAME}' was deleted and created again: its id was {FALLBACK.template_id}, and is 2"


def test_late_rollout_is_rolled_back() -> None:
    """The PATCH comes before the diagnostics, and the error has the reason, the fallback and the diagnostics."""
    warned = DONE | {"warnings": [{"code": "W", "message": "careful"}]}
    resized = [ON_NEW, group_document(targetSize=2, status={}), ON_OLD]
    performed = Performed(UNDO, {PATCH: [warned], GET: resized})
    failure = performed.failure()
    assert type(failure) is RolledBackError
    assert (failure.message, failure.fix) == (f"{REASON}. '{SEED_NAME}' serves again.", CORRECT)
    assert failure.diagnostics == DIAGNOSTICS
    assert performed.lines == [UNDO.text, f"failed: {UNDO.text}", f"rolling back to {SEED_NAME}"]
    assert performed.compute.requests == [
        TEMPLATE, TEMPLATE, GET, PATCH, SERIAL_PORT, GET, ROWS, GET, ROWS, GET, ROWS
    ]  # fmt: skip
    assert performed.compute.bodies == [
        {"fingerprint": "new=", "versions": [{"instanceTemplate": OLD.link}], "updatePolicy": POLICY}
    ]
    result = performed.so_far()
    assert (result.changed, result.target, result.before, result.is_empty) == (True, NEW, NEW, False)
    assert result.phases == (Phase("failed", 0.0), Phase("rolled back", 20.0))
    assert result.requests == len(performed.compute.requests)
    planned, operation, size = result.warnings
    assert (planned, "careful" in operation) == ("planned", True)
    assert size == "the target size changed from 2 to 3 during the rollout"


def test_late_rollout_without_a_fallback_is_reported() -> None:
    """Nothing is written, and the error has the diagnostics."""
    performed = Performed(replace(UNDO, fallback=None), {})
    failure = performed.failure()
    assert type(failure) is NotRestoredError
    assert failure.message == f"{REASON}. There is no proven release to restore."
    assert (failure.fix, failure.diagnostics) == ("deploy a fix", DIAGNOSTICS)
    assert performed.compute.requests == [SERIAL_PORT]


def test_late_rollout_with_another_fallback_template_is_refused() -> None:
    """A reconcile does not begin a rollback to a template that was created again."""
    performed = Performed(UNDO, {TEMPLATE: [AGAIN]})
    failure = performed.failure()
    assert type(failure) is RefusedError
    assert failure.message == f"group '{CONFIG.group}': {MISMATCH}."
    assert failure.fix == "name a release: `rollback --to TEMPLATE`"
    assert performed.compute.requests == [TEMPLATE]
    assert performed.execution.result_so_far() is None


def test_release_with_another_fallback_template_is_not_rolled_back() -> None:
    """A rollout that fails does not restore a template that was created again."""
    performed = Performed(UNDO, {TEMPLATE: [BASE["template"], AGAIN]})
    failure = performed.failure()
    assert type(failure) is NotRestoredError
    assert failure.message == f"{REASON}. It was not rolled back: {MISMATCH}."
    assert (failure.fix, failure.diagnostics) == (
        "deploy a fix, or name a release: `rollback --to TEMPLATE`",
        DIAGNOSTICS,
    )
    assert PATCH not in performed.compute.requests


def test_fallback_template_that_can_not_be_read_is_restored() -> None:
    """A rollback is not left out for a read that fails; the warnings name the id that was not compared."""
    performed = Performed(UNDO, {TEMPLATE: [BASE["template"], error(403)]})
    assert type(performed.failure()) is RolledBackError
    request = f"GET {CONFIG.project}/{TEMPLATE.removeprefix('GET ')}"
    text = f"the id of template '{SEED_NAME}' was not compared: {request}: 403 no"
    assert performed.so_far().warnings == ("planned", text)


def test_refused_patch_of_a_rollback_is_reported() -> None:
    """The error has both reasons, and the diagnostics are read although the PATCH was refused."""
    performed = Performed(UNDO, {PATCH: [error(400, "invalid")], GET: [ON_NEW], ROWS: [rows(NEW)]})
    failure = performed.failure()
    assert type(failure) is NotRestoredError
    assert failure.message.startswith(f"{REASON}. The rollback did not settle: group '{CONFIG.group}' was not patched")
    assert "Fix: correct what was refused, and deploy again" in failure.message
    assert (failure.fix, failure.diagnostics) == ("run `reconcile`", DIAGNOSTICS)


def test_rollback_that_does_not_settle_waits_for_capacity() -> None:
    """A rollback without capacity waits for its whole time; the error has edits, and diagnostics from before."""
    lacking = rows(OLD, instanceStatus="", currentAction="CREATING", instanceHealth=[], lastAttempt={
        "errors": {"errors": [{"code": "QUOTA_EXCEEDED", "message": "full"}]}
    })  # fmt: skip
    edited = group_document(statefulPolicy={"preservedState": {}}, status={})
    performed = Performed(UNDO, {GET: [ON_NEW, edited], ROWS: [lacking]})
    failure = performed.failure()
    assert type(failure) is NotRestoredError
    assert failure.message == (
        f"{REASON}. The rollback did not settle: not done after 840 s: QUOTA_EXCEEDED: full. The group was"
        " edited during the rollout: statefulPolicy was added."
    )
    assert (failure.fix, failure.diagnostics) == ("run `reconcile`", DIAGNOSTICS)
    assert performed.compute.requests.count(SERIAL_PORT) == 1
    assert performed.so_far().phases == (Phase("failed", 0.0),)


def test_other_deploy_during_a_rollback_is_left_alone() -> None:
    """A version that another deploy applied ends the rollback with that error."""
    other = group_document(versions=[{"instanceTemplate": "global/instanceTemplates/other"}])
    assert type(Performed(UNDO, {GET: [ON_NEW, other]}).failure()) is SupersededError


def test_rollback_of_an_empty_group_serves_from_no_instance() -> None:
    """The error does not claim that a release serves from a group without instances."""
    empty = group_document(targetSize=0)
    group = parse_group(ON_NEW | {"targetSize": 0}, ())
    performed = Performed(replace(UNDO, group=group, is_empty=True), {GET: [ON_NEW, empty], ROWS: [{}]})
    failure = performed.failure()
    assert type(failure) is RolledBackError
    assert failure.message == f"{REASON}. '{SEED_NAME}' is set again, and the group has no instances."
    assert failure.diagnostics == ()
    assert performed.so_far().is_empty


def test_lack_of_capacity_for_a_release_is_rolled_back() -> None:
    """The error has the exit code of a lack of capacity, its fix, and the diagnostics of the instance."""
    lacking = rows(NEW, instanceStatus="", currentAction="CREATING", instanceHealth=[], lastAttempt={
        "errors": {"errors": [{"code": "QUOTA_EXCEEDED", "message": "full"}]}
    })  # fmt: skip
    performed = Performed(WAIT, {GET: [ON_NEW, ON_NEW, ON_NEW, ON_OLD], ROWS: [lacking, lacking, rows(OLD)]})
    failure = performed.failure()
    assert type(failure) is CapacityError
    assert failure.message == f"release 'new': QUOTA_EXCEEDED: full. '{SEED_NAME}' serves again."
    assert failure.fix == "free or request capacity, and deploy again"
    assert failure.diagnostics == (f"{NAME}: CREATING absent", "  QUOTA_EXCEEDED: full", "  | application: no model")


def test_release_that_fails_at_its_deadline_is_rolled_back_with_its_edits() -> None:
    """An edit between the PATCH and the failure is named; without a PATCH of this process there is none."""
    polls: dict[str, list[Any]] = {GET: [ON_NEW] * 32 + [ON_OLD], ROWS: [unhealthy(NEW)] * 31 + [rows(OLD)]}
    failure = Performed(WAIT, polls).failure()
    assert type(failure) is RolledBackError
    text = f"release 'new': not done after 300 s: {NAME} unhealthy. '{SEED_NAME}' serves again."
    assert (failure.message, failure.fix) == (text, CORRECT)


@pytest.mark.parametrize(
    ("short_delay", "cause", "fix"),
    [
        ("", "", "fix the error in the instance's output, or raise initialDelaySec if the application starts slowly"),
        ("the delay is short", "; the delay is short", "raise initialDelaySec, and deploy again"),
    ],
)
def test_repaired_instance_fails_a_release(short_delay: str, cause: str, fix: str) -> None:
    """An instance that was recreated twice ends the rollout, with a short initial delay as the cause."""
    repaired = [rows(NEW, currentAction="RECREATING"), rows(NEW, currentAction="VERIFYING")] * 2
    unstable = ON_NEW | {"status": {}}
    polls: dict[str, list[Any]] = {GET: [unstable] * 4 + [ON_OLD], ROWS: [*repaired[:3], rows(OLD)]}
    performed = Performed(replace(WAIT, short_delay=short_delay), polls)
    failure = performed.failure()
    assert type(failure) is RolledBackError
    repair = f"{NAME} was recreated 2 times because it was unhealthy after the initial delay of 300 s{cause}"
    assert (failure.message, failure.fix) == (f"release 'new': {repair}. '{SEED_NAME}' serves again.", fix)
    assert performed.lines == [WAIT.text, f"failed: {repair}", f"rolling back to {SEED_NAME}"]


def test_output_of_the_failed_instance_that_was_read_before_is_kept() -> None:
    """The diagnostics have the output that ended the rollout, although the last read fails."""
    unstable = ON_NEW | {"status": {}}
    late = rows(NEW, currentAction="VERIFYING", instanceHealth=[])
    line = "docker: manifest unknown"
    polls: dict[str, list[Any]] = {GET: [unstable] * 5 + [ON_OLD], ROWS: [late] * 4 + [rows(OLD)]}
    performed = Performed(WAIT, polls | {SERIAL_PORT: [{"contents": line}, error(404)]})
    failure = performed.failure()
    assert type(failure) is RolledBackError
    assert failure.diagnostics == (f"{NAME}: VERIFYING RUNNING", f"  | {line}")
