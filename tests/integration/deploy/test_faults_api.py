"""Faults F01 to F23 of docs/faults.md, those of the API, as far as no other module tests them."""

import itertools
from typing import Any

import httpx
import pytest

from deploy.compute_engine.client import Compute
from deploy.errors import (
    CloudError,
    DeployError,
)
from deploy.retry import Time
from deploy.rollout.pruning import prune_templates
from tests.integration.deploy.clients import QuickClient
from tests.integration.deploy.faulty import inject_fault, request_times, rig_without_bake
from tests.unit.deploy.values import GROUP

TEMPLATES = "projects/dojangkok-dev/global/instanceTemplates"
ZONE = "projects/dojangkok-dev/zones/asia-northeast3-a"


@pytest.mark.parametrize("how", [{"status": 429}, {"status": 403, "reason": "rateLimitExceeded"}])
def test_f01_burst_of_rate_limits_is_met_with_growing_pauses(how: dict[str, Any]) -> None:
    """A rate-limited request is repeated after pauses that double."""
    rig = rig_without_bake()
    before = len(request_times(rig, "regions.get"))
    inject_fault(rig, on="regions.get", nth=[1, 2, 3, 4], **how)
    rig.deploy("a")
    sent_at = request_times(rig, "regions.get")[before:]
    pauses = [later - earlier for earlier, later in itertools.pairwise(sent_at)]
    assert pauses == [0.5, 1.0, 2.0, 4.0]


def test_f01_retry_after_is_honoured() -> None:
    """A request is repeated after the seconds of the header `Retry-After`."""
    rig = rig_without_bake()
    inject_fault(rig, on="regions.get", nth=[1], status=503, headers={"retry-after": "7"})
    rig.deploy("a")
    first, second = request_times(rig, "regions.get")[-2:]
    assert second - first == 7.0


def test_f04_slow_answers_stay_within_the_budget() -> None:
    """A deploy whose polls take 20 s each ends within the time budget of the rollout."""
    rig = rig_without_bake()
    inject_fault(rig, on="instanceGroupManagers.get", delay_s=20.0)
    began_s = rig.emulator.environment.clock.now_s()
    rig.deploy("a")
    assert rig.serving() == ["a"] * 3
    assert rig.emulator.environment.clock.now_s() - began_s < rig.config.rollout.budget_s(3)


def test_f07_conflict_with_our_own_template_adopts_it() -> None:
    """A deploy adopts its own template if the insert is cut off and the repeated insert answers 409."""
    rig = rig_without_bake()
    inject_fault(rig, on="instanceTemplates.insert", nth=[1], cut="after")
    inject_fault(rig, on="instanceTemplates.insert", nth=[2], status=409, reason="alreadyExists")
    rig.deploy("a")
    assert rig.serving() == ["a"] * 3
    assert len(rig.templates()) == 2


def test_f17_warnings_of_an_operation_are_reported() -> None:
    """The result of a deploy contains the warnings of Compute Engine's operations."""
    rig = rig_without_bake()
    inject_fault(rig, on="*.patch", nth=[1], operation={"warning": "a resource is deprecated", "commit": True})
    assert any("a resource is deprecated" in text for text in rig.deploy("a").warnings)


def test_f19_operations_that_may_not_be_read_are_judged_by_the_resource() -> None:
    """A deploy without permission to read operations reads the written resources instead."""
    rig = rig_without_bake()
    rig.control(
        "PUT", "emulator/permissions", {"denied": ["compute.zoneOperations.get", "compute.globalOperations.get"]}
    )
    rig.deploy("a")
    assert rig.serving() == ["a"] * 3


def test_f20_wait_that_returns_early_is_repeated() -> None:
    """A wait is repeated, because the server ends it after two minutes even if the operation continues."""
    operation = {"name": "o", "zone": "zones/z", "status": "RUNNING"}
    answers = iter([operation, operation, {**operation, "status": "DONE"}])
    client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=next(answers))))
    slept: list[float] = []
    compute = Compute(client, "http://emulator/compute/v1", "p", dict, Time(lambda: sum(slept), slept.append))
    assert compute.wait(operation).state == "done"
    assert slept == [1.0, 1.0]


def test_f21_stale_lists_delete_no_template_in_use() -> None:
    """Deploys with lists that are 60 s old never delete the template that the group uses."""
    rig = rig_without_bake()
    inject_fault(rig, on="*.list", lag_s=60.0)
    inject_fault(rig, on="*.aggregatedList", lag_s=60.0)
    for letter in "01234567":
        try:
            rig.deploy(letter)
        except DeployError as error:
            assert error.exit_code == 3  # noqa: PT017 - a list without the group's own template is a refusal
        rig.emulator.environment.clock.move(61)
        document = rig.emulator.environment.view.get(GROUP)
        assert document is not None
        assert document["versions"][0]["instanceTemplate"].rpartition("/")[2] in rig.templates()
        assert rig.never_fewer_than(3)


@pytest.mark.parametrize("lag_s", [2.0, 20.0, 45.0])
def test_f22_answers_older_than_the_write_are_ignored(lag_s: float) -> None:
    """A deploy succeeds although polls after the PATCH return the group as the group was before."""
    rig = rig_without_bake(poll_s=(1.0, 1.0))
    inject_fault(rig, on="instanceGroupManagers.get", nth=list(range(3, 3 + int(lag_s))), lag_s=lag_s)
    rig.deploy("a")
    assert rig.serving() == ["a"] * 3


def test_f23_second_page_that_fails_prunes_nothing() -> None:
    """Pruning deletes no template if the second page of the list of templates fails."""
    rig = rig_without_bake()
    operator = QuickClient(rig.emulator, "operator")
    for number in range(510):
        operator.request("POST", f"http://emulator/{TEMPLATES}", json={"name": f"zz-{number}", "properties": {}})
    rig.deploy("a")
    before = rig.templates()
    inject_fault(rig, on="instanceTemplates.list", nth=[2], status=400, reason="invalid")
    assert isinstance(prune_templates(rig.managed(), rig.config).error, CloudError)
    assert rig.templates() == before
    assert len(before) > 500
