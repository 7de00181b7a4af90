"""Seeds: YAML files with the resources of a new environment, created by the requests that a client would send."""

import json
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

from emulator.api.google_services import plant_services
from emulator.api.messages import Request
from emulator.emulator import Emulator
from emulator.environment.clock import timestamp
from emulator.environment.instance_rules import InstanceRule
from emulator.environment.links import self_link
from emulator.seed_check import model_problem, resource_problem

ORDER: Final = (
    "networks", "subnetworks", "firewalls", "healthChecks", "instanceTemplates", "instanceGroupManagers",
    "backendServices", "autoscalers",
)  # fmt: skip
REGIONAL: Final = ("healthChecks", "instanceTemplates", "instanceGroupManagers", "backendServices", "autoscalers")
_SHIPPED: Final = Path(__file__).with_name("seeds")
_MAX_AGE_S: Final = 30 * 86_400.0
# What PyYAML raises, beside YAMLError, for values that it cannot read; a file that is not UTF-8 is a ValueError.
_CONSTRUCTOR_ERRORS: Final = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)


class SeedError(Exception):
    """A seed that cannot be used; the text has the place, the reason and the fix."""


class Seed(BaseModel):
    """
    A seed file.

    The text below a key is its meaning in seed.schema.json and in docs/reference.md.
    """

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    project: str
    """project of all resources"""
    region: str
    """region of the project"""
    zones: Annotated[list[str], Field(min_length=1)]
    """zones of the region; a zonal group is created in the first zone"""
    quotas: dict[str, Annotated[float, Field(ge=0, allow_inf_nan=False)]] = {}
    """limits of the region's quotas by metric; a metric that is absent is not limited"""
    images: dict[str, str] = {}
    """images of the project: the family of each name"""
    resources: dict[str, list[dict[str, Any]]] = {}
    """bodies of inserts by collection; a resource with `region` is created in the region"""
    service_accounts: list[str] = []
    """service accounts that `doctor` finds"""
    secrets: dict[str, list[Literal["ENABLED", "DISABLED", "DESTROYED"]]] = {}
    """states of the versions of each secret, oldest first"""
    repositories: dict[Annotated[str, Field(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")], str] = {}
    """format of each image repository, LOCATION/NAME"""
    age_s: Annotated[float, Field(ge=0, le=_MAX_AGE_S, allow_inf_nan=False)] = 0.0
    """age of the environment in virtual seconds when the first client comes"""
    instance_rules: list[InstanceRule] = []
    """how instances behave, in virtual seconds; a rule by instance precedes one by template, and that one by image"""


def locate_seed(name: str) -> Path:
    """
    Return the path of a seed file.

    Args:
        name: path of a file, or the name of a seed that the program ships

    Raises:
        SeedError: there is neither
    """
    shipped = {file.stem: file for file in sorted(_SHIPPED.glob("*.yaml"))}
    path = Path(name) if Path(name).exists() else shipped.get(name)
    if path is None:
        raise SeedError(
            f"--seed: '{name}' is no file. Fix: a path, or the name of a shipped seed: {', '.join(shipped)}."
        )
    return path


def read_seed(path: Path) -> Seed:
    """
    Read a seed file.

    Raises:
        SeedError: the file is no YAML, or has a value that the schema refuses; the error has its path
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise SeedError(f"{path}: {error}") from error
    except _CONSTRUCTOR_ERRORS as error:
        raise SeedError(f"{path}: a value cannot be read: {str(error)[:200]}. Fix: correct the YAML.") from error
    problem = model_problem(Seed, data) or resource_problem(data.get("resources", {}), ORDER)
    if problem:
        where = f"{path}: {problem.path}: " if problem.path else f"{path}: "
        raise SeedError(f"{where}{problem.text}. Fix: {problem.fix}.")
    return Seed.model_validate(data)


def plant(emulator: Emulator, seed: Seed) -> None:
    """
    Create the resources of a seed, unless the environment has its region already.

    What only `doctor` reads is added in every case, because a state file of an older seed lacks it.

    Raises:
        SeedError: a resource is refused
    """
    environment = emulator.environment
    project = f"projects/{seed.project}"
    plant_services(
        environment,
        seed.project,
        accounts=seed.service_accounts,
        secrets=seed.secrets,
        repositories=seed.repositories,
    )
    if environment.view.get(f"{project}/regions/{seed.region}") is not None:
        return
    _make_places(emulator, seed)
    for image, family in seed.images.items():
        path = f"{project}/global/images/{image}"
        environment.put(path, {
            "kind": "compute#image", "id": environment.new_id(), "name": image, "family": family, "status": "READY",
            "diskSizeGb": "10", "creationTimestamp": timestamp(environment.now_s), "selfLink": self_link(path),
            "_created": environment.now_s,
        })  # fmt: skip
    environment.instance_controls.set_rules(seed.instance_rules)
    unknown = set(seed.resources) - set(ORDER)
    if unknown:
        raise SeedError(f"resources.{min(unknown)}: unknown. Fix: one of {', '.join(ORDER)}.")
    for collection in ORDER:
        for resource in seed.resources.get(collection, []):
            _insert(emulator, seed, collection, resource)
    environment.clock.move(seed.age_s)
    environment.advance()
    environment.store.commit()


def _make_places(emulator: Emulator, seed: Seed) -> None:
    environment, project = emulator.environment, f"projects/{seed.project}"
    region = f"{project}/regions/{seed.region}"
    quotas = [{"metric": metric, "limit": limit, "usage": 0.0} for metric, limit in seed.quotas.items()]
    environment.put(region, {
        "kind": "compute#region", "id": "1000", "name": seed.region, "description": seed.region, "status": "UP",
        "creationTimestamp": timestamp(0.0), "selfLink": self_link(region),
        "zones": [self_link(f"{project}/zones/{zone}") for zone in seed.zones], "quotas": quotas, "_created": 0.0,
    })  # fmt: skip
    for number, zone in enumerate(seed.zones):
        path = f"{project}/zones/{zone}"
        environment.put(path, {
            "kind": "compute#zone", "id": str(2000 + number), "name": zone, "status": "UP",
            "region": self_link(region), "selfLink": self_link(path), "_created": 0.0,
        })  # fmt: skip


def _insert(emulator: Emulator, seed: Seed, collection: str, resource: dict[str, Any]) -> None:
    scope = {
        "subnetworks": f"regions/{seed.region}",
        "instanceGroupManagers": f"zones/{seed.zones[0]}",
        "autoscalers": f"zones/{seed.zones[0]}",
    }.get(collection, "global")
    if collection in REGIONAL and "region" in resource:
        scope = f"regions/{resource['region']}"
        if resource["region"] != seed.region:
            where = f"resources.{collection}: '{resource.get('name')}': region '{resource['region']}'"
            raise SeedError(f"{where} is not the region of the seed. Fix: write '{seed.region}'.")
    target = f"/projects/{seed.project}/{scope}/{collection}"
    answer = emulator.handle(
        Request("POST", target, {"user-agent": "seed"}, json.dumps(resource).encode()), is_trusted=True
    )
    if answer.status != 200:
        message = json.loads(answer.body)["error"]["message"]
        raise SeedError(f"resources.{collection}: '{resource.get('name')}': {message}")
