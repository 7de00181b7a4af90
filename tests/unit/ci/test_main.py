"""The registration contract of the module: what Dagger and `--help` know of every function."""

import typing

import dagger
import pytest

from ci.main import Ci
from ci.steps.check import PROGRAM

CHECKS = {"lint", "types", "test", "policy"}
EFFECTS = {
    "publish", "deploy", "pipeline", "plan", "rollback", "status", "history", "report", "reconcile", "prune",
    "reset_local",
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


@pytest.mark.parametrize("field", ["source", *(f"{name}_source" for name in PROGRAM)])
def test_git_is_in_no_input(field: str) -> None:
    hints = typing.get_type_hints(Ci, include_extras=True)[field]
    patterns = next(meta.patterns for meta in hints.__metadata__ if isinstance(meta, dagger.Ignore))
    assert patterns[0] == "**"
    assert not [pattern for pattern in patterns if pattern.startswith("!.git")]
