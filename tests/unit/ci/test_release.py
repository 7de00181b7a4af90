"""The order of a release: work beside the gates, work after them, and work that a failed gate prevents."""

from dataclasses import replace
from typing import Any

import anyio
import dagger
import pytest
from dagger import dag

from ci import deploy_runner, gates, publish, release
from ci.destination import Destination
from ci.errors import GateError
from ci.gates import Gated
from ci.options import Options
from ci.stages import Stage
from ci.steps import base, environment, image, registry
from ci.steps.environment import Project
from ci.steps.python_checks import Linted
from tests.support.virtual_loop import VirtualLoop
from tests.unit.ci.doubles import APPLICATION, SOURCE, VOLUMES, options, query_error

CONTEXT = SOURCE.filter(include=["app/**"])
GATED = Gated(SOURCE, APPLICATION, CONTEXT, (), Linted(SOURCE, ()))
DESTINATION = Destination("registry:5000/a/ai-server", ("dev-", "latest"), volumes=VOLUMES)
LOCAL = options(timeout="9")
PUSHED = {"digest": "sha256:12", "tags": ["dev-12", "latest"], "moved": [], "size_bytes": 82_100_000}


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


class Effects:
    """Every effect of a release, recorded in its order instead of done."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.failure: Exception | None = None
        self.broken: set[str] = set()
        self.built_from: list[dagger.Directory] = []

    def build(self, context: dagger.Directory, _: object) -> Built:
        self.built_from.append(context)
        return Built()

    async def run_gates(self, _: Gated) -> tuple[Any, tuple[Stage, ...]]:
        await anyio.sleep(0.05)
        self.events.append("gates")
        if self.failure:
            raise self.failure
        return Built(), (Stage("lint", 1.0, ("lint passed",)),)

    async def lay_out(self, *_: object) -> publish.Layout:
        if "layout" in self.broken:
            raise GateError("publish: was not pushed")
        self.events.append("layout")
        return publish.Layout(SOURCE, "sha256:12")

    async def start_emulator(self, _: object, built: tuple[str, Any]) -> None:
        self.events.append(f"emulator starts with {built[0]}")
        await anyio.sleep(0.02)
        self.events.append("emulator has started")

    async def push(self, *_: object) -> dict[str, Any]:
        self.events.append("push begins")
        await anyio.sleep(0.01)
        self.events.append("push")
        return PUSHED

    async def deploy(self, given: Options, reference: str, flags: list[str], built: tuple[str, Any]) -> str:
        assert built[0] == reference
        await anyio.sleep(0.02)
        self.events.append(f"deploy {reference} to {given.env} {flags}")
        return "the report"

    async def delete_report(self, *_: object) -> None:
        await anyio.sleep(0.2)
        self.events.append("delete report")

    async def read_project(self, _: object, name: str) -> Project:
        return Project(name, "[project]", "version = 1")

    def environment(self, project: Project, *_: object, **__: object) -> Environment:
        return Environment(project.folder, self.events, is_broken=project.folder in self.broken)


@pytest.fixture
def effects(monkeypatch: pytest.MonkeyPatch) -> Effects:
    effects = Effects()
    monkeypatch.setattr(image, "build", effects.build)
    monkeypatch.setattr(gates, "run", effects.run_gates)
    monkeypatch.setattr(publish, "lay_out", effects.lay_out)
    monkeypatch.setattr(publish, "run_push", effects.push)
    monkeypatch.setattr(deploy_runner, "start_emulator", effects.start_emulator)
    monkeypatch.setattr(deploy_runner, "deploy", effects.deploy)
    monkeypatch.setattr(deploy_runner, "delete_report", effects.delete_report)
    monkeypatch.setattr(environment, "read_project", effects.read_project)
    monkeypatch.setattr(environment, "environment", effects.environment)
    monkeypatch.setattr(base, "registry_tools", lambda: Environment("tools of the push", effects.events))
    monkeypatch.setattr(registry, "embedded", lambda _: Environment("registry", effects.events))
    return effects


def roll_out(given: Options = LOCAL, destination: Destination = DESTINATION) -> release.Release:
    return VirtualLoop().run(release.roll_out(GATED, destination, given))


def test_environments_are_built_beside_the_gates_and_the_rollout_comes_last(effects: Effects) -> None:
    """Nothing is pushed before the gates have passed."""
    made = roll_out()
    gates_at = effects.events.index("gates")
    assert set(effects.events[:gates_at]) == {"registry", "layout", "deploy", "emulator"}
    reference = "registry:5000/a/ai-server@sha256:12"
    assert effects.events[gates_at:] == [
        "gates", "layout", "push begins", f"emulator starts with {reference}", "push", "emulator has started",
        "delete report", f"deploy {reference} to local ['--timeout', '9', '--format', 'text']",
    ]  # fmt: skip
    assert made.report == "the report"
    assert [(stage.name, stage.results) for stage in made.stages] == [
        ("lint", ("lint passed",)),
        ("publish", ("tags dev-12, latest",)),
        ("deploy", ("to local",)),
    ]


def test_image_is_laid_out_beside_the_gates_from_what_they_build(effects: Effects) -> None:
    """The engine answers the layout after the gates from its cache only if both read the same files."""
    roll_out()
    assert effects.built_from == [CONTEXT]


def test_failed_gate_pushes_nothing_and_still_deletes_the_last_report(effects: Effects) -> None:
    """`report` must not print the report of the run before."""
    effects.failure = GateError("nothing was pushed; failed: test")
    with pytest.raises(GateError, match="nothing was pushed; failed: test"):
        roll_out()
    assert effects.events[-2:] == ["gates", "delete report"]
    assert set(effects.events[:-2]) == {"registry", "layout", "deploy", "emulator"}


def test_environment_that_cannot_be_built_does_not_end_the_gates(effects: Effects) -> None:
    """The stage that needs the environment reports the failure."""
    effects.broken = {"deploy", "emulator", "layout"}
    effects.failure = GateError("nothing was pushed; failed: test")
    with pytest.raises(GateError, match="nothing was pushed; failed: test"):
        roll_out()


def test_publish_rolls_nothing_out_and_builds_no_environment_of_the_rollout(effects: Effects) -> None:
    """It needs the tools of the push alone."""
    made = VirtualLoop().run(release.publish_image(GATED, DESTINATION, options()))
    assert set(effects.events[:2]) == {"registry", "layout"}
    assert effects.events[2:] == ["gates", "layout", "push begins", "push"]
    assert made.published.reference == "registry:5000/a/ai-server@sha256:12"
    assert made.report == ""


def test_neither_registry_nor_emulator_is_served_for_a_real_environment(effects: Effects) -> None:
    """The image goes to the real registry."""
    prod = options("prod", credentials=dag.set_secret("credentials", "word"))
    made = roll_out(prod, replace(DESTINATION, name="host.test/a/app"))
    assert set(effects.events[: effects.events.index("gates")]) == {"tools of the push", "layout", "deploy"}
    assert not [event for event in effects.events if event.startswith("emulator")]
    assert made.report == "the report"
