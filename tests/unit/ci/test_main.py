"""The registration contract of the module: what Dagger and `--help` know of every function."""

import asyncio
from pathlib import Path
from typing import Any

import dagger
import pytest

from ci import accessory_runner, deploy_runner, inputs, publish, release
from ci.checked_programs import programs
from ci.destination import Destination
from ci.errors import RefusedError
from ci.gates import Gated
from ci.inputs import Inputs
from ci.main import Ci
from ci.options import Options
from tests.unit.ci.doubles import REPOSITORY, SOURCE, TOOLS, VOLUMES

CHECKS = {"lint", "types", "test", "policy"}
EFFECTS = {
    "publish", "deploy", "pipeline", "plan", "rollback", "status", "history", "report", "reconcile", "prune",
    "reset_local", "accessory", "release", "doctor", "promote", "abort",
}  # fmt: skip
# Their directory or container is made from the folder that the function works in, and loaded after its end. Source:
# `call tools` on a restarted engine of 0.19.10 failed with "lstat /scratch: no such file or directory".
LOADED_LATER = {"build", "tools"}
READS_SOURCE = {"bill_of_materials"}
FUNCTIONS = Ci.__dagger_object_type__.functions  # type: ignore[attr-defined]


def test_every_function_is_known() -> None:
    """A new function is added to these sets on purpose."""
    assert set(FUNCTIONS) == CHECKS | EFFECTS | LOADED_LATER | READS_SOURCE | {"smoke", "registry", "emulator"}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_and_argument_is_documented(name: str) -> None:
    """`--help` prints both."""
    function = FUNCTIONS[name]
    assert function.doc
    for argument in function.parameters.values():
        assert argument.doc, f"{name} --{argument.name}"


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_effects_and_results_that_are_loaded_later_are_never_cached(name: str) -> None:
    """A verb that reads or changes a group, and one whose result needs the folder of its session, run in every call."""
    assert (FUNCTIONS[name].cache_policy == "never") == (name in EFFECTS | LOADED_LATER | READS_SOURCE)


@pytest.mark.parametrize("name", ["history", "reconcile", "prune", "doctor"])
def test_verbs_that_a_caller_names_take_the_flags_of_status(name: str) -> None:
    """release.yml has one line for all of them, which tests/e2e/test_remote.py runs with `status`; none needs more."""
    own = {"prune": ["images", "dry_run"]}.get(name, [])
    assert list(FUNCTIONS[name].parameters) == [*own, *FUNCTIONS["status"].parameters]
    assert all(FUNCTIONS[name].parameters[flag].has_default for flag in own)


def test_release_is_the_same_verb_as_pipeline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments, help text and body; Dagger binds the call to the attribute that the function's name names."""
    pipeline, alias = FUNCTIONS["pipeline"], FUNCTIONS["release"]
    assert alias.name == "release"
    assert alias.doc == pipeline.doc
    assert alias.signature == pipeline.signature
    assert alias.type_hints == pipeline.type_hints
    started: list[str] = []

    async def checked(given: Options) -> None:
        started.append(given.env)
        raise RefusedError("the body of pipeline")

    monkeypatch.setattr(deploy_runner, "checked", checked)
    ci = Ci(credentials=None)  # type: ignore[call-arg]  # dagger writes the constructor
    for function in (pipeline, alias):
        with pytest.raises(dagger.ExecError) as ended:
            asyncio.run(function.bind_parent(ci).wrapped(source=SOURCE, tools=TOOLS, env="prod", credentials=None))
        assert ended.value.exit_code == 3
    assert started == ["prod", "prod"]


def test_env_passes_the_credential_file_to_the_constructor() -> None:
    """The CLI puts the variable's value there: `call VERB` without `--credentials` takes the file that it names."""
    first, *lines = Path(".env").read_text().splitlines()
    assert first.startswith("# No secret belongs here")
    defaults = [line for line in lines if not line.startswith("#")]
    assert defaults == ['CREDENTIALS="file:${GOOGLE_APPLICATION_CREDENTIALS:-/dev/null}"']


@pytest.mark.parametrize("name", sorted(EFFECTS - {"reset_local"}))
@pytest.mark.parametrize("is_passed", [True, False])
def test_flag_of_a_verb_goes_before_the_file_of_env(
    monkeypatch: pytest.MonkeyPatch, name: str, is_passed: bool
) -> None:
    """A person who passes a file means that file."""
    used: list[dagger.Secret | None] = []

    async def use(given: Any, *others: Any, **_: object) -> None:
        used.append(given.credentials)
        raise RefusedError("the credentials are known")

    for module, function in (
        (deploy_runner, "run"), (deploy_runner, "checked"), (publish, "destination"), (accessory_runner, "run"),
    ):  # fmt: skip
        monkeypatch.setattr(module, function, use)
    passed, default = dagger.dag.set_secret("flag", "1"), dagger.dag.set_secret("default", "2")
    arguments: dict[str, Any] = {"source": REPOSITORY, "tools": TOOLS, "credentials": passed if is_passed else None}
    arguments |= {"env": "prod"}
    arguments |= {"image": "registry/app:1"} if name == "plan" else {}
    arguments |= {"name": "vllm", "env": "dev"} if name == "accessory" else {}
    ci = Ci(credentials=default)  # type: ignore[call-arg]  # dagger writes the constructor
    with pytest.raises(dagger.ExecError):
        asyncio.run(FUNCTIONS[name].bind_parent(ci).wrapped(**arguments))
    assert used == [passed if is_passed else default]


