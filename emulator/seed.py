"""A world to begin with: a YAML file of resources, made by the same requests that a client would send."""

import json
from pathlib import Path
from typing import Annotated, Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from emulator.api.messages import Request
from emulator.emulator import Api
from emulator.environment.clock import timestamp
from emulator.environment.instance_rules import Rule
from emulator.environment.links import self_link

_ORDER: Final = (
    "networks", "subnetworks", "firewalls", "healthChecks", "images", "instanceTemplates", "instanceGroupManagers",
    "autoscalers",
)  # fmt: skip
_MAX_AGE_S: Final = 30 * 86_400.0
# What PyYAML raises, beside YAMLError, for values that it cannot read; a file that is not UTF-8 is a ValueError.
_CONSTRUCTOR_ERRORS: Final = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)


class SeedError(Exception):
    """A seed that can't be: where, what, and how to mend it."""


class Seed(BaseModel):
    """
    A seed file.

    `resources` holds them by collection, as a client would insert them; a group that names a `region` goes there, all
    other groups into the first zone. All that has happened for `age_s` virtual seconds when the first client comes.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    project: str
    region: str
    zones: Annotated[list[str], Field(min_length=1)]
    quotas: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = {}
    images: dict[str, str] = {}
    resources: dict[str, list[dict[str, Any]]] = {}
    age_s: Annotated[float, Field(ge=0, le=_MAX_AGE_S, allow_inf_nan=False)] = 0.0
    machines: list[Rule] = []


def read_seed(path: Path) -> Seed:
    """
    Read a seed file.

    Raises:
        SeedError: It is no YAML, or not of this shape.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise SeedError(f"{path}: {error}") from error
    except _CONSTRUCTOR_ERRORS as error:
        raise SeedError(f"{path}: a value cannot be read: {str(error)[:200]}. Fix: correct the YAML.") from error
    try:
        return Seed.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SeedError(f"{path}: {where}: {first['msg']}. Fix: see emulator/seeds/dojangkok.yaml.") from error


def plant(api: Api, seed: Seed) -> None:
    """
    Make everything that a seed names; in a world that has its zones already, nothing.

    Raises:
        SeedError: A resource was refused.
    """
    world = api.world
    project = f"projects/{seed.project}"
    if world.view.get(f"{project}/regions/{seed.region}") is not None:
        return
    _make_places(api, seed)
    for image, family in seed.images.items():
        path = f"{project}/global/images/{image}"
        world.put(path, {
            "kind": "compute#image", "id": world.new_id(), "name": image, "family": family, "status": "READY",
            "diskSizeGb": "10", "creationTimestamp": timestamp(world.now_s), "selfLink": self_link(path),
            "_created": world.now_s,
        })  # fmt: skip
    world.circumstances.set_rules(seed.machines)
    unknown = set(seed.resources) - set(_ORDER)
    if unknown:
        raise SeedError(f"resources.{min(unknown)}: unknown. Fix: one of {', '.join(_ORDER)}.")
    was_open, api.is_open = api.is_open, True
    for collection in _ORDER:
        for resource in seed.resources.get(collection, []):
            _insert(api, seed, collection, resource)
    api.is_open = was_open
    world.clock.move(seed.age_s)
    world.advance()
    world.store.commit()


def _make_places(api: Api, seed: Seed) -> None:
    world, project = api.world, f"projects/{seed.project}"
    region = f"{project}/regions/{seed.region}"
    quotas = [{"metric": metric, "limit": limit, "usage": 0.0} for metric, limit in seed.quotas.items()]
    world.put(region, {
        "kind": "compute#region", "id": "1000", "name": seed.region, "status": "UP", "selfLink": self_link(region),
        "zones": [self_link(f"{project}/zones/{zone}") for zone in seed.zones], "quotas": quotas, "_created": 0.0,
    })  # fmt: skip
    for number, zone in enumerate(seed.zones):
        path = f"{project}/zones/{zone}"
        world.put(path, {
            "kind": "compute#zone", "id": str(2000 + number), "name": zone, "status": "UP",
            "region": self_link(region), "selfLink": self_link(path), "_created": 0.0,
        })  # fmt: skip


def _insert(api: Api, seed: Seed, collection: str, resource: dict[str, Any]) -> None:
    scope = {
        "subnetworks": f"regions/{seed.region}",
        "instanceGroupManagers": f"zones/{seed.zones[0]}",
        "autoscalers": f"zones/{seed.zones[0]}",
    }.get(collection, "global")
    if collection == "instanceGroupManagers" and "region" in resource:
        scope = f"regions/{seed.region}"
    target = f"/projects/{seed.project}/{scope}/{collection}"
    answer = api.handle(Request("POST", target, {"user-agent": "seed"}, json.dumps(resource).encode()))
    if answer.status != 200:
        message = json.loads(answer.body)["error"]["message"]
        raise SeedError(f"resources.{collection}: '{resource.get('name')}': {message}")
