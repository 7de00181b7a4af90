"""Copies of instance templates: their fields, names and limits."""

import copy
from dataclasses import replace

import pytest

from deploy.errors import RefusedError
from deploy.release import template
from deploy.release.record import Fallback, ReleaseRecord
from tests.unit.deploy.values import REPOSITORY, digest

BASE = {
    "id": "7", "kind": "compute#instanceTemplate", "name": "seed", "creationTimestamp": "2026-11-23T04:00:00.000-08:00",
    "selfLink": "https://www.googleapis.com/compute/v1/projects/p/global/instanceTemplates/seed",
    "unknown": {"deep": [1]},
    "properties": {
        "machineType": "e2-small", "newField": {"a": [None, {"b": 1}]}, "tags": {"items": ["x"], "fingerprint": "f"},
        "disks": [{"boot": True, "kind": "k", "index": 0, "licenses": ["l"], "initializeParams": {"labels": {}}}],
        "networkInterfaces": [
            {"network": "n", "name": "nic0", "kind": "k", "accessConfigs": [{"kind": "k", "name": "e"}]},
        ],
        "metadata": {
            "kind": "k", "fingerprint": "f",
            "items": [{"key": "startup-script", "value": f"run {REPOSITORY}:latest\n"}],
        },
    },
}  # fmt: skip
SCRIPT = {"startup-script": "script"}
USE_KMS = "Fix: use a key of Cloud KMS, or deploy by hand."
SEED = "projects/p/global/instanceTemplates/seed"
RECORD = ReleaseRecord(REPOSITORY, digest("a"), SEED, "7", "zone/group", fallback=Fallback(SEED, "7", "v"))


def test_copy_keeps_everything_but_what_only_the_server_sets() -> None:
    """A copy has every field of its base but those that only the server sets."""
    body = template.new_template(BASE, RECORD)
    assert body["unknown"] == {"deep": [1]}
    assert body["properties"]["newField"] == {"a": [None, {"b": 1}]}
    assert body["properties"]["networkInterfaces"] == [{"network": "n", "accessConfigs": [{"name": "e"}]}]
    assert body["properties"]["disks"] == [{"boot": True, "initializeParams": {"labels": {}}}]
    assert template.metadata(body)["startup-script"] == f"run {REPOSITORY}@{digest('a')}\n"
    assert (
        template.release_record({**body, "selfLink": f"projects/p/global/instanceTemplates/{body['name']}"}) == RECORD
    )
    assert not {"id", "kind", "selfLink", "creationTimestamp"} & body.keys()
    assert template.differences(BASE, body, ["startup-script"]) == []
    assert template.differences(BASE, body) == ["properties.metadata.items.startup-script"]
    assert BASE["name"] == "seed"


def test_difference_is_named_by_its_path() -> None:
    """A difference between two templates is a path, down to the element of a list."""
    other = copy.deepcopy(BASE)
    other["properties"]["newField"]["a"][1]["b"] = 2  # type: ignore[index]
    other["properties"]["metadata"]["items"].append({"key": "more", "value": "x"})  # type: ignore[index]
    assert template.differences(BASE, other) == ["properties.metadata.items.more", "properties.newField.a[1].b"]


def test_name_follows_the_content_and_never_grows() -> None:
    """The name depends on project, group, base, digest and script alone, and a copy of a copy has no longer name."""
    first = template.new_template(BASE, RECORD)["name"]
    again = template.new_template(BASE, replace(RECORD, run="other", fallback=None))["name"]
    others = [
        template.new_template(BASE, replace(RECORD, digest=digest("b")))["name"],
        *(
            template.content_name("p", record, SCRIPT)
            for record in (replace(RECORD, base_id="8"), replace(RECORD, group="zone/2"))
        ),
        template.content_name("other", RECORD, SCRIPT),
        template.content_name("p", RECORD, SCRIPT),
    ]
    assert first == again
    assert len({first, *others}) == 1 + len(others)
    long = template.content_name("p", replace(RECORD, base=SEED + "x" * 59), SCRIPT)
    assert len(long) <= 63
    assert len(
        template.content_name("p", replace(RECORD, base=f"projects/p/global/instanceTemplates/{long}"), SCRIPT)
    ) == len(long)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            {"disks": [{"diskEncryptionKey": {"rawKey": "k"}}]},
            f"properties.disks[0].diskEncryptionKey.rawKey: a customer-supplied key is never read back. {USE_KMS}",
        ),
        (
            {"resourceManagerTags": {"a": "b"}},
            "properties.resourceManagerTags.a: tags of Resource Manager are input-only. Fix: bind them to the project.",
        ),
    ],
)
def test_template_that_cannot_be_copied_is_refused(change: dict[str, object], text: str) -> None:
    """A template that can't be copied without loss is refused with the path of its field."""
    base = {**BASE, "properties": {**BASE["properties"], **change}}  # type: ignore[dict-item]
    with pytest.raises(RefusedError) as error:
        template.new_template(base, RECORD)
    assert str(error.value) == f"template 'seed': {text}"


@pytest.mark.parametrize(("size", "fits"), [(262_144, True), (262_145, False)])
def test_metadata_is_refused_from_the_first_byte_too_many(size: int, fits: bool) -> None:
    """A metadata value of exactly 262,144 bytes is copied, and a longer one is refused."""
    script = f"run {REPOSITORY}@{digest('0')}\n"
    script += "#" * (size - len(script))
    base = copy.deepcopy(BASE)
    base["properties"]["metadata"]["items"][0]["value"] = script  # type: ignore[index]
    if fits:
        assert template.new_template(base, RECORD)
    else:
        with pytest.raises(
            RefusedError, match=r"has 262145 bytes, at most 262144 are allowed\. Fix: make it shorter\."
        ):
            template.new_template(base, RECORD)
