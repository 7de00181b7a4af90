"""No arrow leads from app to its siblings: it is shipped alone."""

import ast
from pathlib import Path


def test_app_imports_no_sibling() -> None:
    files = [file for file in Path("app").rglob("*.py") if ".venv" not in file.parts]
    assert files
    imported = set()
    for node in (node for file in files for node in ast.walk(ast.parse(file.read_text()))):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module.split(".")[0])
    assert not imported & {"ci", "engine", "dagger"}
