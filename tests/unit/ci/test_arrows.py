"""No arrow leads from ci to its siblings: it runs the others as programs."""

import ast
from pathlib import Path


def test_ci_imports_no_sibling() -> None:
    files = [file for file in Path("ci").rglob("*.py") if ".venv" not in file.parts]
    assert files
    imported = set()
    for node in (node for file in files for node in ast.walk(ast.parse(file.read_text()))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module.split(".")[0])
    assert not imported & {"app", "engine"}
