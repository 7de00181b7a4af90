"""The registration contract of the module: what Dagger and `--help` know of every function."""

import fnmatch
import typing

import dagger
import pytest

from ci.main import Ci
from ci.steps.check import PROGRAM

CHECKS = {"lint", "types", "test", "policy"}
EFFECTS = {
    "publish", "deploy", "pipeline", "plan", "rollback", "status", "history", "report", "reconcile", "prune",
    "reset_local", "accessory",
}  # fmt: skip
FUNCTIONS = Ci.__dagger_object_type__.functions  # type: ignore[attr-defined]


def test_every_function_is_known() -> None:
    assert set(FUNCTIONS) == CHECKS | EFFECTS | {"build", "smoke", "registry", "emulator", "tools"}


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_function_and_argument_is_documented(name: str) -> None:
    function = FUNCTIONS[name]
    assert function.doc
    for argument in function.parameters.values():
        assert argument.doc, f"{name} --{argument.name}"


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_effects_and_nothing_else_are_never_cached(name: str) -> None:
    assert (FUNCTIONS[name].cache_policy == "never") == (name in EFFECTS)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_checks_need_no_argument(name: str) -> None:
    assert bool(FUNCTIONS[name].check) == (name in CHECKS)
    if name in CHECKS:
        assert not FUNCTIONS[name].parameters


def inputs() -> dict[str, list[str]]:
    """What is left out of each directory that comes with a call without being asked for."""
    return {
        field: meta.patterns
        for field, hint in typing.get_type_hints(Ci, include_extras=True).items()
        for meta in getattr(hint, "__metadata__", ())
        if isinstance(meta, dagger.Ignore)
    }


def brought_back(field: str) -> list[str]:
    """What an input keeps of a repository of which everything is left out first."""
    everything, *patterns = inputs()[field]
    assert everything == "**"
    return [pattern.removeprefix("!").strip("/") for pattern in patterns if pattern.startswith("!")]


def test_every_directory_is_narrowed() -> None:
    hints = typing.get_type_hints(Ci)
    assert set(inputs()) == {field for field, hint in hints.items() if hint is dagger.Directory}
    assert {"source", *(f"{name}_source" for name in PROGRAM)} <= set(inputs())


@pytest.mark.parametrize("field", inputs())
def test_git_is_in_no_input(field: str) -> None:
    assert not [one for one in brought_back(field) if fnmatch.fnmatchcase(".git/config", one) or one == ".git"]


@pytest.mark.parametrize("field", inputs())
def test_credential_file_of_a_workflow_is_in_no_input(field: str) -> None:
    """google-github-actions/auth writes it into the workspace's own folder, beside the sources."""
    assert not [one for one in brought_back(field) if fnmatch.fnmatchcase("gha-creds-0123456789abcdef.json", one)]
