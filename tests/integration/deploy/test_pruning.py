"""Prune deletes at most twenty templates a run, the oldest first, and none that is in use or unmanaged."""

import json
from datetime import UTC, datetime

import httpx
import pytest

from deploy.compute_engine.client import Compute
from deploy.documents.group_state import Version
from deploy.documents.resource import links_of
from deploy.errors import NotAllowedError, RolledBackError
from deploy.release import template
from deploy.release.record import ReleaseRecord
from deploy.report import formats
from deploy.rollout.pruning import prune_templates
from deploy.rollout.result import PruneResult, RolloutResult, RunResult
from emulator.emulator import Emulator
from emulator.inprocess import Transport
from tests.integration.deploy.faulty import inject_fault, request_times, rig_without_bake, set_instance_rule
from tests.integration.deploy.rig import Rig
from tests.unit.deploy.values import GROUP, REPOSITORY, digest


class OneGroupAPage(Transport):
    """An emulator with aggregated lists of one group a page, which records every attempt to delete a template."""

    def __init__(self, emulator: Emulator) -> None:
        super().__init__(emulator)
        self.tried: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.tried += [request.url.path] if request.method == "DELETE" else []
        if "/aggregated/" in request.url.path:
            request.url = request.url.copy_merge_params({"maxResults": "1"})
        return super().handle_request(request)


def test_f57_template_of_a_group_on_a_later_page_is_kept() -> None:
    """The template is kept without an attempt to delete it, which Google would refuse."""
    rig = rig_without_bake()
    rig.deploy("0")
    first = rig.observed().group.versions[0].template
    other = {"name": "other", "baseInstanceName": "other", "targetSize": 0}
    rig.control("POST", GROUP.rpartition("/")[0], {**other, "instanceTemplate": f"global/instanceTemplates/{first}"})
    for letter in "123456789":
        rig.deploy(letter)
    for letter in "ab":  # newer unproven releases, so that the first is not kept as one of the two newest
        set_instance_rule(rig, letter, never_healthy=True)
        with pytest.raises(RolledBackError):
            rig.deploy(letter)
    emulator, time = OneGroupAPage(rig.emulator), rig.compute().time
    compute = Compute(httpx.Client(transport=emulator), "http://emulator/compute/v1", rig.config.project, dict, time)
    assert prune_templates(rig.managed(compute), rig.config) == PruneResult()
    assert emulator.tried == []
    assert first in rig.templates()


TEMPLATES = "projects/dojangkok-dev/global/instanceTemplates"


def with_history(count: int) -> Rig:
    """Return a rig whose group is on release A, with older releases that nothing refers to."""
    rig = rig_without_bake()
    base = rig.observed().template
    for number in range(count):
        record = ReleaseRecord(
            REPOSITORY, digest("0"), links_of(base)[0], str(1_000 + number), "asia-northeast3-a/" + rig.config.group
        )
        made = rig.control("POST", TEMPLATES, template.new_template(base, record))
        assert "error" not in made, made
        rig.emulator.environment.clock.move(1)
    return rig


def releases(rig: Rig) -> list[str]:
    """Names of the releases, oldest first."""
    documents = rig.emulator.environment.view.collections[TEMPLATES]
    return [name for name, document in documents.items() if template.release_record(document)]


def test_run_deletes_at_most_twenty_oldest_templates() -> None:
    """The result has the number of templates that a later prune may delete."""
    rig = with_history(50)
    made = releases(rig)
    assert len(made) == 50
    result = rig.deploy("a")
    assert (result.pruned, result.prunable) == (tuple(made[:20]), 28)
    assert releases(rig)[:-1] == made[20:]
    second = prune_templates(rig.managed(), rig.config)
    assert second == PruneResult(tuple(made[20:40]), 8)
    assert prune_templates(rig.managed(), rig.config) == PruneResult(tuple(made[40:48]), 0)
    assert prune_templates(rig.managed(), rig.config) == PruneResult()


