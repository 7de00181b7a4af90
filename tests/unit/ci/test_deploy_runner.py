"""Rollouts: the arguments of deploy, its exit code, and what is refused before its container runs."""

import asyncio
import inspect
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagger
import pytest

from ci import deploy_runner
from ci.errors import DeployError, NotAllowedError, RefusedError
from ci.main import Ci
from ci.options import Options
from ci.steps import deployer
from ci.steps.environment import Project
from tests.unit.ci.doubles import PROJECT, REPOSITORY, SOURCE, TOOLS, Folder, options


class EndedContainer:
    """A container that has ended."""

    def __init__(self, code: int, stdout: str, stderr: str) -> None:
        self.outcome = {"exit_code": code, "stdout": stdout, "stderr": stderr}

    def __getattr__(self, name: str) -> Any:
        async def value() -> object:
            return self.outcome[name]

        return value


@pytest.mark.parametrize(
    ("container", "code", "text"),
    [
        (EndedContainer(2, "the plan", "progress"), 2, "the plan"),
        (EndedContainer(2, "", "python: no module"), 2, "python: no module"),
        (EndedContainer(7, "", "rolled back"), 7, "rolled back"),
    ],
)
def test_report_of_deploy_leaves_with_its_exit_code(
    container: EndedContainer, code: int, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan that differs is on stdout, every other report on stderr."""

    async def read_project(*_: object) -> Project:
        return PROJECT

    async def checked(given: Options) -> Options:
        return given

    monkeypatch.setattr(deploy_runner, "checked", checked)
    monkeypatch.setattr(deploy_runner, "read_project", read_project)
    monkeypatch.setattr(deployer, "deploy", lambda *_: container)
    with pytest.raises(DeployError) as error:
        asyncio.run(deploy_runner.run(options("dev", source=REPOSITORY), ["plan"]))
    assert (error.value.exit_code, str(error.value)) == (code, text)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Options, list[str]]]:
    """Options and arguments of every run of deploy; none is run."""
    recorded: list[tuple[Options, list[str]]] = []

    async def run(given: Options, arguments: list[str]) -> str:
        recorded.append((given, arguments))
        return "the report"

    monkeypatch.setattr(deploy_runner, "run", run)
    return recorded


def call(name: str, **values: Any) -> str:
    """Call a verb as the engine does: every argument is one of the signature that `--help` shows."""
    verb = getattr(Ci(credentials=None), name)  # type: ignore[call-arg]  # dagger writes the constructor
    bound = inspect.signature(verb).bind(source=SOURCE, tools=TOOLS, credentials=None, **values)
    return str(asyncio.run(verb(*bound.args, **bound.kwargs)))


def test_plan_takes_the_arguments_of_deploy(runs: list[tuple[Options, list[str]]]) -> None:
    """`plan` shows what `deploy` with the same command line writes: the record and the timeout too."""
    values: dict[str, Any] = {"image": "host.test/app:1", "commit": "1234567", "timeout": "600", "by": "alice"}
    call("plan", **values)
    [(_, arguments)] = runs
    assert arguments == [
        "plan", "--image", "host.test/app:1", "--format", "text", "--commit", "1234567", "--by", "alice",
        "--timeout", "600",
    ]  # fmt: skip
    assert {"source", *values} <= set(inspect.signature(Ci.deploy).parameters)


def test_rollback_passes_its_own_arguments_and_the_group(runs: list[tuple[Options, list[str]]]) -> None:
    """The options of the group go to deploy apart from the arguments of the verb."""
    assert call("rollback", to="1234567", force=True, env="prod", group="g") == "the report"
    assert runs == [(options("prod", group="g"), ["rollback", "--format", "text", "--to", "1234567", "--force"])]


def test_promote_and_abort_pass_their_arguments(runs: list[tuple[Options, list[str]]]) -> None:
    """Promote has flags of its own, and both have the time of a step."""
    call("promote", full=True, timeout="600")
    call("promote", step="2", to="1234567")
    call("abort", timeout="600")
    assert [arguments for _, arguments in runs] == [
        ["promote", "--format", "text", "--timeout", "600", "--full"],
        ["promote", "--format", "text", "--step", "2", "--to", "1234567"],
        ["abort", "--format", "text", "--timeout", "600"],
    ]


@pytest.mark.parametrize("step", ["0", "-1", "one", "1 of 3", "٣"])
def test_promote_refuses_a_step_that_is_no_number_from_1(runs: list[tuple[Options, list[str]]], step: str) -> None:
    """Step 0 is no "any step": without a number of its own, a repeated call would pass the next pause."""
    text = f"^promote: --step: got '{step}'. Fix: the number N of 'paused at step N'$"
    with pytest.raises(dagger.ExecError, match=text) as error:
        call("promote", step=step)
    assert (error.value.exit_code, runs) == (3, [])


def test_prune_passes_its_own_flags(runs: list[tuple[Options, list[str]]]) -> None:
    """Unused images are listed by two flags; deploy itself refuses one without the other."""
    call("prune", images=True, dry_run=True)
    call("prune", dry_run=True)
    assert [arguments for _, arguments in runs] == [
        ["prune", "--format", "text", "--images", "--dry-run"],
        ["prune", "--format", "text", "--dry-run"],
    ]


@pytest.mark.parametrize("name", ["status", "history", "report", "reconcile", "prune", "doctor"])
def test_other_verbs_pass_their_format(name: str, runs: list[tuple[Options, list[str]]]) -> None:
    """They have no other argument of their own; `--long` is a switch."""
    call(name, format="json")
    call(name, long=True)
    assert runs == [
        (options(format="json"), [name, "--format", "json"]),
        (options(long=True), [name, "--format", "text", "--long"]),
    ]


@pytest.mark.parametrize(
    ("files", "module", "command"),
    [
        (["daggerw"], "", "./daggerw call"),
        (["Dockerfile"], "", "dagger -m MODULE call"),
        (["Dockerfile"], "github.com/owner/delivery@v1", "dagger -m github.com/owner/delivery@v1 call"),
    ],
)
def test_commands_of_a_report_can_be_typed_in_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: list[str], module: str, command: str
) -> None:
    """A repository without `./daggerw` calls the module by the address that a person passed, or by a placeholder."""
    for file in files:
        (tmp_path / file).touch()
    typed: list[str] = []

    async def checked(given: Options) -> Options:
        return given

    async def read_project(*_: object) -> Project:
        return PROJECT

    def deploy(_: object, given: Options, *__: object) -> EndedContainer:
        typed.append(given.command)
        return EndedContainer(0, "the report", "")

    monkeypatch.setattr(deploy_runner, "checked", checked)
    monkeypatch.setattr(deploy_runner, "read_project", read_project)
    monkeypatch.setattr(deployer, "deploy", deploy)
    asyncio.run(deploy_runner.run(options("dev", source=Folder(tmp_path), module=module), ["status"]))
    assert typed == [command]


def test_real_environment_needs_credentials() -> None:
    """The error names the variable, the flag and the file of a person's own login."""
    with pytest.raises(NotAllowedError) as refused:
        asyncio.run(deploy_runner.checked(options("prod", source=REPOSITORY)))
    text = str(refused.value)
    assert text.startswith("--credentials: 'prod' needs a Google credential file. Fix: set GOOGLE_APPLICATION_")
    assert "set GOOGLE_APPLICATION_CREDENTIALS to its path" in text
    assert "or pass --credentials file:PATH" in text
    assert "gcloud auth application-default login" in text
    assert asyncio.run(deploy_runner.checked(options(source=REPOSITORY))) == options(source=REPOSITORY)


def test_doctor_without_credentials_ends_as_with_a_wrong_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """`doctor` has the exit codes 0 and 3 alone, also where no credential file can be read."""

    async def run(given: Options, __: list[str]) -> str:
        await deploy_runner.checked(replace(given, source=REPOSITORY))
        raise AssertionError("the credentials are missing")

    monkeypatch.setattr(deploy_runner, "run", run)
    with pytest.raises(dagger.ExecError) as ended:
        call("doctor", env="prod")
    assert ended.value.exit_code == 3
    assert "✗ account  --credentials: 'prod' needs a Google credential file." in ended.value.stderr


def test_environment_is_checked_before_credentials() -> None:
    """A typing error is reported even where no credentials are passed."""
    with pytest.raises(RefusedError, match="got 'staging', and there is no environments/staging"):
        asyncio.run(deploy_runner.checked(options("staging", source=REPOSITORY)))


def test_only_the_report_of_the_group_is_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names are those of the file; a flag replaces them."""
    deleted: list[tuple[str, tuple[str, str, str]]] = []

    class Synced:
        async def sync(self) -> None:
            """Do nothing."""

    def delete(env: str, names: tuple[str, str, str], *_: object) -> Synced:
        deleted.append((env, names))
        return Synced()

    monkeypatch.setattr(deployer, "delete_report", delete)
    asyncio.run(deploy_runner.delete_report(options("prod", source=REPOSITORY)))
    asyncio.run(deploy_runner.delete_report(options("prod", zone="z", group="g", source=REPOSITORY)))
    assert deleted == [
        ("prod", ("dojangkok-prod", "asia-northeast3-a", "dojangkok-prod-ai-server-mig")),
        ("prod", ("dojangkok-prod", "z", "g")),
    ]
