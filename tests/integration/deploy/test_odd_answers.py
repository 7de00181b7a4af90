"""Malformed answers of status 200 count as failed reads, and neither as a state of the group nor as a bug."""

from typing import Any

import httpx
import pytest

from deploy.compute_engine.client import Compute
from deploy.compute_engine.granted_permissions import read_granted_permissions
from deploy.compute_engine.managed_group import list_groups
from deploy.compute_engine.permissions import REQUIRED_PERMISSIONS
from deploy.documents import validation
from deploy.errors import CloudError, NotRestoredError, RefusedError, RolledBackError
from deploy.retry import Time
from tests.integration.deploy.faulty import inject_fault, request_times, rig_without_bake, set_instance_rule
from tests.integration.deploy.rig import Rig, new_rig
from tests.unit.deploy.values import GROUP

GET = "instanceGroupManagers.get"
OTHER = {
    "name": "another-group",
    "fingerprint": "eA==",
    "versions": [{"instanceTemplate": "global/instanceTemplates/x"}],
}
VALUES: tuple[Any, ...] = ({}, None, [], "text", {"error": {"code": 503, "message": "backend"}}, {"items": [None]})
MEMBERS: tuple[dict[str, Any], ...] = (
    {"versions": None}, {"versions": [None]}, {"versions": []}, {"versions": {}}, {"name": "another-group"},
    {"fingerprint": None}, {"fingerprint": ""}, {"status": []}, {"targetSize": "three"}, {"updatePolicy": None},
    {"autoHealingPolicies": [None]}, {"zone": "projects/p/zones/elsewhere"}, {"allInstancesConfig": [1]},
)  # fmt: skip
GROUPS: tuple[dict[str, Any], ...] = (
    *({"value": value} for value in (*VALUES, OTHER)),
    *({"members": members} for members in MEMBERS),
)  # fmt: skip
ROWS: tuple[Any, ...] = (
    [None],
    "text",
    [[]],
    {"a": 1},
    [{"version": None}],
    [{"name": "x", "instanceHealth": [None]}],
    [{"name": None}],
)


def odd(rig: Rig, on: str, body: dict[str, Any], *nth: int) -> None:
    inject_fault(rig, on=on, nth=list(nth), body=body)


@pytest.mark.parametrize("body", GROUPS, ids=str)
def test_odd_group_is_read_again_at_every_moment_of_a_rollout(body: dict[str, Any]) -> None:
    """A malformed group is read again at preflight, before the PATCH, at the first polls and later."""
    rig = rig_without_bake()
    odd(rig, GET, body, 1, 3, 5, 7, 9, 12)
    assert rig.deploy("a").changed
    assert rig.serving() == ["a"] * 3
    assert [status for method, status in rig.writes() if method.endswith(".patch")] == [200]


@pytest.mark.parametrize("body", GROUPS, ids=str)
def test_malformed_group_during_a_rollback_is_read_again(body: dict[str, Any]) -> None:
    """An automatic rollback succeeds although every third read of the group returns a malformed document."""
    rig = rig_without_bake(timeout_s=170.0)
    set_instance_rule(rig, "b", never_healthy=True)
    odd(rig, GET, body, *range(4, 400, 3))
    with pytest.raises(RolledBackError):
        rig.deploy("b")
    assert rig.serving() == ["latest"] * 3


@pytest.mark.parametrize("rows", ROWS, ids=str)
@pytest.mark.parametrize(
    ("method", "member"),
    [
        ("instanceGroupManagers.listManagedInstances", "managedInstances"),
        ("instanceTemplates.list", "items"),
        ("autoscalers.list", "items"),
    ],
)
def test_odd_list_is_read_again(method: str, member: str, rows: Any) -> None:
    """A deploy succeeds although several reads of a list return malformed rows."""
    rig = rig_without_bake()
    odd(rig, method, {"members": {member: rows}}, 1, 3, 4)
    rig.deploy("a")
    assert rig.serving() == ["a"] * 3


@pytest.mark.parametrize("value", VALUES, ids=str)
@pytest.mark.parametrize(
    "method", ["instanceTemplates.insert", "instanceGroupManagers.patch", "zoneOperations.wait",
               "globalOperations.wait", "instanceTemplates.get", "healthChecks.get", "regions.get"],
)  # fmt: skip
def test_odd_answer_to_a_write_or_a_read_around_it_changes_nothing(method: str, value: Any) -> None:
    """A deploy creates one template although two answers of a method are malformed."""
    rig = rig_without_bake()
    odd(rig, method, {"value": value}, 1, 2)
    assert rig.deploy("a").changed
    assert rig.serving() == ["a"] * 3
    assert len([name for name in rig.templates() if "-r-" in name]) == 1


@pytest.mark.parametrize("method", ["instanceTemplates.insert", "instanceGroupManagers.patch", "*.wait"])
def test_write_whose_answer_is_never_an_operation_is_judged_by_the_resource(method: str) -> None:
    """A deploy succeeds although a method never answers with an operation: the resource shows the effect."""
    rig = rig_without_bake()
    inject_fault(rig, on=method, body={"value": {}})
    assert rig.deploy("a").changed
    assert rig.serving() == ["a"] * 3


