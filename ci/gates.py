"""The gates of a release: checks of the source and of its packages, beside build and smoke of the image."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import dagger

from ci import counts, spans, vulnerability_gate, vulnerability_rule
from ci.application import Application, Gate
from ci.concurrency import side_by_side, task_group
from ci.environments import LOCAL
from ci.errors import GateError
from ci.programs import Program
from ci.stages import Stage, run_gate
from ci.steps import command_gate, environment, image, policy_checks, python_checks
from ci.steps.base import TERRAFORM
from ci.steps.environment import Project
from ci.steps.policy_checks import PolicyInputs
from ci.steps.python_checks import Linted
from ci.vulnerability_rule import VulnerabilityRule

Programs = Mapping[Program, dagger.Directory]
Step = Callable[[dagger.Directory, Program, Project], dagger.Container]


@dataclass(frozen=True)
class Gated:
    """
    The files that the gates of a release read.

    Args:
        source: repository of the application
        application: the application, as delivery.yaml describes it
        context: files of the build context
        gates: the gates beside build and smoke, in the order of the summary
        linted: files that lint reads
        programs: programs whose types and tests are gates, with the files that the checks of each read
        commands: files that the command of each gate reads, by the name of the gate
        policy: files that the rules of policy read; None where the rules are not run
        advisory: report failures of everything but build and smoke, and go on
        rule: which known vulnerabilities stop the release
        env: name of the environment file with the rule
    """

    source: dagger.Directory
    application: Application
    context: dagger.Directory
    gates: tuple[Gate, ...]
    linted: Linted
    programs: Programs = field(default_factory=dict)
    commands: Mapping[str, dagger.Directory] = field(default_factory=dict)
    policy: PolicyInputs | None = None
    advisory: bool = False
    rule: VulnerabilityRule = vulnerability_rule.DEFAULT
    env: str = LOCAL


async def lint(linted: Linted) -> tuple[str, ...]:
    """Run ruff and shellcheck over every program."""
    await _output("lint", python_checks.lint(linted, environment.own_project()))
    return ("every program by ruff and shellcheck",)


async def types(source: dagger.Directory, programs: Programs) -> tuple[str, ...]:
    """Run mypy on programs side by side; return how many files of each were checked."""
    return await _each("types", python_checks.types, counts.files, source, programs)


async def test(source: dagger.Directory, programs: Programs) -> tuple[str, ...]:
    """Run the tests of programs side by side, without the slow ones; return how many of each passed."""
    return await _each("tests", python_checks.test, counts.tests, source, programs)


async def test_with_coverage(source: dagger.Directory, programs: Programs) -> tuple[str, ...]:
    """
    Run the tests of programs side by side, and measure their coverage; return how many of each passed.

    Coverage takes much processor time where Python counts lines by tracing, as it does before 3.12. So a release runs
    the tests alone, without the slow ones; `check` runs all of them, and measures.
    """
    return await _each("tests", python_checks.test_with_coverage, counts.tests, source, programs)


async def policy(source: dagger.Directory, files: PolicyInputs) -> tuple[str, ...]:
    """Run the rules over everything that is no Python; return how many passed."""
    try:
        await policy_checks.terraform().sync()
    except dagger.QueryError as error:
        raise GateError(
            f"policy: {TERRAFORM.reference} cannot be pulled: {error}. "
            "Fix: where no registry is reached, install Terraform before the engine is set up (engine/README.md)"
        ) from error
    project = await environment.read_project(source, "policy")
    return (counts.tests(await _output("policy", policy_checks.policy(files, project))),)


async def command(gate: Gate, files: dagger.Directory) -> tuple[str, ...]:
    """Run the command of a gate; return what pytest counted, or the last line of the output."""
    return (counts.tests(await _output(gate.name, command_gate.run(gate, files))),)


async def build(context: dagger.Directory, application: Application) -> dagger.Container:
    """Build the image, to its end."""
    try:
        return await image.build(context, application).sync()
    except dagger.QueryError as error:
        raise GateError(f"build: {error}") from error


async def smoke(built: dagger.Container, application: Application) -> tuple[str, ...]:
    """Start the image, request its health, and stop it; the first of the two that fails cancels the other."""
    lifecycle = image.smoke_lifecycle(built, application, await image.command(built))
    outputs = await side_by_side(
        partial(_output, "smoke, stop by SIGTERM", lifecycle),
        partial(_output, "smoke, health of the started image", image.smoke_health(built, application)),
    )
    return tuple(line for output in outputs for line in output.splitlines())


async def run(gated: Gated) -> tuple[dagger.Container, tuple[Stage, ...]]:
    """
    Run the gates and the search for known vulnerabilities beside build and smoke, each to its end.

    Returns:
        The built image, and the stages in the order of the release.

    Raises:
        GateError: at least one gate failed; the text has every failure
    """
    stages: dict[str, Stage] = {}
    built: list[dagger.Container] = []

    async def add_stage(name: str, work: Awaitable[tuple[str, ...]]) -> None:
        stages[name] = await run_gate(name, work)

    async def build_image() -> tuple[str, ...]:
        built.append(await build(gated.context, gated.application))
        return ()

    async def build_and_smoke() -> None:
        await add_stage("build", build_image())
        if built:
            await add_stage("smoke", smoke(built[0], gated.application))

    checks = _checks(gated)
    async with task_group() as group:
        for name, check in checks.items():
            group.start_soon(add_stage, name, check())
        group.start_soon(build_and_smoke)
    ordered = tuple(stages[name] for name in (*checks, "build", "smoke") if name in stages)
    failed = [stage for stage in ordered if stage.failure and not (gated.advisory and stage.name in checks)]
    if failed:
        names = ", ".join(stage.name for stage in failed)
        raise GateError("\n\n".join([*(stage.failure for stage in failed), f"nothing was pushed; failed: {names}"]))
    return built[0], ordered


def _checks(gated: Gated) -> dict[str, Callable[[], Awaitable[tuple[str, ...]]]]:
    """Return the check of each gate, by the gate's name."""
    named: dict[str, Callable[[], Awaitable[tuple[str, ...]]]] = {
        "lint": partial(lint, gated.linted),
        "types": partial(types, gated.source, gated.programs),
        "test": partial(test_with_coverage if gated.policy else test, gated.source, gated.programs),
    }
    if gated.policy:
        named["policy"] = partial(policy, gated.source, gated.policy)
    search = partial(vulnerability_gate.search, gated.source, gated.application, gated.rule, gated.env)
    commands = {gate.name: partial(command, gate, gated.commands[gate.name]) for gate in gated.gates if gate.command}
    chosen = {gate.name: commands.get(gate.name) or named[gate.name] for gate in gated.gates}
    return {**chosen, "vulnerabilities": search}


