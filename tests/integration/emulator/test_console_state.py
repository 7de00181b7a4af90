"""What the console reads of the emulator: releases of templates, and instance rules."""

import json
from typing import Any

import pytest

from emulator.emulator import Emulator
from tests.integration.emulator.seeded import TEMPLATES, opened, succeed

REPOSITORY = "registry.test/shop/web"
DIGEST = f"sha256:{'4' * 64}"
RECORD = {
    "repository": REPOSITORY, "digest": DIGEST, "commit": "4f0c2e6" + "0" * 33, "by": "a@b", "run": "r1",
    "base": "projects/p/global/instanceTemplates/seed", "base_id": "1", "group": "z/web",
    "steps": [{"size": "34%", "bake_s": 8.0, "pauses": True}, {"size": 2, "bake_s": 4.5}],
}  # fmt: skip


def insert(
    emulator: Emulator, record: object, image: str = f"{REPOSITORY}@{DIGEST}", templates: str = TEMPLATES
) -> None:
    """Create the template `web-1` with a metadata entry `release`, as JSON unless it is a text."""
    text = record if isinstance(record, str) else json.dumps(record)
    items = [{"key": "startup-script", "value": f"docker run {image}"}, {"key": "release", "value": text}]
    body = {"name": "web-1", "properties": {"machineType": "e2-small", "metadata": {"items": items}}}
    succeed(emulator, "POST", f"/{templates}", body)


def releases(emulator: Emulator) -> dict[str, Any]:
    """Return the releases that the console reads of the seed's project."""
    found: dict[str, Any] = succeed(emulator, "GET", "/emulator/state")["releases"]
    assert set(found) <= {"projects/dojangkok-dev"}
    own: dict[str, Any] = found.get("projects/dojangkok-dev", {})
    return own


def test_release_of_a_template_is_its_record() -> None:
    """The console gets image, commit, digest, author and steps; other members of the record are left out."""
    emulator = opened()
    insert(emulator, RECORD)
    steps = [{"size": "34%", "bake_s": 8.0, "pauses": True}, {"size": 2, "bake_s": 4.5, "pauses": False}]
    kept = {key: RECORD[key] for key in ("repository", "digest", "commit", "by", "run")}
    assert releases(emulator) == {"web-1": kept | {"steps": steps}}


@pytest.mark.parametrize(
    "record",
    [
        "", "v1.2", "null", "[" * 5000, '{"digest": 1}', RECORD | {"digest": "sha256:4"}, RECORD | {"repository": ""},
        RECORD | {"commit": 7}, RECORD | {"steps": [{"size": "<b>", "bake_s": 1}]},
        RECORD | {"steps": [{"size": 1, "bake_s": -1}]}, RECORD | {"digest": f"sha256:{'5' * 64}"},
    ],
)  # fmt: skip
def test_template_without_a_true_record_has_no_release(record: object) -> None:
    """A malformed entry, or one whose digest no other metadata of the template have, is no release record."""
    emulator = opened()
    insert(emulator, record)
    assert releases(emulator) == {}


def test_two_templates_of_one_name_have_no_release() -> None:
    """A global and a regional template of the same name cannot be told apart by the name of an instance's template."""
    emulator = opened()
    insert(emulator, RECORD)
    insert(emulator, RECORD, templates="projects/dojangkok-dev/regions/asia-northeast3/instanceTemplates")
    assert releases(emulator) == {}


def test_instance_rules_are_read_as_the_control_route_lists_them() -> None:
    """Each rule has only what was set, oldest first."""
    emulator = opened()
    for rule in ({"answer_s": [1, 2]}, {"template": "web-1", "never_healthy": True, "serial": ["<b>"]}):
        succeed(emulator, "POST", "/emulator/instance-rules", rule)
    rules = succeed(emulator, "GET", "/emulator/state")["instance_rules"]
    assert rules == succeed(emulator, "GET", "/emulator/instance-rules")
    assert rules[1] == {"template": "web-1", "never_healthy": True, "serial": ["<b>"]}
