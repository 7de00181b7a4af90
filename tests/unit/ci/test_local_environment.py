"""Local environments: each project and group has its own emulator, registry and reports."""

import asyncio
from pathlib import Path
from typing import Any

import dagger
import pytest
from dagger import dag

from ci import deploy_runner, environments, local_environment, publish
from ci.errors import RefusedError
from ci.main import Ci
from ci.steps import deployer, emulator, registry
from ci.steps.deployer import Rehearsal
from ci.steps.environment import Project
from ci.steps.local_volumes import LocalVolumes
from tests.unit.ci.doubles import PROJECT, REPOSITORY, SOURCE, TOOLS, Folder, calls, options

FIRST = LocalVolumes("dojangkok-dev", "dojangkok-dev-ai-server-mig")
OTHERS = (LocalVolumes("dojangkok-dev", "other"), LocalVolumes("other", "dojangkok-dev-ai-server-mig"))


def caches(chain: object) -> dict[object, object]:
    """Return the cache volumes of a container, by the paths of their mounts."""
    return {args["path"]: args["cache"] for name, args in calls(chain) if name == "withMountedCache"}


def deployed(volumes: LocalVolumes | None) -> dagger.Container:
    """Return the container of deploy, for a local environment or, without volumes, for a real one."""
    rehearsal = Rehearsal(dag.container().as_service(), volumes) if volumes else None
    return deployer.deploy(PROJECT, options("local" if volumes else "dev"), ["plan"], "a", rehearsal)


@pytest.mark.parametrize("volumes", OTHERS)
def test_every_project_and_group_has_its_own_volumes(volumes: LocalVolumes) -> None:
    """Of the emulator, the registry that serves, the pull from it, the reports, and the reset."""
    for step in (
        lambda own: emulator.service(TOOLS, PROJECT, own, "seed", is_open=True),
        registry.embedded,
        lambda own: registry.pulled("registry:5000/a/b:1", own, "a"),
        deployed,
        lambda own: deployer.delete_report("local", ("p", "z", "g"), own, "a"),
        lambda own: deployer.empty(own, "a"),
    ):
        assert step(FIRST) != step(volumes)
        assert step(FIRST) == step(LocalVolumes(FIRST.project, FIRST.group))


def test_reset_empties_the_volumes_that_were_written() -> None:
    """The state of the emulator, the images of the registry, and the reports of deploy."""
    emptied = caches(deployer.empty(FIRST, "a"))
    state = caches(emulator.service(TOOLS, PROJECT, FIRST, "seed", is_open=False))
    assert emptied == {
        "/var/lib/emulator": state["/var/lib/emulator"],
        "/var/lib/registry": caches(registry.embedded(FIRST))["/var/lib/registry"],
        "/var/lib/deploy": caches(deployed(FIRST))["/var/lib/deploy"],
    }
    reports = caches(deployer.delete_report("local", ("p", "z", "g"), FIRST, "a"))
    assert reports["/var/lib/deploy"] == emptied["/var/lib/deploy"]


def test_reports_of_real_environments_are_kept_apart_from_local_ones() -> None:
    """They stand in a volume of their own."""
    real = caches(deployed(None))
    assert real["/var/lib/deploy"] == dag.cache_volume("deploy-results")
    assert real["/var/lib/deploy"] != caches(deployed(FIRST))["/var/lib/deploy"]
    deletion = caches(deployer.delete_report("dev", ("p", "z", "g"), None, "a"))
    assert deletion["/var/lib/deploy"] == real["/var/lib/deploy"]


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> list[dagger.Service]:
    """Services that were started, in their order, without an engine."""
    started: list[dagger.Service] = []

    async def start(service: dagger.Service) -> None:
        started.append(service)

    async def stop(service: dagger.Service) -> None:
        assert service in started

    monkeypatch.setattr(dagger.Service, "start", start)
    monkeypatch.setattr(dagger.Service, "stop", stop)
    return started


class EndedContainer:
    """A container that ended well."""

    async def exit_code(self) -> int:
        return 0

    async def stdout(self) -> str:
        return "sha256:0"

    stderr = stdout

    async def sync(self) -> None:
        """Do nothing."""

    def file(self, _: str) -> dagger.File:
        return dag.directory().file("image.tar")


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> list[LocalVolumes]:
    """Volumes of every step that was run, without an engine."""
    recorded: list[LocalVolumes] = []

    def step(*args: Any) -> EndedContainer:
        [volumes] = [arg if isinstance(arg, LocalVolumes) else arg.volumes for arg in args if _has_volumes(arg)]
        recorded.append(volumes)
        return EndedContainer()

    for module, name in (
        (deployer, "deploy"), (deployer, "delete_report"), (deployer, "empty"), (registry, "pulled"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, step)
    return recorded


def _has_volumes(arg: object) -> bool:
    return isinstance(arg, LocalVolumes | Rehearsal)


@pytest.mark.parametrize(
    ("flags", "volumes"),
    [
        ({}, FIRST),
        ({"group": "other"}, OTHERS[0]),
        ({"project": "other"}, OTHERS[1]),
        ({"project": "p", "group": "g"}, LocalVolumes("p", "g")),
    ],
)
def test_flags_replace_the_names_of_the_file(
    monkeypatch: pytest.MonkeyPatch,
    services: list[dagger.Service],
    used: list[LocalVolumes],
    flags: dict[str, str],
    volumes: LocalVolumes,
) -> None:
    """Of every verb: those that serve or empty the local environment, those of deploy, the push and the pull."""
    local = asyncio.run(environments.read(REPOSITORY.directory("environments"), "local"))

    async def read(*_: object) -> environments.Environment:
        return local

    async def read_project(_: object, folder: str) -> Project:
        return Project(folder, "[project]", "version = 1")

    async def seed_text(*_: object) -> str:
        return "the seed"

    monkeypatch.setattr(deploy_runner, "seed_text", seed_text)
    monkeypatch.setattr(environments, "read", read)
    monkeypatch.setattr(environments, "refuse_unknown", read)
    monkeypatch.setattr(deploy_runner, "read_project", read_project)
    monkeypatch.setattr(local_environment, "read_project", read_project)
    ci = Ci(credentials=None)  # type: ignore[call-arg]  # dagger writes the constructor
    assert asyncio.run(ci.registry(SOURCE, **flags)) == registry.embedded(volumes)
    project = Project("emulator", "[project]", "version = 1")
    served = emulator.service(TOOLS, project, volumes, "the seed", is_open=True)
    assert asyncio.run(ci.emulator(REPOSITORY, TOOLS, **flags)) == served
    given = options(source=REPOSITORY, **flags)
    assert asyncio.run(publish.destination(given)).volumes == volumes
    asyncio.run(deploy_runner.run(given, ["status"]))
    asyncio.run(deploy_runner.delete_report(given))
    asyncio.run(deploy_runner.pull(given, "registry:5000/a/b:1"))
    text: str = asyncio.run(ci.reset_local(SOURCE, **flags))  # type: ignore[arg-type]  # dagger awaits a coroutine
    assert used == [volumes] * 4
    assert registry.embedded(volumes) in services
    assert f"group '{volumes.group}' in project '{volumes.project}'" in text


def test_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """The error begins with the path of the environment's file."""
    (tmp_path / "local.yaml").write_text("[")
    files: Any = Folder(tmp_path)
    with pytest.raises(RefusedError, match=r"^environments/local\.yaml: "):
        asyncio.run(deploy_runner.local_environment(files))