async def _each(
    kind: str, step: Step, count: Callable[[str], str], source: dagger.Directory, programs: Programs
) -> tuple[str, ...]:
    """Run a step for programs side by side, each to its end; return their texts, each with the program's name first."""
    results: dict[str, str] = {}
    failures: dict[str, str] = {}

    async def run_step(program: Program) -> None:
        name = program.name
        try:
            with spans.part(name):
                container = step(programs[program], program, await environment.read_project(source, program.project))
                results[name] = f"{name} {count(await _output(f'{kind} of {name}', container))}"
        except GateError as error:
            failures[name] = str(error)
        except dagger.QueryError as error:
            failures[name] = f"{kind} of {name}: could not run\n{error}"

    async with task_group() as group:
        for program in programs:
            group.start_soon(run_step, program)
    names = [program.name for program in programs]
    ordered = tuple(results[name] for name in names if name in results)
    if failures:
        last = f"{kind}: failed: {', '.join(name for name in names if name in failures)}"
        last += f"; passed: {', '.join(ordered)}" if ordered else ""
        raise GateError("\n\n".join([*(failures[name] for name in names if name in failures), last]))
    return ordered


async def _output(gate: str, container: dagger.Container) -> str:
    """Run a container, and return its stdout."""
    try:
        return await container.stdout()
    except dagger.ExecError as error:
        output = "\n".join(text for text in (error.stdout, error.stderr) if text)
        raise GateError(f"{gate}: failed with code {error.exit_code}\n{output}") from error
    except dagger.QueryError as error:
        raise GateError(f"{gate}: could not run\n{error}") from error
