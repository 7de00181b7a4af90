"""The format of seeds: the JSON schema, the commented example, and a loader that refuses what the schema refuses."""

import copy
import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from emulator.emulator import Emulator
from emulator.environment.clock import Clock
from emulator.environment.environment import Environment
from emulator.environment.store import Store
from emulator.seed import ORDER, Seed, SeedError, plant, read_seed
from emulator.seed_schema import TARGET, generate

SEEDS = sorted(Path("emulator/seeds").glob("*.yaml"))
EXAMPLE = Path("emulator/seeds/example.yaml")
# A change of the example, and the error of the loader.
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"projct": "x"}, "projct: unknown key. Fix: did you mean 'project'."),
    ({"zones": []}, "zones: List should have at least 1 item"),
    ({"zones": "europe-west1-b"}, "zones: Input should be a valid array"),
    ({"project": 5}, "project: Input should be a valid string"),
    ({"age_s": "600"}, "age_s: Input should be a valid number"),
    ({"age_s": 2_592_001}, "age_s: Input should be less than or equal to 2592000"),
    ({"quotas": {"CPUS": -1}}, "quotas.CPUS: Input should be greater than or equal to 0"),
    ({"secrets": {"key": ["ON"]}}, "secrets.key[0]: Input should be 'ENABLED', 'DISABLED' or 'DESTROYED'"),
    ({"repositories": {"images": "DOCKER"}}, "repositories.images: String should match pattern"),
    ({"instance_rules": [{"boot": 3}]}, "instance_rules[0].boot: unknown key. Fix: did you mean 'boot_s'."),
    ({"instance_rules": [{"boot_s": -1}]}, "instance_rules[0].boot_s: Input should be greater than or equal to 0"),
    ({"resources": {"healthcheck": []}}, "resources.healthcheck: unknown key. Fix: did you mean 'healthChecks'."),
    ({"resources": {"images": []}}, "resources.images: unknown key. Fix: one of: autoscalers, backendServices,"),
    ({"resources": {"networks": [{}]}}, "resources.networks[0].name: missing. Fix: name the resource."),
    (
        {"resources": {"instanceTemplates": [{"name": "a", "properties": {"machineTyp": "e2-small"}}]}},
        "resources.instanceTemplates[0].properties.machineTyp: unknown key. Fix: did you mean 'machineType'.",
    ),
    (
        {"resources": {"instanceTemplates": [{"name": "a", "properties": {"disks": [{"boot": "yes"}]}}]}},
        "Invalid value for field 'resources.instanceTemplates[0].properties.disks[0].boot': '\"yes\"'. Must be a bool",
    ),
    (
        {"resources": {"instanceGroupManagers": [{"name": "a", "updatePolicy": {"type": "proactive"}}]}},
        "'resources.instanceGroupManagers[0].updatePolicy.type': 'proactive'. Must be one of [OPPORT",
    ),
    (
        {"resources": {"instanceGroupManagers": [{"name": "a", "status": {"isStable": True}}]}},
        "resources.instanceGroupManagers[0].status: only the server sets it. Fix: remove the key.",
    ),
    (
        {"resources": {"healthChecks": [{"name": "a", "type": None}]}},
        "resources.healthChecks[0].type: has no value. Fix: remove the key.",
    ),
]


@cache
def validator() -> jsonschema.Draft202012Validator:
    """Return the validator of the committed schema."""
    return jsonschema.Draft202012Validator(json.loads(TARGET.read_text()))


def test_schema_is_current() -> None:
    """The committed schema is the one that the model and the messages of Compute v1 give."""
    assert TARGET.read_text() == generate(), "Fix: uv run --project emulator python -m emulator.seed_schema"
    validator().check_schema(validator().schema)


@pytest.mark.parametrize("path", SEEDS, ids=lambda path: path.name)
def test_every_seed_is_valid(path: Path) -> None:
    """Loader and schema accept each committed seed, and the emulator creates its resources."""
    validator().validate(yaml.safe_load(path.read_text()))
    plant(Emulator(Environment(Store(), Clock(1.79e9, None))), read_seed(path))


def test_example_has_every_key() -> None:
    """The example shows each key of a seed and each collection, so that it documents the format."""
    example = yaml.safe_load(EXAMPLE.read_text())
    assert example.keys() == Seed.model_fields.keys()
    assert list(example["resources"]) == list(ORDER)


@pytest.mark.parametrize(("change", "text"), WRONG, ids=lambda value: str(value)[:60])
def test_loader_refuses_what_the_schema_refuses(tmp_path: Path, change: dict[str, Any], text: str) -> None:
    """Each planted error fails both checks; the loader's error has the path, and the nearest key of an unknown one."""
    seed = copy.deepcopy(yaml.safe_load(EXAMPLE.read_text())) | change
    assert list(validator().iter_errors(seed))
    path = tmp_path / "seed.yaml"
    path.write_text(yaml.safe_dump(seed))
    with pytest.raises(SeedError) as error:
        read_seed(path)
    assert str(error.value).startswith(f"{path}: ")
    assert text in str(error.value)
