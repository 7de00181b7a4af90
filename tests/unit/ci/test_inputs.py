"""The directories of the verbs: what comes with a call, what is left out, and whose repository it is."""

import fnmatch
import inspect
from pathlib import Path

import dagger
import pytest

from ci.application import Application, Gate
from ci.checked_programs import programs
from ci.errors import RefusedError
from ci.inputs import SOURCES, TOOL_FILES, Inputs, only
from ci.main import Ci
from ci.shell_files import shell_files
from ci.steps import policy_checks
from tests.unit.ci.doubles import calls

FUNCTIONS = Ci.__dagger_object_type__.functions  # type: ignore[attr-defined]
# The verbs that check this repository and no other one, and those that run a program of this module.
CHECKED = {"lint", "types", "test", "policy", "tools"}
WITHOUT_TOOLS = {*CHECKED, "bill_of_materials", "build", "smoke", "registry", "reset_local"}


def directories(name: str) -> dict[str, list[str]]:
    """Return what is left out of each directory of a verb, by the name of its argument."""
    parameters = FUNCTIONS[name].parameters.values()
    defaults = [argument for argument in parameters if argument.default_path is not None]
    assert {argument.default_path for argument in defaults} == {"/"}
    assert all(argument.resolved_type is dagger.Directory for argument in defaults)
    return {argument.name: list(argument.ignore or ()) for argument in defaults}


EACH_DIRECTORY = pytest.mark.parametrize(
    ("verb", "argument"), [(name, argument) for name in sorted(FUNCTIONS) for argument in directories(name)]
)


def is_kept(path: str, patterns: list[str]) -> bool:
    """Return whether a path is part of a directory: the last pattern that matches it, or a folder of it, decides."""
    folders = Path(path).parts
    names = ["/".join(folders[: count + 1]) for count in range(len(folders))]
    kept = True
    for pattern in patterns:
        text = pattern.removeprefix("!").strip("/")
        ends = [text, *([text.removeprefix("**/")] if text.startswith("**/") else [])]
        if any(fnmatch.fnmatchcase(name, end) for name in names for end in ends):
            kept = pattern.startswith("!")
    return kept


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_verb_takes_the_source_and_the_programs_that_it_runs(name: str) -> None:
    """Each further directory is a block of lines in every progress display."""
    assert set(directories(name)) == {"source", *(set() if name in WITHOUT_TOOLS else {"tools"})}


@pytest.mark.parametrize("name", sorted(CHECKED))
def test_check_reads_this_repository_narrowed(name: str) -> None:
    """A change of a file that no check reads does not run the body of a check again."""
    assert directories(name)["source"] == only(*SOURCES).patterns
    assert not is_kept("SECURITY.md", directories(name)["source"])


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - CHECKED))
def test_source_may_have_any_file(name: str) -> None:
    """Another application has its Dockerfile, its sources and its settings where it likes."""
    for path in ("Dockerfile", "src/main.go", "requirements.txt", "environments/dev.yaml", "README.md"):
        assert is_kept(path, directories(name)["source"]), path


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - WITHOUT_TOOLS))
def test_programs_of_the_module_are_narrowed_to_what_runs(name: str) -> None:
    """A change of the application or of a test starts no container of deploy or of the emulator anew."""
    patterns = directories(name)["tools"]
    assert patterns == only(*TOOL_FILES).patterns
    for path in ("deploy/__main__.py", "lib/redaction.py", "emulator/seeds/rehearsal.yaml"):
        assert is_kept(path, patterns), path
        assert Path(path).exists()
    for path in ("ci/main.py", "app/server.py", "environments/dev.yaml", "tests/unit/deploy/test_options.py", ".env"):
        assert not is_kept(path, patterns), path


@pytest.mark.parametrize("project", ["accessory", "deploy", "emulator"])
def test_lock_file_of_a_program_comes_with_it(project: str) -> None:
    """Its container is made from these two files."""
    for file in ("pyproject.toml", "uv.lock"):
        assert is_kept(f"{project}/{file}", only(*TOOL_FILES).patterns)


def test_settings_have_no_default_path() -> None:
    """The default is a folder of the source, and a default path would be a folder of this module."""
    settings = FUNCTIONS["status"].parameters["settings"]
    assert (settings.default_path, settings.is_nullable) == (None, True)


def test_constructor_takes_no_directory() -> None:
    """With a directory as its argument, a changed file in it starts a Python for the constructor, too."""
    assert list(inspect.signature(Ci).parameters) == ["credentials"]


@EACH_DIRECTORY
@pytest.mark.parametrize(
    "path",
    [
        ".git/config",  # the history would be a key of every function
        "gha-creds-0123456789abcdef.json",  # google-github-actions/auth writes it into the workspace's own folder
        "app/gha-creds-0123456789abcdef.json",
        "iac/environments/dev/terraform.tfstate",  # may hold secrets, as the next one may
        "iac/environments/dev/dev.tfvars",
        "iac/.terraform/providers/x",
        "deploy/.venv/bin/python",
        "deploy/__pycache__/x.pyc",
        "web/node_modules/x/index.js",
    ],
)
def test_secrets_and_what_a_computer_made_are_in_no_directory(verb: str, argument: str, path: str) -> None:
    """They are no part of a repository."""
    assert not is_kept(path, directories(verb)[argument])


