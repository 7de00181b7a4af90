"""Errors name commands in backticks, which a run replaces by the whole command line."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.options import Invocation, Options, read_variables
from deploy.verbs import VERBS

# A verb behind "run" or "see", or with an option, that no backtick precedes.
BARE = re.compile(rf"\b(?:run|see|run again) (?:{'|'.join(VERBS)})\b|(?<!`)\b(?:{'|'.join(VERBS)}) --[a-z]")


def texts(source: str) -> Iterator[str]:
    """Yield the texts of a module, without docstrings; a formatted text without its values."""
    tree = ast.parse(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {id(node.body[0].value) for node in ast.walk(tree) if isinstance(node, documented) and node.body
                  and isinstance(node.body[0], ast.Expr)}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def bare_hints(source: str) -> list[str]:
    """Return the texts of a module that name a command without backticks."""
    return [text for text in texts(source) if BARE.search(text)]


def test_no_hint_names_a_verb_without_backticks() -> None:
    """A verb that a person is to type stands in backticks, so that reports print the whole command line."""
    hints = {path: bare_hints(path.read_text()) for path in Path("deploy").rglob("*.py") if ".venv" not in path.parts}
    assert len(hints) > 100
    assert {path: found for path, found in hints.items() if found} == {}


@pytest.mark.parametrize("text", ["run reconcile", "see status", "name a release: rollback --to X"])
def test_planted_hint_is_found(text: str) -> None:
    """Each form of a hint without backticks is found, and the same hint in backticks is not."""
    assert bare_hints(f'"""Run reconcile."""\nfix = "{text}"\n') == [text]
    verb = re.sub(rf"((?:{'|'.join(VERBS)}).*)", r"`\1`", text)
    assert bare_hints(f'fix = "{verb}"\n') == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_in_backticks_is_replaced(verb: str) -> None:
    """A verb that is added to the program is replaced in errors, too."""
    invocation = Invocation("deploy", Options(env="dev"), read_variables({}, "mig-deploy"))
    assert invocation.with_commands(f"run `{verb}`") == f"run `mig-deploy {verb} --env dev`"
