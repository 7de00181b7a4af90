"""Values that are written in several places are equal."""

import json
import re
from pathlib import Path

import pytest
import tomllib

from ci.application_file import parse
from ci.checked_programs import programs
from ci.steps import base
from ci.steps.image import _EPOCH

DOCKERFILE = Path("Dockerfile").read_text()
APPLICATION = programs(Path())[0]
STAND_INS = {entry["reference"] for entry in tomllib.loads(Path("engine/images.toml").read_text())["image"]}


def test_dockerfile_uses_the_same_images() -> None:
    """The Dockerfile cannot read ci/steps/base.py."""
    assert set(re.findall(r"FROM (\S+)", DOCKERFILE)) == {base.python_image(APPLICATION.python).reference}
    assert set(re.findall(r"--from=(\S+:\S+)", DOCKERFILE)) == {base.UV.reference}


def test_dockerfile_uses_the_same_epoch() -> None:
    """An image that is built without the module has the same dates."""
    assert set(re.findall(r"SOURCE_DATE_EPOCH=(\d+)", DOCKERFILE)) == {_EPOCH}


def test_module_runs_in_the_same_python_and_is_installed_by_the_same_uv() -> None:
    """The official runtime reads both from ci/pyproject.toml."""
    config = tomllib.loads(Path("ci/pyproject.toml").read_text())["tool"]["dagger"]
    assert config["base-image"] == base.PYTHON.reference
    assert f"ghcr.io/astral-sh/uv:{config['uv-version']}" == base.UV.reference


def test_every_image_has_a_stand_in() -> None:
    """The local engine pulls no image."""
    library = {
        f"docker.io/library/{image.tag}" for image in (base.python_image(APPLICATION.python), base.PYTHON, base.GO)
    }
    assert library | {base.UV.tag, f"docker.io/{base.TERRAFORM.tag}"} == STAND_INS


def test_nightly_container_has_the_same_tools() -> None:
    """The workflow installs what `.ci/run` needs."""
    workflow = Path(".github/workflows/nightly.yml").read_text()
    uv = base.UV.tag.rpartition(":")[2]
    # Images of uv itself on Debian 12 ended with 0.9.
    assert f"image: {base.PYTHON.tag.replace('-slim-', '-')} " in workflow
    assert f"pip install uv=={uv}\n" in workflow
    assert f"uv python install {APPLICATION.python}\n" in workflow
    assert f'go-version: "{base.GO.tag.removeprefix("golang:").partition("-")[0]}"' in workflow
    assert f"terraform_version: {base.TERRAFORM.tag.rpartition(':')[2]}," in workflow
    assert f"version: {base.GCLOUD.tag.rpartition(':')[2].partition('-')[0]}}}" in workflow


def test_local_runtime_uses_the_same_uv() -> None:
    """The runtime of the local engine is Go code."""
    runtime = Path("engine/runtime/main.go").read_text()
    image, version = (re.findall(rf'{name} += "(.+?)"', runtime)[0] for name in ("uvImage", "uvVersion"))
    assert f"{image}:{version}" == base.UV.tag


def test_one_version_of_dagger() -> None:
    """CLI, engine, SDK and module fit together in one version."""
    version = json.loads(Path("dagger.json").read_text())["engineVersion"]
    config = tomllib.loads(Path("ci/pyproject.toml").read_text())
    assert f"dagger-io=={version.removeprefix('v')}" in config["project"]["dependencies"]
    required = re.findall(r"\tgithub.com/dagger/dagger (v\S+)", Path("engine/go.mod").read_text())
    assert required == [version]
    assert json.loads(Path("engine/runtime/dagger.json").read_text())["engineVersion"] == version


@pytest.mark.parametrize("folder", ["examples/flask"])
def test_example_uses_images_that_have_a_stand_in(folder: str) -> None:
    """An example goes the whole way also where no container registry is reached."""
    example = Path(folder)
    used = set(re.findall(r"FROM (\S+)", (example / "Dockerfile").read_text()))
    used |= {gate.image for gate in parse((example / "delivery.yaml").read_text()).gates if gate.image}
    assert {f"docker.io/library/{image}" for image in used} <= STAND_INS
