"""Warnings before a rollout or a rollback, and drift: facts that refuse nothing."""

from dataclasses import replace
from typing import Any

import pytest

from deploy.config import Config
from deploy.documents.group_state import Instance, Version
from deploy.group.clock_skew import clock_skew_warnings
from deploy.group.drift import drift, manual_changes
from deploy.group.observation import Observation
from deploy.group.quotas import Quota
from deploy.group.warnings import preflight_warnings, rollback_warnings, short_initial_delay
from tests.unit.deploy.test_cases import BASE, observed
from tests.unit.deploy.values import CONFIG, REPOSITORY

SEED = BASE["template"]["name"]
TAG = "the template refers to the tag 'latest' ('startup-script' line 8)"
TAG_LINE = f"{TAG}: the image of an instance depends on the time of its start"


@pytest.mark.parametrize(
    ("ahead_s", "state"),
    [(0.0, ""), (60.0, ""), (-60.0, ""), (61.0, "61 s ahead of"), (-61.0, "61 s behind")],
)
def test_clock_may_differ_by_a_minute(ahead_s: float, state: str) -> None:
    """Deadlines are judged by Compute Engine's clock; a larger difference is printed with its direction."""
    text = f"this computer's clock is {state} Compute Engine's, which deadlines are judged by."
    expected = (f"{text} Fix: set this computer's clock",) if state else ()
    assert clock_skew_warnings(ahead_s) == expected


@pytest.mark.parametrize(
    ("check", "delay_s", "text"),
    [
        ({"checkIntervalSec": 10, "healthyThreshold": 3}, 90, ""),
        (
            {"checkIntervalSec": 10, "healthyThreshold": 3},
            89,
            "the initial delay of 89 s is shorter than 90 s (check interval 10 s * healthy threshold 3 + 60 s)",
        ),
        ({}, 70, ""),
        ({}, 69, "the initial delay of 69 s is shorter than 70 s (check interval 5 s * healthy threshold 2 + 60 s)"),
        (None, 0, "the initial delay of 0 s is shorter than 70 s (check interval 5 s * healthy threshold 2 + 60 s)"),
    ],
)
def test_initial_delay_leaves_a_minute_for_the_start(check: dict[str, int] | None, delay_s: int, text: str) -> None:
    """An instance needs a minute, and the checks until it is healthy; absent members have Compute Engine's defaults."""
    observation = observed({"group": {"autoHealingPolicies": [{"initialDelaySec": delay_s}]}})
    assert short_initial_delay(replace(observation, health_check=check)) == text


@pytest.mark.parametrize(
    ("changes", "warnings"),
    [
        ({}, ()),
        ({"permissions_error": "no answer"}, ("permissions were not checked: no answer",)),
        ({"group": {"targetSize": 0}}, ("the group has target size 0: no instance will prove this release",)),
        ({"autoscaler": "a"}, ("autoscaler 'a' may change the target size during the rollout",)),
        (
            {"health_check": {"type": "SSL", "sslHealthCheck": {"port": 1}}},
            ("the health check only opens a SSL connection: an application that hangs looks healthy",),
        ),
        (
            {"group": {"status": {"isStable": False}}},
            ("the group is not settled; this rollout replaces any change in progress",),
        ),
        (
            {"group": {"status": {"versionTarget": {"isReached": False}}}},
            ("the group is not settled; this rollout replaces any change in progress",),
        ),
    ],
)
def test_every_fact_is_a_warning(changes: dict[str, Any], warnings: tuple[str, ...]) -> None:
    """A settled group has no warning, and each unusual fact has its own."""
    assert preflight_warnings(CONFIG, observed(changes)) == warnings


def test_group_without_a_health_check_has_no_warning_about_the_kind_of_check() -> None:
    """Preflight refuses such a group elsewhere; the warnings do not fail."""
    assert preflight_warnings(CONFIG, replace(observed({}), health_check=None)) == ()


def test_warnings_come_together_and_in_order() -> None:
    """A clock, a short delay and a shortage of quota are independent of each other."""
    group = {"autoHealingPolicies": [{"initialDelaySec": 1}]}
    observation = replace(observed({"group": group, "quotas": {"INSTANCES": [3, 3]}}), clock_ahead_s=90.0)
    lines = [line.split(" ", maxsplit=3)[:3] for line in rollback_warnings(observation, 1)]
    assert lines[:2] == [["this", "computer's", "clock"], ["the", "initial", "delay"]]
    assert rollback_warnings(observation, 1)[2].endswith(": the rollback may wait for room")
    assert rollback_warnings(observed({}), 1) == ()


@pytest.mark.parametrize(
    ("quotas", "error", "surge", "lines"),
    [
        ({"INSTANCES": [24, 22]}, "", 2, ()),
        (
            {"INSTANCES": [24, 22]},
            "",
            3,
            ("quota INSTANCES: a surge of 3 needs 3, and 2 of 24 are free: the rollback may wait for room",),
        ),
        ({"INSTANCES": [24, 25]}, "", 0, ()),
        ({}, "no answer", 3, ("quotas were not checked: no answer",)),
        ({}, "no answer", 0, ()),
    ],
)
def test_rollback_is_warned_of_the_quotas_of_its_own_surge(
    quotas: dict[str, list[int]], error: str, surge: int, lines: tuple[str, ...]
) -> None:
    """The surge is that of the plan, and a quota that was not checked is named; no surge needs no quota."""
    observation = replace(observed({"quotas": quotas} if quotas else {}), quotas_error=error)
    assert rollback_warnings(observation, surge) == lines


