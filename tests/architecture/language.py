"""Words that need a guess: vague names that last for many lines, and `Args` entries without a noun."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

VAGUE_NAMES: Final = ("one", "found", "said", "told", "meant")
LONGEST_USE: Final = 5  # lines, the binding and the last use included
_FRAGMENT: Final = re.compile(r"\s*\*{0,2}(\w+)(?: \([^)]*\))?:\s+(of|that|its|from|whose)\b", re.IGNORECASE)
_ENTRY: Final = re.compile(r"\s*\*{0,2}\w+(?: \([^)]*\))?:\s")
_SECTION: Final = re.compile(r"^(Args|Attributes):$")
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SCOPES: Final = (ast.Module, ast.ClassDef, *_FUNCTIONS, *_COMPREHENSIONS)


@dataclass(frozen=True)
class Binding:
    """
    A vague name that a scope binds.

    Args:
        name: the name.
        line: number of the line that binds the name.
        lines: number of lines from the binding to the last use; 0 if modules, classes or objects hold the name.
    """

    name: str
    line: int
    lines: int

    @property
    def is_long(self) -> bool:
        """Whether the name is used too far from its binding."""
        return not 0 < self.lines <= LONGEST_USE


def bindings(tree: ast.AST) -> Iterator[Binding]:
    """Return every binding of a vague name, in every scope of a module."""
    for scope in ast.walk(tree):
        if isinstance(scope, _SCOPES):
            lines = sorted(_bound(scope))
            for index, (name, line) in enumerate(lines):
                next_line = next((later for other, later in lines[index + 1 :] if other == name), None)
                yield Binding(name, line, _lines_of_use(scope, name, line, next_line))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr in VAGUE_NAMES:
            yield Binding(node.attr, node.lineno, 0)


def fragments(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Return line and text of every entry of an `Args` or `Attributes` section that begins without a noun."""
    for line, entry in argument_entries(tree):
        if _FRAGMENT.match(entry):
            yield line, entry.strip()


def argument_entries(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Return line and text of every entry of an `Args` or `Attributes` section."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        text = ast.get_docstring(node) or ""
        section_indent = None
        first = node.body[0].lineno if node.body else 0
        for number, line in enumerate(text.splitlines()):
            indent = len(line) - len(line.lstrip())
            if _SECTION.match(line.strip()):
                section_indent = indent
            elif line.strip() and section_indent is not None and indent <= section_indent:
                section_indent = None
            elif section_indent is not None and indent == section_indent + 4 and _ENTRY.match(line):
                yield first + number + 1, line


def problems(file: Path) -> Iterator[str]:
    """Name every vague name and every fragment of a file, with what to do."""
    tree = ast.parse(file.read_text())
    for binding in bindings(tree):
        if binding.is_long:
            yield f"{file}:{binding.line}: the name '{binding.name}' says nothing. Fix: use a noun of the domain."
    for line, entry in fragments(tree):
        yield f"{file}:{line}: '{entry}' has no noun of its own. Fix: write what the argument is."


def _bound(scope: ast.AST) -> Iterator[tuple[str, int]]:
    """Names that a scope itself binds, with their lines."""
    if isinstance(scope, _FUNCTIONS):
        for argument in ast.walk(scope.args):
            if isinstance(argument, ast.arg) and argument.arg in VAGUE_NAMES:
                yield argument.arg, argument.lineno
    for node in _own_nodes(scope):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.ExceptHandler(name=str(name)):
                names = [name]
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                names = [name]
            case ast.Import() | ast.ImportFrom():
                names = [alias.asname or alias.name for alias in node.names]
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names = [name]
            case _:
                names = []
        for name in set(names) & set(VAGUE_NAMES):
            yield name, node.lineno  # type: ignore[attr-defined]  # each of these kinds has a line


def _own_nodes(scope: ast.AST) -> Iterator[ast.AST]:
    """Nodes of a scope without those of the scopes inside; an inner function or class itself is among them."""
    inside = list(ast.iter_child_nodes(scope))
    while inside:
        node = inside.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if not isinstance(node, _SCOPES):
            inside.extend(ast.iter_child_nodes(node))


def _lines_of_use(scope: ast.AST, name: str, line: int, next_line: int | None) -> int:
    if isinstance(scope, ast.Module | ast.ClassDef):
        return 0
    first = 0 if isinstance(scope, _COMPREHENSIONS) else line  # a comprehension uses its names before it binds them
    uses = [
        node.lineno
        for node in ast.walk(scope)
        if isinstance(node, ast.Name) and node.id == name and node.lineno >= first
        if next_line is None or node.lineno < next_line
    ]
    return max([line, *uses]) - min([line, *uses]) + 1
