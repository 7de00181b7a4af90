"""Lists: pages, order, both dialects of filters, and the aggregated form."""

import pytest

from tests.contract.marks import covers, differs, unverified, verified
from tests.contract.rig import HOME, REGION, TEMPLATES, ZONE, EmulatorClient, Json

AGGREGATED = f"{HOME}/aggregated/instanceTemplates"
LABELS = {"web-1": {"env": "prod"}, "web-2": {"env": "dev"}, "api-1": {"env": "prod", "dotted.key": "x"}}


def names(emulator: EmulatorClient, query: str, path: str = TEMPLATES) -> list[str]:
    """Return the names on a page of a list."""
    return [resource["name"] for resource in emulator.get(f"{path}?{query}").get("items", [])]


@pytest.fixture
def three(emulator: EmulatorClient) -> EmulatorClient:
    """Three templates, made in an order that is not that of their names."""
    for name in ("web-2", "api-1", "web-1"):
        emulator.template(name, labels=LABELS[name], machineType="e2-small" if name != "api-1" else "e2-medium")
        emulator.pass_time(1)
    return emulator


@verified("G", "P")
@covers("instanceTemplates.list")
def test_pages_follow_each_other(three: EmulatorClient) -> None:
    """maxResults limits a page; nextPageToken leads through the list, each entry once, and is missing at its end."""
    listed, token = [], ""
    for _ in range(3):
        page = three.get(f"{TEMPLATES}?maxResults=1&pageToken={token}")
        listed += [template["name"] for template in page["items"]]
        token = page.get("nextPageToken", "")
        assert bool(token) == (len(listed) < 3)
    assert listed == ["api-1", "web-1", "web-2"]


@unverified("I")
@covers("instanceTemplates.list")
def test_pages_survive_a_deletion(three: EmulatorClient) -> None:
    """A page continues after the last entry of the previous page, even if that entry was deleted meanwhile."""
    token = three.get(f"{TEMPLATES}?maxResults=1")["nextPageToken"]
    three.do("DELETE", f"{TEMPLATES}/api-1")
    assert names(three, f"pageToken={token}") == ["web-1", "web-2"]


@verified("P")
@covers("instanceTemplates.list")
@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("maxResults=501", "maxResults"),
        ("maxResults=-1", "maxResults"),
        ("pageToken=x", "pageToken"),
        ("maxResults=x", "maxResults"),
    ],
)
def test_a_page_that_can_not_be_is_refused(three: EmulatorClient, query: str, field: str) -> None:
    """A page size beyond 500, or an invalid token, answers 400 that names the parameter."""
    status, reason, message = three.refused("GET", f"{TEMPLATES}?{query}")
    assert (status, reason) == (400, "invalid")
    assert f"'{field}'" in message


@verified("P")
@covers("instanceTemplates.list")
def test_newest_first(three: EmulatorClient) -> None:
    """orderBy is name, or creationTimestamp desc; anything else answers 400."""
    assert names(three, "orderBy=creationTimestamp desc") == ["web-1", "api-1", "web-2"]
    assert names(three, "orderBy=name") == ["api-1", "web-1", "web-2"]
    assert three.refused("GET", f"{TEMPLATES}?orderBy=creationTimestamp")[:2] == (400, "invalid")


@verified("P", "W")
@covers("instanceTemplates.list")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('name = "web-1"', ["web-1"]),
        ("name != web-1", ["api-1", "web-2"]),
        ("name:web*", ["web-1", "web-2"]),
        ("properties.labels.env = prod", ["api-1", "web-1"]),
        ("properties.labels.env = prod AND name = api-1", ["api-1"]),
        ("name = api-1 OR (properties.labels.env = dev AND name = web-2)", ["api-1", "web-2"]),
        ("NOT name = api-1", ["web-1", "web-2"]),
        ("properties.labels.dotted.key = x", ["api-1"]),
        ("name > api-9", ["web-1", "web-2"]),
        ('name eq ".*\\bweb\\b.*"', ["web-1", "web-2"]),
        ('name eq "web"', []),
        ('name ne "web-.*"', ["api-1"]),
        ('(name eq "web-.*") (properties.machineType eq "e2-small") (name ne ".*-2")', ["web-1"]),
    ],
)
def test_filters_of_both_dialects(three: EmulatorClient, text: str, expected: list[str]) -> None:
    """Filters are AIP-160 expressions, or RE2 patterns that match in full and must all hold."""
    assert three.http.get(TEMPLATES, params={"filter": text}).status_code == 200
    items = three.http.get(TEMPLATES, params={"filter": text}).json().get("items", [])
    assert [template["name"] for template in items] == expected


