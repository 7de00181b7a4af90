"""Drift: one line for each difference from the last deploy, and none without a difference."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from deploy.documents.group_state import Version, parse_group
from deploy.documents.resource import name_of
from deploy.group.drift import drift, newer_template
from deploy.group.observation import Observation
from deploy.release import template
from deploy.release.record import RECORD_KEY
from deploy.report.preview import preview, preview_report
from deploy.report.status import status
from deploy.rollout.plan import NothingToDo
from tests.integration.deploy.rig import Rig, new_rig
from tests.support.reports import unwrapped
from tests.unit.deploy.values import GROUP, REPOSITORY, digest

SEED = "dojangkok-dev-ai-server-seed"


def deployed() -> tuple[Rig, Observation]:
    rig = new_rig()
    rig.deploy("a")
    return rig, rig.observed()


def with_template(observed: Observation, document: dict[str, Any]) -> Observation:
    """Return an observation with one more template."""
    return replace(observed, templates=(*observed.templates, document))


def terraformed(observed: Observation, created: str, script: str = f"run {REPOSITORY}:latest\n") -> dict[str, Any]:
    """Return a template as Terraform creates it."""
    items = [{"key": "startup-script", "value": script}]
    return {
        "name": "tf-2",
        "id": "99",
        "creationTimestamp": created,
        "selfLink": "https://www.googleapis.com/compute/v1/projects/dojangkok-dev/global/instanceTemplates/tf-2",
        "properties": {"metadata": {"items": items}},
    }


def edited(observed: Observation, change: str, by: str) -> Observation:
    """Return an observation whose serving template is a manual copy with another script."""
    document = copy.deepcopy(observed.template)
    for item in document["properties"]["metadata"]["items"]:
        if item["key"] == "startup-script":
            assert change in item["value"]
            item["value"] = item["value"].replace(change, by)
    return replace(observed, template=document)


def test_nothing_differs_right_after_a_deploy() -> None:
    """A group has no drift right after a deploy."""
    rig, observed = deployed()
    assert drift(rig.config, observed) == ()


def test_tag_in_the_startup_script_is_drift() -> None:
    """A startup script that refers to a tag instead of a digest is drift."""
    rig = new_rig()
    assert drift(rig.config, rig.observed()) == (
        (
            "the template refers to the tag 'latest' ('startup-script' line 8): the image of an instance depends on the"
            " time of its start"
        ),
    )


def test_unmanaged_template_after_a_deploy_is_drift() -> None:
    """An unmanaged template on the group is drift after a deploy has created another template."""
    rig, observed = deployed()
    seed = next(document for document in observed.templates if document["name"] == SEED)
    lines = drift(rig.config, replace(observed, template=seed))
    assert f"template '{SEED}' was not created by a deploy, and other templates were" in lines


def test_script_edited_by_hand_is_named_by_its_line() -> None:
    """An edited startup script is drift, with the first changed line or the changed length."""
    rig, observed = deployed()
    unmanaged = f"template '{observed.template['name']}' was not created by a deploy, and other templates were"
    lines = drift(rig.config, edited(observed, "mkdir -p /opt/app", "mkdir -p /opt/other"))
    assert lines == (
        unmanaged,
        f"'startup-script' of '{observed.template['name']}' differs from '{SEED}' in line 4",
    )
    longer = drift(rig.config, edited(observed, "compose.yml up -d\n", "compose.yml up -d\nreboot\n"))
    assert longer == (
        unmanaged,
        f"'startup-script' of '{observed.template['name']}' differs from '{SEED}' in its length",
    )


def test_script_is_not_compared_if_its_base_is_deleted() -> None:
    """The startup script is not compared if its base template was deleted."""
    rig, observed = deployed()
    gone = replace(observed, templates=tuple(document for document in observed.templates if document["name"] != SEED))
    name = observed.template["name"]
    assert drift(rig.config, edited(gone, "mkdir", "rm")) == (
        f"template '{name}' was not created by a deploy, and other templates were",
    )


def test_script_without_a_reference_is_drift() -> None:
    """A startup script without a reference of the repository is drift."""
    rig, observed = deployed()
    assert f"metadata: no reference of '{REPOSITORY}' in 'enable-oslogin', 'startup-script'" in drift(
        rig.config, edited(observed, f"{REPOSITORY}@{digest('a')}", "busybox:1")
    )


@pytest.mark.parametrize(
    ("created", "script", "is_newer"),
    [
        ("2030-01-01T00:00:00.000-08:00", f"run {REPOSITORY}:latest\n", True),
        ("2020-01-01T00:00:00.000-08:00", f"run {REPOSITORY}:latest\n", False),
        ("2030-01-01T00:00:00.000-08:00", "run other/image:latest\n", False),
        ("2030-01-01T00:00:00.000-08:00", f"run {REPOSITORY}:a\nrun {REPOSITORY}:b\n", False),
    ],
)
def test_newer_unmanaged_template_is_reported(created: str, script: str, is_newer: bool) -> None:
    """An unmanaged template that is newer than the origin is reported if its script has one reference."""
    rig, observed = deployed()
    line = newer_template(rig.config, with_template(observed, terraformed(observed, created, script)))
    assert line == (
        f"template 'tf-2' of 2030-01-01 00:00 is newer than '{SEED}', which the releases of this group descend from:"
        " its changes are not deployed"
        if is_newer
        else ""
    )


def test_newer_template_is_reported_after_all_older_templates_are_deleted() -> None:
    """The origin in the release record suffices, because Terraform deletes the template that it replaces."""
    rig = new_rig()
    for letter in "ab":
        rig.deploy(letter)
    observed = rig.observed()
    entry = template.release_record(observed.template)
    assert entry is not None
    assert name_of(entry.origin) == SEED != name_of(entry.base)
    alone = replace(observed, templates=(observed.template,))
    line = newer_template(rig.config, with_template(alone, terraformed(alone, "2030-01-01T00:00:00.000-08:00")))
    assert f"is newer than '{SEED}'" in line


def test_deploy_warns_of_a_newer_unmanaged_template() -> None:
    """A deploy warns of an unmanaged template that is newer than the origin of the releases."""
    rig = new_rig()
    newer = copy.deepcopy(rig.observed().template)
    rig.emulator.environment.clock.move(3600)
    made = {"name": "tf-2", "properties": newer["properties"]}
    rig.control("POST", "projects/dojangkok-dev/global/instanceTemplates", made)
    assert [text for text in rig.deploy("a").warnings if text.startswith("template 'tf-2' of ")]


def test_newer_template_is_not_reported_without_an_origin() -> None:
    """No newer template is reported if the release record of the group's template has no origin."""
    rig, observed = deployed()
    document = copy.deepcopy(observed.template)
    entry = template.release_record(document)
    assert entry is not None
    for item in document["properties"]["metadata"]["items"]:
        if item["key"] == RECORD_KEY:
            item["value"] = replace(entry, origin="", origin_made_at=None).dump()
    unknown = with_template(replace(observed, template=document), terraformed(observed, "2030-01-01T00:00:00+00:00"))
    assert newer_template(rig.config, unknown) == ""


