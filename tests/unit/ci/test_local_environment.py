"""Local environments: each project and group has its own emulator, registry and reports."""

import asyncio
from pathlib import Path
from typing import Any

import dagger
import pytest
from dagger import dag

from ci import deploy_runner, environments
from ci.deploy_verbs import target
from ci.errors import RefusedError
from ci.main import Ci
from ci.steps import deployer, emulator, python_checks, registry
from ci.steps.deployer import Rehearsal, Target
from ci.steps.local_volumes import LocalVolumes
from tests.unit.ci.test_deploy_runner import Folder
from tests.unit.ci.test_steps import calls

SOURCE = dag.directory()
REPOSITORY: Any = Folder(Path())
TOOLS = python_checks.Project(".", "[project]", "version = 1")
FIRST = LocalVolumes("dojangkok-dev", "dojangkok-dev-ai-server-mig")
OTHERS = (LocalVolumes("dojangkok-dev", "other"), LocalVolumes("other", "dojangkok-dev-ai-server-mig"))


def caches(chain: object) -> dict[object, object]:
    """Cache volumes of a container, by where they are mounted."""
    return {args["path"]: args["cache"] for name, args in calls(chain) if name == "withMountedCache"}


def deployed(volumes: LocalVolumes | None) -> dagger.Container:
    rehearsing = Rehearsal(dag.container().as_service(), volumes) if volumes else None
    return deployer.deploy(dag.directory(), TOOLS, Target("local" if volumes else "dev"), ["plan"], "a", rehearsing)


@pytest.mark.parametrize("volumes", OTHERS)
def test_every_project_and_group_has_its_own_volumes(volumes: LocalVolumes) -> None:
    """The emulator, the registry that serves, the one that is pulled from, the reports, and what is emptied."""
    for step in (
        lambda own: emulator.emulator(dag.directory(), TOOLS, own, is_open=True),
        registry.embedded,
        lambda own: registry.pulled("registry:5000/a/b:1", dag.directory(), own, "a"),
        deployed,
        lambda own: deployer.forget_report("local", ("p", "z", "g"), own, "a"),
        lambda own: deployer.forget(own, "a"),
    ):
        assert step(FIRST) != step(volumes)
        assert step(FIRST) == step(LocalVolumes(FIRST.project, FIRST.group))


def test_what_is_emptied_is_what_was_written() -> None:
    emptied = caches(deployer.forget(FIRST, "a"))
    states = caches(emulator.emulator(dag.directory(), TOOLS, FIRST, is_open=False))
    assert emptied == {
        "/var/lib/emulator": states["/var/lib/emulator"],
        "/var/lib/registry": caches(registry.embedded(FIRST))["/var/lib/registry"],
        "/var/lib/deploy": caches(deployed(FIRST))["/var/lib/deploy"],
    }
    reports = caches(deployer.forget_report("local", ("p", "z", "g"), FIRST, "a"))
    assert reports["/var/lib/deploy"] == emptied["/var/lib/deploy"]


def test_reports_of_real_environments_are_kept_apart_from_local_ones() -> None:
    real = caches(deployed(None))
    assert real["/var/lib/deploy"] == dag.cache_volume("deploy-results")
    assert real["/var/lib/deploy"] != caches(deployed(FIRST))["/var/lib/deploy"]
    assert real == caches(deployer.forget_report("dev", ("p", "z", "g"), None, "a")) | {
        path: cache for path, cache in real.items() if path != "/var/lib/deploy"
    }


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


@pytest.mark.parametrize(
    ("flags", "volumes"),
    [
        ({}, FIRST),
        ({"group": "other"}, OTHERS[0]),
        ({"project": "other"}, OTHERS[1]),
        ({"project": "p", "group": "g"}, LocalVolumes("p", "g")),
    ],
)
def test_flags_go_before_the_file(
    monkeypatch: pytest.MonkeyPatch, services: list[dagger.Service], flags: dict[str, str], volumes: LocalVolumes
) -> None:
    """Of every verb: those that serve or empty the local environment, those of deploy, the push and the pull."""
    local = asyncio.run(environments.read(REPOSITORY, "local"))

    async def read(*_: object) -> environments.Environment:
        return local

    async def project(_: object, folder: str) -> python_checks.Project:
        return python_checks.Project(folder, "[project]", "version = 1")

    monkeypatch.setattr(environments, "read", read)
    monkeypatch.setattr(environments, "refuse_unknown", read)
    monkeypatch.setattr(python_checks, "project", project)
    ci = Ci(credentials=None)
    assert asyncio.run(ci.registry(SOURCE, **flags)) == registry.embedded(volumes)
    served = emulator.emulator(
        SOURCE, python_checks.Project("emulator", "[project]", "version = 1"), volumes, is_open=True
    )
    assert asyncio.run(ci.emulator(SOURCE, **flags)) == served
    whose = target("local", **flags)
    assert asyncio.run(deploy_runner.destination(SOURCE, whose, "", None, latest=True)).volumes == volumes

    used: list[LocalVolumes] = []

    class Ended:
        async def exit_code(self) -> int:
            return 0

        async def stdout(self) -> str:
            return "sha256:0"

        stderr = stdout

        async def sync(self) -> None:
            """Do nothing."""

        def file(self, _: str) -> dagger.File:
            return dag.directory().file("image.tar")

    def deploy(*args: Any) -> Ended:
        used.append(args[-1].volumes)
        return Ended()

    def step(*args: Any) -> Ended:
        used.append(args[-2])
        return Ended()

    def forget(own: LocalVolumes, _: str) -> Ended:
        used.append(own)
        return Ended()

    monkeypatch.setattr(deployer, "deploy", deploy)
    monkeypatch.setattr(deployer, "forget_report", step)
    monkeypatch.setattr(registry, "pulled", step)
    monkeypatch.setattr(deployer, "forget", forget)
    asyncio.run(deploy_runner.run(SOURCE, whose, ["status"]))
    asyncio.run(deploy_runner.forget_report(SOURCE, whose))
    asyncio.run(deploy_runner.pulled(SOURCE, whose, "registry:5000/a/b:1"))
    said = asyncio.run(ci.reset_local(SOURCE, **flags))
    assert used == [volumes] * 4
    assert registry.embedded(volumes) in services
    assert f"group '{volumes.group}' in project '{volumes.project}'" in said


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments/local.yaml").write_text("[")
    source: Any = Folder(tmp_path)
    with pytest.raises(RefusedError, match=r"^environments/local\.yaml: "):
        asyncio.run(deploy_runner.local_volumes(source))


@pytest.mark.parametrize(("flag", "value"), [("--project", "a_b"), ("--zone", "*"), ("--group", "Group")])
def test_name_that_google_has_for_nothing_is_refused(flag: str, value: str) -> None:
    """Such a name would meet another environment's volumes, or delete reports of all projects."""
    with pytest.raises(RefusedError, match=f"{flag}: got "):
        target(None, **{flag.removeprefix("--"): value})