READ = {program.name: program.paths for program in programs(Path())} | {
    "policy": policy_checks.READS,
    "tools": policy_checks.TOOL_SOURCES,
    "lint": ["ruff.toml", "pyproject.toml", "ci/pyproject.toml", *shell_files(Path())],
}


@pytest.mark.parametrize("part", sorted(READ))
def test_everything_that_a_check_reads_is_in_the_input(part: str) -> None:
    """A file that is left out of the input is missing in every check."""
    patterns = directories("lint")["source"]
    missing = [path for path in READ[part] if not is_kept(path.removesuffix("/**"), patterns)]
    assert not missing


@pytest.fixture
def source(tmp_path: Path) -> Inputs:
    """The source of a small application, as a verb exports it."""
    (tmp_path / "Dockerfile").write_text("FROM scratch")
    return Inputs(tmp_path)


def test_rules_of_this_repository_are_not_run_on_another_one(source: Inputs) -> None:
    """--all-checks means the repository of the module."""
    with pytest.raises(RefusedError, match=r"--all-checks: the source has no folder 'policy'\. Fix: leave"):
        source.policy()


def test_named_check_without_a_project_is_refused(source: Inputs) -> None:
    """The error shows how the same gate is written as a command."""
    with pytest.raises(RefusedError) as refused:
        source.root_program()
    assert str(refused.value) == (
        "delivery.yaml: gates: 'types' and 'test' need pyproject.toml and uv.lock at the root of the source. "
        "Fix: add them, or write a gate as {name: test, image: …, run: …}"
    )


def test_wrong_project_file_is_refused(source: Inputs) -> None:
    """The exit code is that of configuration errors."""
    (source.folder / "uv.lock").touch()
    (source.folder / "pyproject.toml").write_text("[tool.delivery]\nnmae = 'web'")
    with pytest.raises(RefusedError, match=r"tool\.delivery\.nmae: unknown key\. Fix: did you mean 'name'"):
        source.programs()


@pytest.mark.parametrize(("context", "dockerfile"), [("web", "Dockerfile"), (".", "web.Dockerfile")])
def test_dockerfile_that_is_missing_is_refused_before_the_build(source: Inputs, context: str, dockerfile: str) -> None:
    """The engine would report a path of its own."""
    application = Application(image="web", port=1, context=context, dockerfile=dockerfile)
    with pytest.raises(RefusedError, match=f"dockerfile: the source has no file '{context}/{dockerfile}'. Fix: "):
        source.context(application)


def test_gate_that_would_read_nothing_is_refused(source: Inputs) -> None:
    """A mistyped path would leave the command an empty folder, in which it passes."""
    with pytest.raises(RefusedError, match=r"gates: 'unit': reads: the source has no 'scr'\. Fix: correct the path"):
        source.command(Gate("unit", "a", "b", ("scr",)))


def left_out(directory: object) -> list[str]:
    """Return what is left out of a part of the source."""
    [excluded] = [args["exclude"] for name, args in calls(directory) if name == "workdir"]
    return list(excluded)


def test_part_of_a_gate_is_narrowed_to_what_it_reads(source: Inputs) -> None:
    """Without `reads`, a gate reads the whole source."""
    (source.folder / "src").mkdir()
    everything = left_out(source.command(Gate("unit", "a", "b")))
    assert "**" not in everything
    assert left_out(source.command(Gate("unit", "a", "b", ("./src",))))[:2] == ["**", "!src"]
    assert is_kept("src/web.py", everything)


@pytest.mark.parametrize(
    "path", [".env", ".env.production", "web/.env.local", ".envrc", "web/id_ed25519", ".docker/config.json", "a.p12"]
)
def test_files_of_variables_are_in_no_gate_that_does_not_name_them(source: Inputs, path: str) -> None:
    """The image of a gate may be anybody's, and such files of a laptop usually hold secrets."""
    (source.folder / "web").mkdir()
    assert not is_kept(path, left_out(source.command(Gate("unit", "a", "b"))))
    assert not is_kept(path, left_out(source.command(Gate("unit", "a", "b", ("web",)))))
    assert not is_kept(path, left_out(source.linted().source))


def test_file_of_variables_that_a_gate_names_is_part_of_it(source: Inputs) -> None:
    """A committed file without secrets, such as .env.test, may be what a test needs; this repository has one, too."""
    for name in (".env", ".env.test"):
        (source.folder / name).touch()
    patterns = left_out(source.command(Gate("unit", "a", "b", ("./.env.test",))))
    assert is_kept(".env.test", patterns)
    assert not is_kept(".env", patterns)
    files = Inputs(Path()).programs()
    [own] = [left_out(part) for program, part in files.items() if program.name == "ci"]
    assert is_kept(".env", own)


@pytest.mark.parametrize(
    "path",
    ["ruff.toml", ".ruff.toml", "web/ruff.toml", "web/pyproject.toml", ".shellcheckrc", "bin/shellcheckrc", "a.pyi",
     "notebooks/a.ipynb"],
)  # fmt: skip
def test_lint_reads_the_configuration_of_the_source(source: Inputs, path: str) -> None:
    """Without a team's own files, lint would judge its code by the defaults of ruff and shellcheck."""
    assert is_kept(path, left_out(source.linted().source))