@verified("P")
@covers("instanceTemplates.list")
@pytest.mark.parametrize("text", ["name", "name ==== x", 'name eq "("', 'name eq "a" AND labels.b = c', "(name = a"])
def test_a_filter_that_is_none_is_refused(three: EmulatorClient, text: str) -> None:
    """An expression of neither dialect, or of both, answers 400 instead of the whole list."""
    answer = three.http.get(TEMPLATES, params={"filter": text})
    assert answer.status_code == 400
    assert answer.json()["error"]["errors"][0]["reason"] == "invalid"


@verified("P")
@covers("instanceTemplates.list")
def test_an_empty_list_has_no_items(emulator: EmulatorClient) -> None:
    """The answer of an empty list has kind and selfLink, and no items."""
    answer = emulator.get(TEMPLATES)
    assert answer["kind"] == "compute#instanceTemplateList"
    assert answer["selfLink"].endswith("projects/demo/global/instanceTemplates")
    assert not {"items", "nextPageToken"} & answer.keys()


@verified("W")
@covers("instanceTemplates.aggregatedList")
def test_aggregated_lists_are_by_scope(three: EmulatorClient) -> None:
    """An aggregated list maps scopes to their resources, takes gcloud's parameters, and warns where there are none."""
    query = "includeAllScopes=True&maxResults=500&returnPartialSuccess=True"
    scopes: Json = three.get(f"{AGGREGATED}?{query}")["items"]
    assert [template["name"] for template in scopes["global"]["instanceTemplates"]] == ["api-1", "web-1", "web-2"]
    three.do(
        "POST",
        f"{HOME}/zones/{ZONE}/instanceGroupManagers",
        {"name": "g", "targetSize": 0, "instanceTemplate": "global/instanceTemplates/api-1"},
    )
    assert three.get(f"{AGGREGATED}?{query}")["items"][f"zones/{ZONE}"]["warning"]["code"] == "NO_RESULTS_ON_PAGE"


@verified("G")
@covers("instanceTemplates.aggregatedList")
def test_an_unreachable_scope_is_a_warning(three: EmulatorClient) -> None:
    """With returnPartialSuccess an unreachable scope is a warning UNREACHABLE beside the rest, not an empty scope."""
    three.plan({"on": "instanceTemplates.aggregatedList", "unreachable": f"regions/{REGION}"})
    scopes = three.get(f"{AGGREGATED}?returnPartialSuccess=true")["items"]
    assert scopes[f"regions/{REGION}"]["warning"]["code"] == "UNREACHABLE"
    assert len(scopes["global"]["instanceTemplates"]) == 3


@differs("the error of an aggregated list without returnPartialSuccess is unknown; here it is 503 backendError")
def test_an_unreachable_scope_fails_the_list(three: EmulatorClient) -> None:
    """Without returnPartialSuccess an unreachable scope fails the whole list."""
    three.plan({"on": "instanceTemplates.aggregatedList", "unreachable": f"regions/{REGION}"})
    assert three.refused("GET", AGGREGATED)[0] == 503


@verified("G")
@covers("instanceGroupManagers.listManagedInstances")
def test_a_group_without_pages_lists_all_its_instances(emulator: EmulatorClient) -> None:
    """listManagedInstances of a group that is PAGELESS returns all instances, also more than 500."""
    emulator.web(501)
    path = f"{HOME}/zones/{ZONE}/instanceGroupManagers/web"
    page = emulator.ask("POST", f"{path}/listManagedInstances")
    assert (len(page["managedInstances"]), "nextPageToken" in page) == (501, False)


@verified("G")
@covers("instanceGroupManagers.listManagedInstances", "instanceGroupManagers.patch")
def test_managed_instances_page_only_when_paginated(emulator: EmulatorClient) -> None:
    """listManagedInstances ignores maxResults unless its group is PAGINATED."""
    emulator.web(3)
    path = f"{HOME}/zones/{ZONE}/instanceGroupManagers/web"
    assert len(emulator.ask("POST", f"{path}/listManagedInstances?maxResults=2")["managedInstances"]) == 3
    emulator.do("PATCH", path, {"listManagedInstancesResults": "PAGINATED"})
    page = emulator.ask("POST", f"{path}/listManagedInstances?maxResults=2")
    assert len(page["managedInstances"]) == 2
    rest = emulator.ask("POST", f"{path}/listManagedInstances?maxResults=2&pageToken={page['nextPageToken']}")
    assert len(rest["managedInstances"]) == 1
    assert "nextPageToken" not in rest
