"""A release: what starts beside the gates, what waits for them, and what a failed gate keeps from happening."""

import asyncio
from dataclasses import replace
from typing import Any

import anyio
import dagger
import pytest
from dagger import dag

from ci import delivery, gates, release
from ci.errors import GateError
from ci.gates import Gated
from ci.stages import Stage
from ci.steps import check, registry
from ci.steps.local_volumes import LocalVolumes
from ci.steps.registry import Destination
from ci.steps.rollout import Target
from tests.unit.ci.test_delivery import query_error

SOURCE = dag.directory()
GATED = Gated(SOURCE, {})
WHERE = Destination("registry:5000/a/ai-server", ("dev-", "latest"), volumes=LocalVolumes("project", "group"))
PUSHED = {"digest": "sha256:12", "tags": ["dev-12", "latest"], "size_bytes": 82_100_000}


class Built:
    """The image, which is built on no stand-in."""

    async def label(self, _: str) -> str:
        return ""


class Environment:
    """A container or a service whose start is recorded."""

    def __init__(self, name: str, events: list[str], *, is_broken: bool = False) -> None:
        self.name, self.events, self.is_broken = name, events, is_broken

    async def sync(self) -> None:
        await anyio.lowlevel.checkpoint()
        if self.is_broken:
            raise query_error("no disk")
        self.events.append(self.name)

    start = sync


class World:
    """Every effect of a release, recorded in its order."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.failure: Exception | None = None
        self.broken: set[str] = set()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()

    async def run(_: Gated) -> tuple[Any, tuple[Stage, ...]]:
        await anyio.sleep(0.05)
        world.events.append("gates")
        if world.failure:
            raise world.failure
        return Built(), (Stage("lint", 1.0, ("lint passed",)),)

    async def push(*_: object) -> dict[str, Any]:
        world.events.append("push")
        return PUSHED

    async def deploy(_: object, target: Target, reference: str, flags: list[str], built: tuple[str, Any]) -> str:
        assert built[0] == reference
        world.events.append(f"deploy {reference} to {target.env} {flags}")
        return "the report"

    async def forget_report(*_: object) -> None:
        await anyio.sleep(0.2)
        world.events.append("forget report")

    async def project(_: object, name: str) -> check.Project:
        return check.Project(name, "[project]", "version = 1")

    def environment(tools: check.Project, *_: object, **__: object) -> Environment:
        return Environment(tools.folder, world.events, is_broken=tools.folder in world.broken)

    monkeypatch.setattr(gates, "run", run)
    monkeypatch.setattr(release, "push", push)
    monkeypatch.setattr(delivery, "deploy", deploy)
    monkeypatch.setattr(delivery, "forget_report", forget_report)
    monkeypatch.setattr(check, "project", project)
    monkeypatch.setattr(check, "environment", environment)
    monkeypatch.setattr(registry, "embedded", lambda _: Environment("registry", world.events))
    return world


def roll_out(target: Target | None = None) -> release.Release:
    return asyncio.run(
        release.roll_out(GATED, WHERE, target or Target("local"), ["--timeout", "9"], allow_stand_in=False)
    )


def test_environments_are_built_beside_the_gates_and_the_rollout_comes_last(world: World) -> None:
    made = roll_out()
    assert set(world.events[:3]) == {"registry", "deploy", "emulator"}
    assert world.events[3:] == [
        "gates", "push", "forget report", "deploy registry:5000/a/ai-server@sha256:12 to local ['--timeout', '9']",
    ]  # fmt: skip
    assert made.report == "the report"
    assert [(stage.name, stage.results) for stage in made.stages] == [
        ("lint", ("lint passed",)),
        ("publish", ("tags dev-12, latest",)),
        ("deploy", ("to local",)),
    ]


def test_failed_gate_pushes_nothing_and_still_forgets_the_last_report(world: World) -> None:
    world.failure = GateError("nothing was pushed; failed: test")
    with pytest.raises(GateError, match="nothing was pushed; failed: test"):
        roll_out()
    assert world.events[-2:] == ["gates", "forget report"]
    assert "push" not in world.events


def test_environment_that_cannot_be_built_does_not_end_the_gates(world: World) -> None:
    world.broken = {"deploy", "emulator"}
    world.failure = GateError("nothing was pushed; failed: test")
    with pytest.raises(GateError, match="nothing was pushed; failed: test"):
        roll_out()


def test_publish_rolls_nothing_out_and_builds_no_environment_of_the_rollout(world: World) -> None:
    made = asyncio.run(release.publish(GATED, WHERE, allow_stand_in=False))
    assert world.events == ["registry", "gates", "push"]
    assert made.published.reference == "registry:5000/a/ai-server@sha256:12"
    assert made.report == ""


def test_real_registry_is_not_served_here(world: World) -> None:
    target = Target("prod", dag.set_secret("credentials", "word"))
    service: dagger.Service | None = release._service(replace(WHERE, name="host.test/a/app"))
    assert service is None
    roll_out(target)
    assert "emulator" not in world.events