def test_report_of_a_deploy_has_the_remaining_templates() -> None:
    """The report of a deploy asks for another prune."""
    result = RolloutResult(changed=True, target=Version("new"), before=Version("old"), prunable=29)
    outcome = RunResult(
        verb="deploy",
        environment="dev",
        group="g",
        run="run1",
        began_at=datetime(2026, 11, 23, tzinfo=UTC),
        rollout=result,
    )
    for shape in ("text", "markdown"):
        assert "29 more old templates can be deleted: run " in formats.run_report(outcome, str, shape)
    assert "run `prune` again" in formats.run_report(outcome, str, "text")
    assert json.loads(formats.run_report(outcome, str, "json"))["rollout"]["prunable"] == 29


def test_templates_in_use_count_as_attempts() -> None:
    """Templates that another group uses are tried once a run."""
    rig = with_history(60)
    inject_fault(
        rig, on="instanceTemplates.delete", nth=list(range(1, 100)), status=400, reason="resourceInUseByAnotherResource"
    )
    before = len(rig.writes())
    assert prune_templates(rig.managed(), rig.config) == PruneResult((), 58)
    assert len(rig.writes()) - before == 20


def test_template_whose_deletion_ends_as_in_use_is_kept_without_an_error() -> None:
    """An operation may find the template in use after the request was accepted; the other templates are deleted."""
    rig = with_history(10)
    made = releases(rig)
    in_use = {"error": "RESOURCE_IN_USE_BY_ANOTHER_RESOURCE"}
    inject_fault(rig, on="instanceTemplates.delete", nth=[1], operation=in_use)
    assert prune_templates(rig.managed(), rig.config) == PruneResult(tuple(made[1:8]), 1)


def test_template_whose_deletion_ends_with_another_error_is_named_in_a_warning() -> None:
    """A deletion that fails for another reason ends the pruning, and the report of the deploy has the warning."""
    rig = with_history(10)
    made = releases(rig)
    inject_fault(rig, on="instanceTemplates.delete", nth=[1], operation={"error": "INTERNAL_ERROR"})
    [warning] = [line for line in rig.deploy("a").warnings if line.startswith("old templates were not pruned: ")]
    assert f"template '{made[0]}' was not deleted: " in warning


def test_deletions_before_an_error_are_reported() -> None:
    """An error ends the prune and leaves its result so far."""
    rig = with_history(10)
    made = releases(rig)
    inject_fault(rig, on="instanceTemplates.delete", nth=[4], status=403, reason="forbidden")
    pruning = prune_templates(rig.managed(), rig.config)
    assert (pruning.templates, pruning.remaining) == (tuple(made[:3]), 5)
    assert isinstance(pruning.error, NotAllowedError)
    inject_fault(rig, on="instanceTemplates.delete", nth=[1], status=403, reason="forbidden")
    assert [line for line in rig.deploy("a").warnings if line.startswith("old templates were not pruned: ")]


def test_a_thousand_copied_records_cost_no_more_than_their_pages() -> None:
    """Copies of a release are unmanaged: they cost pages of the list, and no request of their own."""
    requests = {}
    for count in (0, 1_000):
        rig = rig_without_bake()
        rig.deploy("0")
        document = rig.control("GET", f"{TEMPLATES}/{rig.observed().group.versions[0].template}")
        for number in range(count):
            rig.control("POST", TEMPLATES, {"name": f"copy-{number}", "properties": document["properties"]})
        result = rig.deploy("a")
        assert (result.pruned, result.prunable) == ((), 0)
        requests[count] = result.requests
        assert len(rig.templates()) == 3 + count
    assert requests[1_000] - requests[0] == 2 * 2  # pages of 500, when the deploy begins and when it prunes


def test_other_groups_are_read_only_before_a_deletion() -> None:
    """A prune without candidates does not list the groups of the project."""
    rig = rig_without_bake()
    rig.deploy("a")
    assert request_times(rig, "instanceGroupManagers.aggregatedList") == []
    other = with_history(5)
    other.deploy("a")
    assert len(request_times(other, "instanceGroupManagers.aggregatedList")) == 1
