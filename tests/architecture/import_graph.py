"""Imports of every module below a folder, and what breaks the rules of `arrows.py` in them."""

import graphlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

import grimp

from tests.architecture import arrows
from tests.architecture.arrows import Arrow

_UNREAD: Final = {".venv", "__pycache__", "node_modules"}


class ImportGraph:
    """
    Modules and their imports, from source alone: no module is run.

    Args:
        graph: modules of `roots`, and what they import, as grimp reads it.
        roots: names of the top-level packages that are this repository's.
    """

    def __init__(self, graph: grimp.ImportGraph, roots: tuple[str, ...]) -> None:
        self._graph = graph
        self.modules = sorted(module for module in graph.modules if module.split(".")[0] in roots)

    def imported_by(self, module: str) -> list[str]:
        """Modules of this repository, and top-level names of other packages, that a module imports."""
        return sorted(self._graph.find_modules_directly_imported_by(module))

    def chain(self, importer: str, imported: str) -> tuple[str, ...]:
        """Modules of the shortest way of imports from one module to another; empty without any."""
        if imported not in self._graph.modules:
            return ()
        return self._graph.find_shortest_chain(importer, imported) or ()


def read_imports(roots: tuple[str, ...]) -> ImportGraph:
    """Read the imports of packages that Python's path leads to; imports for type checkers count too."""
    first, *others = roots
    graph = grimp.build_graph(first, *others, include_external_packages=True, cache_dir=None)
    return ImportGraph(graph, roots)


def is_within(module: str, package: str) -> bool:
    """Whether a module is a package, or a part of it."""
    return module == package or module.startswith(f"{package}.")


def folder_of(module: str, table: Iterable[Arrow]) -> str:
    """The row of the table that a module belongs to: the longest name that contains the module."""
    names = {arrow.importer for arrow in table}
    return max((name for name in names if is_within(module, name)), key=len, default=module)


def forbidden_imports(graph: ImportGraph, table: tuple[Arrow, ...]) -> Iterator[str]:
    """Name every import between two folders that the table does not allow."""
    row_of = {arrow.importer: arrow for arrow in table}
    for module in graph.modules:
        importer = folder_of(module, table)
        if importer not in row_of:
            yield f"{module}: no row of ARROWS contains this module. Fix: add a row, with its reason."
            continue
        row = row_of[importer]
        for imported in graph.imported_by(module):
            folder = folder_of(imported, table)
            if imported.split(".")[0] not in arrows.ROOTS or folder in (importer, *row.imported):
                continue
            allowed = ", ".join(row.imported) or "no other folder"
            yield (
                f"{module} imports {imported}, but {importer} may import {allowed}: {row.reason}. "
                f"Fix: move what is needed into a folder that {importer} may import."
            )


def folders_without_row(graph: ImportGraph, table: tuple[Arrow, ...]) -> Iterator[str]:
    """Name every folder of a divided root that is not below a row of the table."""
    packages = {module.rpartition(".")[0] for module in graph.modules}
    for package in sorted({module.rpartition(".")[0] for module in graph.modules if module not in packages}):
        if folder_of(package, table) in arrows.DIVIDED and "." in package:
            yield f"{package}: no row of ARROWS. Fix: add one with what the folder may import, and the reason."


def circles(graph: ImportGraph) -> Iterator[str]:
    """Name a circle of imports, if there is any."""
    imported = {module: set(graph.imported_by(module)) & set(graph.modules) for module in graph.modules}
    try:
        graphlib.TopologicalSorter(imported).prepare()
    except graphlib.CycleError as error:
        *circle, _ = error.args[1]
        first = circle.index(min(circle))
        way = [*circle[first:], *circle[:first], min(circle)]
        yield (
            f"{' is imported by '.join(way)}: a circle; none of these modules can be understood alone. "
            "Fix: move what both ends need into a module of its own."
        )


def effects(graph: ImportGraph, pure: Iterable[str], effectful: Mapping[str, str]) -> Iterator[str]:
    """Name, for every pure module, the shortest way of imports to an effectful module that is not pure."""
    pure_modules = {module for module in graph.modules if any(is_within(module, name) for name in pure)}
    targets = dict(effectful)
    targets |= {module: effectful[name] for name in effectful for module in graph.modules if is_within(module, name)}
    targets = {module: reason for module, reason in targets.items() if module not in pure_modules}
    for module in graph.modules:
        if module in pure_modules:
            ways = [(graph.chain(module, target), reason) for target, reason in targets.items()]
            for way, reason in sorted((way for way in ways if way[0]), key=lambda way: len(way[0]))[:1]:
                yield f"{' imports '.join(way)}: {reason}. Fix: pass the value that the effect returns."


def foreign_clients(graph: ImportGraph, clients: Mapping[str, tuple[tuple[str, ...], str]]) -> Iterator[str]:
    """Name every import of a client library outside the folders that may use that library."""
    for module in graph.modules:
        for client in clients.keys() & set(graph.imported_by(module)):
            users, reason = clients[client]
            if not any(is_within(module, user) for user in users):
                yield f"{module} imports {client}: {reason}. Fix: use the program's own client."


def python_files(root: Path, folders: Iterable[str]) -> Iterator[Path]:
    """Return the Python files of some folders, relative to their root."""
    for folder in folders:
        for file in sorted((root / folder).rglob("*.py")):
            if _UNREAD.isdisjoint(file.parts):
                yield file.relative_to(root)


def long_files(root: Path, folders: Iterable[str], longest: int) -> Iterator[tuple[str, int]]:
    """Return every Python file that has too many lines, with their number."""
    for file in python_files(root, folders):
        lines = len((root / file).read_text().splitlines())
        if lines > longest:
            yield file.as_posix(), lines