def test_changed_update_policy_is_named_by_field() -> None:
    """A changed update policy is drift, with the current and the expected value of each changed field."""
    rig, observed = deployed()
    policy = {**observed.group.raw["updatePolicy"], "maxSurge": {"fixed": 3}, "maxUnavailable": {"percent": 20}}
    policy["minimalAction"] = "RESTART"
    changed = replace(observed, group=replace(observed.group, raw={**observed.group.raw, "updatePolicy": policy}))
    assert drift(rig.config, changed) == (
        (
            "the update policy is not the environment's: minimalAction RESTART, not REPLACE, maxSurge 3, not 1,"
            " maxUnavailable 20%, not 0"
        ),
    )


def test_instances_on_other_versions_are_counted() -> None:
    """Drift counts the instances that are on another version than the target version."""
    rig, observed = deployed()
    first, *rest = observed.group.instances
    instances = (replace(first, version=Version("old")), replace(rest[0], version=None), *rest[1:])
    other = replace(observed, group=replace(parse_group(dict(observed.group.raw), []), instances=instances))
    assert drift(rig.config, other) == ("1 of the instances are still on 'old'",)


def on_a_copy(change: dict[str, Any]) -> Rig:
    """A group that an operator moved from release A to a copy of its template with other properties."""
    rig = new_rig()
    rig.deploy("a")
    properties = {**rig.observed().template["properties"], **change}
    collection = "projects/dojangkok-dev/global/instanceTemplates"
    rig.control("POST", collection, {"name": "by-hand", "properties": properties})
    rig.control("PATCH", GROUP, {"versions": [{"instanceTemplate": f"{collection}/by-hand"}]})
    rig.emulator.environment.clock.move(600)
    return rig


def test_deploy_of_the_serving_release_reports_manual_changes() -> None:
    """A deploy of the serving digest reports another machine type, and rolls nothing out."""
    rig = on_a_copy({"machineType": "e2-micro"})
    expected = [
        "drift: template 'by-hand' was not created by a deploy, and other templates were",
        f"drift: template 'by-hand' differs from '{SEED}' in properties.machineType",
    ]
    planned = rig.plan("a")
    assert isinstance(planned, NothingToDo)
    assert [text for text in planned.warnings if text.startswith("drift")] == expected
    text = unwrapped(preview_report(preview(rig.config, rig.observed(), planned), "text"))
    assert all(f"  warning: {line}" in text for line in expected)
    result = rig.deploy("a")
    assert not result.changed
    assert [line for line in result.warnings if line.startswith("drift")] == expected


def test_deploy_of_the_serving_release_reports_another_update_policy() -> None:
    """A deploy of the serving release warns of an update policy that differs from the environment file."""
    rig = new_rig()
    rig.deploy("a")
    rig.control("PATCH", GROUP, {"updatePolicy": {"maxSurge": {"fixed": 3}}})
    assert "drift: the update policy is not the environment's: maxSurge 3, not 1" in rig.deploy("a").warnings


def test_deploy_of_the_serving_release_has_no_drift_to_report() -> None:
    """A deploy of the serving release to an unchanged group has no warning of drift."""
    rig = new_rig()
    rig.deploy("a")
    assert not [text for text in rig.deploy("a").warnings if text.startswith("drift")]


@pytest.mark.parametrize("key", ["startup-script", "startup-script-url"])
def test_script_that_the_group_masks_is_drift(key: str) -> None:
    """`status` reports that every instance runs another script than the template's."""
    rig, observed = deployed()
    raw = {**observed.group.raw, "allInstancesConfig": {"properties": {"metadata": {key: "x"}}}}
    masked = replace(observed, group=replace(observed.group, raw=raw))
    line = f"allInstancesConfig has a '{key}', which hides the template's"
    assert drift(rig.config, masked) == (line,)
    assert line in status(rig.config, masked, rig.now()).drift
