"""Steps that delivery.yaml decides, as chains: build, smoke, gates with a command, the bill of materials."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from dagger import dag

from ci.application import Gate
from ci.errors import RefusedError
from ci.steps import command_gate, emulator, image, sbom
from tests.unit.ci.doubles import APPLICATION, PROJECT, SOURCE, Folder, calls, executed


def test_build_is_for_the_platform_of_the_instances() -> None:
    """The Dockerfile is that of delivery.yaml."""
    name, arguments = calls(image.build(SOURCE, replace(APPLICATION, dockerfile="web.Dockerfile")))[-1]
    assert name == "dockerBuild"
    assert (arguments["platform"], arguments["dockerfile"]) == ("linux/amd64", "web.Dockerfile")


def test_smoke_runs_its_own_python_and_the_command_of_the_image() -> None:
    """An image with a wrong command fails, and an image of another language needs no Python."""
    container = image.smoke_lifecycle(dag.container(), APPLICATION, ["serve", "--port", "8000"])
    [[loader, *arguments]] = executed(container)
    assert loader == "/opt/smoke-python/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
    url, expected, *command = arguments[arguments.index("lifecycle") + 1 :]
    assert (url, command) == ("http://127.0.0.1:8000", ["serve", "--port", "8000"])
    assert json.loads(expected)["readiness"] == "/healthz"
    assert ("withEnvVariable", "ai-server") in [(name, args.get("value")) for name, args in calls(container)]


def test_command_of_an_image_begins_with_its_entrypoint() -> None:
    """Docker starts both, one behind the other."""

    class Built:
        async def entrypoint(self) -> list[str] | None:
            return ["docker-entrypoint.sh"]

        async def default_args(self) -> list[str] | None:
            return ["node", "server.js"]

    built: Any = Built()
    assert asyncio.run(image.command(built)) == ["docker-entrypoint.sh", "node", "server.js"]


def test_gate_with_a_command_runs_it_in_its_image_over_what_it_reads() -> None:
    """The files are the key of the gate."""
    container = command_gate.run(Gate("unit", "node:22", "npm ci && npm test", ("src",)), SOURCE)
    assert ("from", {"address": "node:22"}) in calls(container)
    assert executed(container) == [["sh", "-ec", "npm ci && npm test"]]
    assert {args["path"]: args["source"] for name, args in calls(container) if name == "withMountedDirectory"} == {
        "/src": SOURCE
    }


def test_bill_lists_what_delivery_yaml_names(tmp_path: Path) -> None:
    """A lock file is exported by uv, requirements are read as they are, and neither gives an empty folder."""
    (tmp_path / "requirements.txt").write_text("flask==3.1.3")
    source: Any = Folder(tmp_path)
    assert asyncio.run(sbom.packages(source, APPLICATION)) == dag.directory()
    listed = asyncio.run(sbom.packages(source, replace(APPLICATION, bill_of_materials="requirements.txt")))
    assert listed == dag.directory().with_new_file("requirements.txt", "flask==3.1.3")
    (tmp_path / "api").mkdir()
    (tmp_path / "api/uv.lock").write_text(PROJECT.lock)
    (tmp_path / "api/pyproject.toml").write_text(PROJECT.pyproject)
    locked = asyncio.run(sbom.packages(source, replace(APPLICATION, bill_of_materials="api/uv.lock")))
    assert locked == sbom.locked_packages(PROJECT)
    with pytest.raises(RefusedError, match=r"absent\.txt: cannot be read: .* Fix: correct 'bill_of_materials'"):
        asyncio.run(sbom.packages(source, replace(APPLICATION, bill_of_materials="absent.txt")))


def test_steps_hide_no_folder_of_the_image() -> None:
    """What a step adds to the application's image lies in folders that only this module has, and never in /scripts."""
    containers = (image.smoke_lifecycle(dag.container(), APPLICATION, []), image.with_python(dag.container()))
    paths = {args["path"] for each in containers for name, args in calls(each) if name == "withMountedDirectory"}
    assert paths == {"/opt/smoke-python", "/opt/smoke-scripts"}
    assert str(image.installed(dag.container())._ctx.selections[-1].args["path"]) == "/opt/sbom-installed"


def test_the_engine_waits_for_no_port_of_a_smoke() -> None:
    """It would wait 15 minutes for an image that listens on another port."""
    [port] = [args for name, args in calls(image.started(dag.container(), APPLICATION)) if name == "withExposedPort"]
    assert port == {"port": 8000, "experimentalSkipHealthcheck": True}


def test_container_of_an_instance_differs_from_a_smoke() -> None:
    """The engine runs equal services once, so a container of instances must differ from one that a smoke stops."""
    built = dag.container()
    assert emulator.instance(built, APPLICATION, "host/app@sha256:1") != image.started(built, APPLICATION)
    assert "withExposedPort" not in dict(calls(emulator.instance(built, APPLICATION, "host/app@sha256:1")))


def test_container_of_an_instance_knows_its_reference() -> None:
    """${IMAGE} becomes the reference of the release, and the health is requested at the path of the group's check."""
    container = image.configured(dag.container(), APPLICATION, "host/app@sha256:1")
    assert calls(container)[-1] == ("withEnvVariable", {"name": "OWN_IMAGE", "value": "host/app@sha256:1"})
    assert emulator.health_url(APPLICATION) == "http://release:8000/health"