def test_group_that_is_odd_from_now_on_is_no_other_deploy() -> None:
    """A group that stays unreadable raises NotRestoredError instead of SupersededError."""
    rig = rig_without_bake()
    odd(rig, GET, {"members": {"versions": None}}, *range(4, 3_000))
    with pytest.raises(NotRestoredError, match=r"not done after 840 s: the group can't be read: .*unexpected answer"):
        rig.deploy("a")


def test_one_404_of_the_group_rolls_nothing_back() -> None:
    """Single 404 answers to reads of the group cause no rollback."""
    rig = rig_without_bake(bake_s=60.0)
    inject_fault(rig, on=GET, nth=[5, 9, 12], status=404, reason="notFound")
    rig.deploy("a")
    assert rig.serving() == ["a"] * 3
    assert len([method for method, _ in rig.writes() if method.endswith(".patch")]) == 1


def test_one_404_before_the_patch_of_a_rollback_does_not_keep_the_failed_release() -> None:
    """A failed release is rolled back although single reads answer 404 and a PATCH answers 412."""
    rig = rig_without_bake(timeout_s=170.0)
    set_instance_rule(rig, "b", never_healthy=True)
    running = rig.plan("b")
    polls = len(request_times(rig, GET))
    execution = rig.execution(running)
    inject_fault(rig, on="instanceGroupManagers.patch", nth=[1], status=412, reason="conditionNotMet")
    inject_fault(rig, on=GET, nth=[1, 3], status=404, reason="notFound")
    with pytest.raises(RolledBackError):
        execution.perform()
    assert len(request_times(rig, GET)) > polls
    assert rig.serving() == ["latest"] * 3


def test_group_that_can_not_be_read_before_the_patch_is_a_refusal() -> None:
    """A deploy that cannot read the group before the PATCH is refused and leaves the group unchanged."""
    rig = rig_without_bake()
    inject_fault(rig, on=GET, nth=list(range(2, 2_000)), status=503)
    with pytest.raises(RefusedError, match=r"was not patched: the group can't be read: .*The group is unchanged"):
        rig.deploy("a")
    assert rig.serving() == ["latest"] * 3


def asking(*answers: Any) -> tuple[Compute, list[str]]:
    """Return an API that gives these answers and then repeats the last answer, and the list of its queries."""
    queries: list[str] = []
    slept: list[float] = []

    def answer(request: httpx.Request) -> httpx.Response:
        queries.append(request.url.params.get("pageToken", ""))
        return httpx.Response(200, json=answers[min(len(queries), len(answers)) - 1])

    client = httpx.Client(transport=httpx.MockTransport(answer))
    time = Time(lambda: sum(slept), slept.append)
    return Compute(client, "http://x/compute/v1", "p", dict, time, dice=lambda: 0.5), queries


@pytest.mark.parametrize("tokens", [("t",), ("t", "u", "t"), ("t", "u", "v", "u")])
def test_page_token_that_comes_again_is_an_error(tokens: tuple[str, ...]) -> None:
    """A list that repeats a page token raises CloudError."""
    pages = [{"items": [], "nextPageToken": token} for token in tokens]
    compute, queries = asking(*pages)
    with pytest.raises(CloudError, match="p/zones/z/autoscalers: the same nextPageToken again"):
        list(compute.items("zones/z/autoscalers"))
    assert len(queries) <= len(tokens) + 1
    compute, queries = asking(*({"items": {}, "nextPageToken": token} for token in tokens))
    with pytest.raises(CloudError, match="the same nextPageToken again"):
        list_groups(compute)
    assert len(queries) <= len(tokens) + 1


def test_list_that_never_ends_is_an_error() -> None:
    """A list of more than 1000 pages raises CloudError."""
    compute, queries = asking(*({"items": [], "nextPageToken": str(number)} for number in range(2_000)))
    with pytest.raises(CloudError, match="more than 1000 pages"):
        list(compute.items("zones/z/autoscalers"))
    assert len(queries) == 1_001


@pytest.mark.parametrize("answer", [{}, {"error": {}}, {"permissions": None}, {"permissions": [None]}, [], None, "x"])
def test_odd_answer_about_permissions_is_asked_again_and_grants_nothing(answer: Any) -> None:
    """A malformed answer about permissions grants no permission, and the request is repeated."""
    answers = iter([answer, {"permissions": list(REQUIRED_PERMISSIONS)}])
    client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=next(answers))))
    slept: list[float] = []
    time = Time(lambda: sum(slept), slept.append)
    assert read_granted_permissions(client, "http://x", "p", REQUIRED_PERMISSIONS, dict, time) == set(
        REQUIRED_PERMISSIONS
    )


def test_list_of_groups_without_the_own_group_prunes_nothing() -> None:
    """Pruning deletes no template if the list of groups does not contain the group of the deploy."""
    rig = new_rig()
    for letter in "0123456789":
        rig.deploy(letter)
    before = rig.templates()
    inject_fault(rig, on="instanceGroupManagers.aggregatedList", body={"value": {}})
    result = rig.deploy("a")
    assert any("the list of groups lacks" in text for text in result.warnings)
    assert set(before) <= set(rig.templates())


def test_reason_is_one_line() -> None:
    """The reason for an invalid operation has the field and the valid values."""
    with pytest.raises(ValueError, match="Input should be") as error:
        validation.operation_check()({"name": "o", "status": {}})
    assert validation.reason(error.value).startswith("status: Input should be 'PENDING', 'RUNNING' or 'DONE'")
    assert GROUP.rpartition("/")[2] not in validation.reason(error.value)
