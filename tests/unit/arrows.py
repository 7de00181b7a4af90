"""Which packages a program imports: no arrow leads from one program of this repository to another."""

import ast
from pathlib import Path


def imported(program: str) -> set[str]:
    """Top-level names of everything that any file of a program imports."""
    files = [file for file in Path(program).rglob("*.py") if ".venv" not in file.parts]
    assert files, f"{program}/ has no Python"
    names: set[str] = set()
    for node in (node for file in files for node in ast.walk(ast.parse(file.read_text()))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names
