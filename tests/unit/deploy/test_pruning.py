"""Which templates a prune deletes, by the templates and groups of a project."""

from dataclasses import replace
from typing import Any

import pytest

from deploy.documents.resource import Document
from deploy.errors import CloudError, DeployError, NotAllowedError
from deploy.rollout.pruning import prune_templates
from deploy.rollout.result import PruneResult
from tests.unit.deploy.scripted_compute import DONE, GROUP, ScriptedCompute, error, failed, group_document, settled
from tests.unit.deploy.test_history import release
from tests.unit.deploy.values import CONFIG

TEMPLATES, GROUPS = "GET global/instanceTemplates", "GET aggregated/instanceGroupManagers"
# Four unproven releases: the two newest are kept.
RELEASES = [release(hour, group=f"{CONFIG.zone}/{CONFIG.group}") for hour in (1, 2, 3, 4)]
OLDEST, SECOND, _, NEWEST = (document["name"] for document in RELEASES)


def delete(name: str) -> str:
    """Return the request for a deletion."""
    return f"DELETE global/instanceTemplates/{name}"


def answers(*groups: Document, own: Document | None = None, **deletions: Any) -> ScriptedCompute:
    """Return a project with the releases, the group of the cases and other groups."""
    own = own or group_document()
    listed = {"items": {"zones/z": {"instanceGroupManagers": [own, *groups]}}}
    read: dict[str, list[Any]] = {TEMPLATES: [{"items": RELEASES}], GROUPS: [listed]}
    read |= {f"GET {GROUP}": [own]}
    first, second = deletions.get("first", DONE), deletions.get("second", DONE)
    return ScriptedCompute(settled() | read | {delete(OLDEST): [first], delete(SECOND): [second]})


def other(**members: Any) -> Document:
    """Return another group of the project."""
    link = "https://x/compute/v1/projects/dojangkok-dev/zones/z/instanceGroupManagers/other"
    return {"name": "other", "selfLink": link, "fingerprint": "x=", "targetSize": 0} | members


def relative(name: str) -> str:
    """Return a link of a template below its project."""
    return f"global/instanceTemplates/{name}"


@pytest.mark.parametrize(
    ("groups", "pruned"),
    [
        ([], (OLDEST, SECOND)),
        ([other(versions=[{"instanceTemplate": relative("x")}, {"instanceTemplate": relative(OLDEST)}])], (SECOND,)),
        ([other(instanceTemplate=relative(SECOND))], (OLDEST,)),
        ([other()], (OLDEST, SECOND)),
    ],
)
def test_oldest_templates_that_no_group_refers_to_are_deleted(groups: list[Document], pruned: tuple[str, ...]) -> None:
    """A template that another group refers to, in any form of its link, is kept."""
    compute = answers(*groups)
    assert prune_templates(compute.managed(), CONFIG) == PruneResult(pruned, 0)
    assert [request for request in compute.requests if request.startswith("DELETE")] == [
        delete(name) for name in pruned
    ]


def test_group_that_needs_all_candidates_is_enough() -> None:
    """The groups of the project are not listed if the group itself refers to each old template."""
    versions = [{"instanceTemplate": relative(OLDEST)}, {"instanceTemplate": relative(SECOND)}]
    compute = answers(own=group_document(versions=versions))
    assert prune_templates(compute.managed(), CONFIG) == PruneResult()
    assert GROUPS not in compute.requests


def test_incomplete_list_of_groups_deletes_nothing() -> None:
    """A list of groups that lacks the group itself is not complete."""
    compute = answers()
    listed = {"items": {"zones/z": {"instanceGroupManagers": [other()]}}}
    compute = replace(compute, answers={**compute.answers, GROUPS: [listed]})
    result = prune_templates(compute.managed(), CONFIG)
    assert type(result.error) is DeployError
    assert str(result.error) == f"the list of groups lacks '{CONFIG.group}', so it is not complete"
    assert replace(result, error=None) == PruneResult()


@pytest.mark.parametrize(
    "answer",
    [
        error(404, "notFound"),
        error(404),
        error(400, "resourceInUseByAnotherResource"),
        failed("RESOURCE_IN_USE_BY_ANOTHER_RESOURCE"),
    ],
)
def test_template_that_is_absent_or_in_use_is_left_out(answer: Any) -> None:
    """A template that a refusal shows as absent or in use stays a candidate, and the next one is deleted."""
    assert prune_templates(answers(first=answer).managed(), CONFIG) == PruneResult((SECOND,), 1)


@pytest.mark.parametrize(
    ("answer", "expected", "text"),
    [
        (error(400, "invalid"), CloudError, f"DELETE {CONFIG.project}/{relative(SECOND)}: 400 no"),
        (error(403), NotAllowedError, f"DELETE {CONFIG.project}/{relative(SECOND)}: 403 no"),
        (failed("INTERNAL_ERROR"), DeployError, f"template '{SECOND}' was not deleted: INTERNAL_ERROR: no"),
    ],
)
def test_refused_deletion_ends_the_prune(answer: Any, expected: type[DeployError], text: str) -> None:
    """The result has the templates that were deleted before the error."""
    result = prune_templates(answers(second=answer).managed(), CONFIG)
    assert type(result.error) is expected
    assert result.error.message == text
    assert replace(result, error=None) == PruneResult((OLDEST,), 1)


def test_deletions_are_waited_for_together() -> None:
    """Every deletion is started before the first is waited for: a long history costs the time of a single operation."""
    running = {**DONE, "status": "RUNNING"}
    compute = answers(first=running, second=running)
    wait = f"POST global/operations/{DONE['name']}/wait"
    compute = replace(compute, answers={**compute.answers, wait: [DONE]})
    assert prune_templates(compute.managed(), CONFIG) == PruneResult((OLDEST, SECOND), 0)
    assert compute.requests[-4:] == [delete(OLDEST), delete(SECOND), wait, wait]