@pytest.mark.parametrize("is_passed", [True, False])
def test_local_environment_uses_a_credential_file_only_if_a_flag_passes_it(
    monkeypatch: pytest.MonkeyPatch, is_passed: bool
) -> None:
    """The variable is set for other work: `release --repository REAL` must not send its login to that registry."""
    used: list[dagger.Secret | None] = []

    async def checked(given: Options) -> None:
        used.append(given.credentials)
        raise RefusedError("the credentials are known")

    monkeypatch.setattr(deploy_runner, "checked", checked)
    passed, default = dagger.dag.set_secret("flag", "1"), dagger.dag.set_secret("default", "2")
    arguments: dict[str, Any] = {"source": SOURCE, "tools": TOOLS, "credentials": passed if is_passed else None}
    ci = Ci(credentials=default)  # type: ignore[call-arg]  # dagger writes the constructor
    with pytest.raises(dagger.ExecError):
        asyncio.run(ci.release(repository="host.test/project/repository/app", **arguments))  # type: ignore[arg-type]
    assert used == [passed if is_passed else None]


@pytest.mark.parametrize("name", sorted(EFFECTS - {"reset_local"}))
def test_credentials_have_no_default_that_would_outdo_env(name: str) -> None:
    """Dagger 0.19.10 takes a registered default, `null` too, for a value that a person passed."""
    credentials = FUNCTIONS[name].parameters["credentials"]
    assert not credentials.has_default
    assert credentials.is_nullable


@pytest.mark.parametrize("verb", ["publish", "deploy", "pipeline", "release"])
@pytest.mark.parametrize("all_checks", [False, True])
def test_the_app_gates_a_release_and_everything_does_with_all_checks(
    monkeypatch: pytest.MonkeyPatch, verb: str, all_checks: bool
) -> None:
    """The tools are gated by `check`, not at ship time."""
    gated: list[Gated] = []

    async def nothing(*_: object, **__: object) -> None:
        """Refuse nothing."""

    async def export(_: object) -> Inputs:
        return Inputs(Path())

    async def gate(gates: Gated, *_: object, **__: object) -> None:
        gated.append(gates)
        raise RefusedError("no gate is run")

    async def destination(_: object) -> Destination:
        return Destination("registry:5000/team/ai-server", ("dev-",), volumes=VOLUMES)

    monkeypatch.setattr(deploy_runner, "checked", nothing)
    monkeypatch.setattr(publish, "destination", destination)
    monkeypatch.setattr(inputs, "export", export)
    monkeypatch.setattr(release, "publish_image", gate)
    monkeypatch.setattr(release, "roll_out", gate)
    ci = Ci(credentials=None)  # type: ignore[call-arg]  # dagger writes the constructor
    source = REPOSITORY
    arguments = {"all_checks": True} if all_checks else {}
    with pytest.raises(dagger.ExecError):
        asyncio.run(FUNCTIONS[verb].bind_parent(ci).wrapped(source=source, tools=TOOLS, credentials=None, **arguments))
    [gates] = gated
    first, *tools = programs(Path())
    assert set(gates.programs) == {first, *(tools if all_checks else [])}
    assert [gate.name for gate in gates.gates] == ["lint", "types", "test", *(["policy"] if all_checks else [])]
    assert (gates.policy is not None) == all_checks


def test_publish_refuses_another_format_before_any_gate() -> None:
    """The formats of a report are not those of a publish."""
    ci = Ci(credentials=None)  # type: ignore[call-arg]  # dagger writes the constructor
    with pytest.raises(dagger.ExecError) as refused:
        asyncio.run(
            FUNCTIONS["publish"]
            .bind_parent(ci)
            .wrapped(source=REPOSITORY, tools=TOOLS, credentials=None, format="markdown")
        )
    assert (refused.value.exit_code, refused.value.stderr) == (3, "--format: got 'markdown'. Fix: text or outputs")


def test_repository_of_another_image_is_refused_before_any_gate() -> None:
    """The environment of another application was passed."""
    ci = Ci(credentials=None)  # type: ignore[call-arg]  # dagger writes the constructor
    other = {"source": REPOSITORY, "tools": TOOLS, "credentials": None, "repository": "registry:5000/team/web"}
    with pytest.raises(dagger.ExecError) as refused:
        asyncio.run(FUNCTIONS["release"].bind_parent(ci).wrapped(**other))
    assert refused.value.exit_code == 3
    assert refused.value.stderr.startswith("--repository: got 'registry:5000/team/web', and delivery.yaml says that ")


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_checks_need_no_argument(name: str) -> None:
    """Dagger skips a check that has a required argument without a word."""
    assert bool(FUNCTIONS[name].check) == (name in CHECKS)
    if name in CHECKS:
        assert set(FUNCTIONS[name].parameters) == {"source"}