def test_quota_that_the_region_does_not_have_is_a_warning_of_a_rollback() -> None:
    """A quota of which the room is unknown may make the rollback wait."""
    observation = replace(observed({}), quotas=(Quota("INSTANCES", 24.0, 3.0),))
    assert "quota not checked: N2D_CPUS, because the region has no such quota" in rollback_warnings(observation, 1)


def newer_unmanaged(**changes: Any) -> Observation:
    """Return a group whose template is the seed, beside a template that was created an hour later."""
    document = {"name": "newer", "id": "77", "creationTimestamp": "2026-09-21T08:13:20.000-07:00", **changes}
    return observed({"templates": [document]})


def test_newer_template_is_drift_and_a_warning() -> None:
    """A deploy copies the group's template, so that changes in a newer template never reach an instance."""
    line = (
        f"template 'newer' of 2026-09-21 08:13 is newer than '{SEED}', which the releases of this group descend from:"
        " its changes are not deployed"
    )
    assert drift(CONFIG, newer_unmanaged()) == (TAG_LINE, line)
    assert preflight_warnings(CONFIG, newer_unmanaged()) == (line,)


def test_newest_of_several_newer_templates_is_named() -> None:
    """Templates are compared by the time of their insertion, and not by their names."""
    older = {"name": "z-older", "id": "78", "creationTimestamp": "2026-09-21T08:00:00.000-07:00"}
    newest = {"name": "a-newest", "id": "79", "creationTimestamp": "2026-09-21T09:00:00.000-07:00"}
    observation = observed({"templates": [older, newest]})
    assert [line.split(" ")[1] for line in preflight_warnings(CONFIG, observation)] == ["'a-newest'"]


@pytest.mark.parametrize(
    "changes",
    [
        {"creationTimestamp": BASE["template"]["creationTimestamp"]},
        {"properties": {"metadata": {"items": []}}},
        {"properties": {"metadata": {"items": [{"key": "startup-script", "value": f"{REPOSITORY}:a {REPOSITORY}:b"}]}}},
    ],
)
def test_other_templates_are_no_drift(changes: dict[str, Any]) -> None:
    """A template of the same age, or of another application, is not a successor of the group's template."""
    assert drift(CONFIG, newer_unmanaged(**changes)) == (TAG_LINE,)


def test_group_without_a_template_is_compared_with_nothing() -> None:
    """A template that the project does not have is no origin, and has no script."""
    observation = replace(observed({"template": None}), templates=())
    assert drift(CONFIG, observation) == (f"metadata: no reference of '{REPOSITORY}' in no entry",)


@pytest.mark.parametrize(
    ("versions", "surge", "lines"),
    [
        ([{"name": "rollback/aaaaaaaaaaaa/run1/20261123T113000Z/600s"}], 3, ()),
        (
            [{"name": "deploy/aaaaaaaaaaaa/run1/20261123T113000Z/600s"}],
            3,
            ("the update policy is not the environment's: maxSurge 3, not 1",),
        ),
        ([{"name": ""}], 1, ()),
        ([], 3, ("the update policy is not the environment's: maxSurge 3, not 1",)),
    ],
)
def test_rollback_has_a_surge_of_its_own(versions: list[dict[str, str]], surge: int, lines: tuple[str, ...]) -> None:
    """Another surge than the environment's is drift, except after a rollback, which sets it."""
    link = BASE["group"]["versions"][0]["instanceTemplate"]
    group = {"versions": [version | {"instanceTemplate": link} for version in versions]}
    observation = observed({"group": {**group, "updatePolicy": {"maxSurge": {"fixed": surge}}}})
    if not versions:
        observation = replace(observation, group=replace(observation.group, versions=()))
    assert manual_changes(CONFIG, observation) == lines


OLD = "projects/dojangkok-dev/global/instanceTemplates/old"
SAME_NAME = f"projects/other/global/instanceTemplates/{SEED}"


@pytest.mark.parametrize(
    ("links", "lines"),
    [
        ([OLD, OLD], ("2 of the instances are still on 'old'",)),
        ([SAME_NAME], (f"1 of the instances are still on '{SAME_NAME}'",)),
        ([None], ()),
    ],
)
def test_outdated_instances_are_counted_by_template(links: list[str | None], lines: tuple[str, ...]) -> None:
    """A template that has the name of the group's is printed with its link, because the name would mislead."""
    observation = observed({})
    versions = [Version(link) if link else None for link in links]
    instances = tuple(Instance("vm", version, "RUNNING", "NONE", "HEALTHY") for version in versions)
    group = replace(observation.group, instances=instances)
    assert drift(CONFIG, replace(observation, group=group)) == (TAG_LINE, *lines)


def test_second_version_of_a_group_is_outdated() -> None:
    """The first entry of `versions` is the target; an instance of a second entry is still to be replaced."""
    observation = observed({})
    instance = Instance("vm", Version(OLD), "RUNNING", "NONE", "HEALTHY")
    versions = (*observation.group.versions, Version(OLD))
    group = replace(observation.group, versions=versions, instances=(instance,))
    assert drift(CONFIG, replace(observation, group=group))[-1] == "1 of the instances are still on 'old'"


def test_allowed_secret_is_a_warning() -> None:
    """An entry that the environment file allows is named, without its value, after the other warnings."""
    config = Config.model_validate({**CONFIG.model_dump(), "allowed_secrets": {"api-token": ["api-token"]}})
    observation = observed({"metadata": {"api-token": "q8Zk2LrXv9TnB4mWc7Yd"}, "permissions_error": "no answer"})
    assert preflight_warnings(config, observation) == (
        "permissions were not checked: no answer",
        "'api-token' line 1 (api-token) looks like a secret; the environment file allows it",
    )
