"""The group that the local environment of an application without a seed file begins with."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from ci import deploy_runner, local_seed
from ci.application import Application
from ci.environments import Environment
from ci.errors import RefusedError
from ci.scripts.oci_layout import FIRST
from tests.unit.ci.doubles import REPOSITORY, Folder

LOCAL = Environment("registry:5000/team/web", "p", "europe-west1-b", "web-group")


def test_group_serves_the_first_image_and_checks_its_health() -> None:
    """Names come from the environment, port and path from delivery.yaml."""
    seed = yaml.safe_load(local_seed.text(LOCAL, Application(image="web", port=8080, health="/up")))
    assert (seed["project"], seed["region"], seed["zones"]) == ("p", "europe-west1", ["europe-west1-b"])
    [group], [template] = (seed["resources"][kind] for kind in ("instanceGroupManagers", "instanceTemplates"))
    [check] = seed["resources"]["healthChecks"]
    assert group["name"] == "web-group"
    assert group["instanceTemplate"].endswith(f"/{template['name']}")
    assert group["autoHealingPolicies"][0]["healthCheck"].endswith(f"/{check['name']}")
    assert check["httpHealthCheck"] == {"port": 8080, "requestPath": "/up"}
    attributes, script = template["properties"]["metadata"]["items"]
    assert attributes == {"key": "enable-guest-attributes", "value": "TRUE"}
    assert f"registry:5000/team/web:{FIRST}\n" in script["value"]


def test_region_has_a_regional_group() -> None:
    """Its surge is the number of its zones: Compute Engine refuses less."""
    environment = Environment("registry:5000/team/web", "p", "europe-west1", "web-group")
    seed = yaml.safe_load(local_seed.text(environment, Application(image="web", port=8080)))
    assert (seed["region"], seed["zones"]) == ("europe-west1", ["europe-west1-a", "europe-west1-b", "europe-west1-c"])
    [group] = seed["resources"]["instanceGroupManagers"]
    assert (group["region"], group["updatePolicy"]["maxSurge"]) == ("europe-west1", {"fixed": 3})


def read(seed: str, source: Path) -> str:
    """Return the text of a seed of delivery.yaml; the programs of the module are those of this repository."""
    folder: Any = Folder(source)
    application = Application(image="web", port=8080, seed=seed)
    return asyncio.run(deploy_runner.seed_text(folder, REPOSITORY, application, LOCAL))


def test_seed_is_a_file_of_the_source_or_one_of_the_emulator(tmp_path: Path) -> None:
    """A name without a folder and an ending is that of a seed which the emulator ships."""
    (tmp_path / "seed.yaml").write_text("project: p")
    assert read("seed.yaml", tmp_path) == "project: p"
    assert read("rehearsal", tmp_path) == Path("emulator/seeds/rehearsal.yaml").read_text()
    assert yaml.safe_load(read("", tmp_path))["project"] == "p"


@pytest.mark.parametrize(("seed", "path"), [("absent.yaml", "absent.yaml"), ("absent", "emulator/seeds/absent.yaml")])
def test_seed_that_does_not_exist_is_refused(seed: str, path: str, tmp_path: Path) -> None:
    """The error names the file that was read."""
    with pytest.raises(RefusedError) as refused:
        read(seed, tmp_path)
    assert str(refused.value).startswith(f"{path}: cannot be read: ")
    assert "Fix: correct 'seed' of delivery.yaml: a path in the source, or the name of a file in" in str(refused.value)
