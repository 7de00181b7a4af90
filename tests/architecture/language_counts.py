"""Prints how many vague names and fragments each folder has: `python -m tests.architecture.language_counts`."""

import ast
from collections import Counter
from pathlib import Path

from tests.architecture.arrows import ROOTS
from tests.architecture.import_graph import python_files
from tests.architecture.language import VAGUE_NAMES, argument_entries, bindings, fragments

_COLUMNS = (*VAGUE_NAMES, "long", "fragments", "entries")


def counts_of(file: Path) -> Counter[str]:
    """Count the bindings of each vague name, those that last too long, the fragments, and all entries."""
    tree = ast.parse(file.read_text())
    counts = Counter(binding.name for binding in bindings(tree))
    counts["long"] = sum(binding.is_long for binding in bindings(tree))
    counts["fragments"] = len(list(fragments(tree)))
    counts["entries"] = len(list(argument_entries(tree)))
    return counts


def main() -> None:
    """Print a row for each folder, and their sum."""
    rows: dict[str, Counter[str]] = {}
    for file in python_files(Path(), ROOTS):
        folder = "/".join(file.parts[:-1][:3])
        rows[folder] = rows.get(folder, Counter()) + counts_of(file)
    rows["all"] = sum(rows.values(), Counter())
    print(f"{'folder':30}", *(f"{column:>9}" for column in _COLUMNS))
    for folder, counts in rows.items():
        print(f"{folder:30}", *(f"{counts[column]:9}" for column in _COLUMNS))


if __name__ == "__main__":
    main()
