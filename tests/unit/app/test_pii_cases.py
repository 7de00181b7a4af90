"""The share of personal data that is replaced, and of texts of a lease that are damaged, by three sets of texts."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.pii import redact
from tests.unit.app.pages_of_docs import DOCS

# given.json was there before the rules, held.json was written before them, wide.json by trying to get past them.
FOLDER = Path(__file__).parent / "pii_cases"
SETS = ("given", "held", "wide")
LEAST_REPLACED = 0.97
MOST_DAMAGED = 0.02


@pytest.mark.parametrize("name", SETS)
def test_share_of_personal_data_and_of_damaged_texts(name: str, record_property: Callable[[str, object], None]) -> None:
    """At least 97 % of the required rows are replaced, at most 2 % of the texts to keep are touched, as in the docs."""
    rows = json.loads((FOLDER / f"{name}.json").read_text())
    required = [row for row in rows["redact"] if row["required"]]
    remaining = [row["text"] for row in required if not is_replaced(row)]
    touched = [text for text in rows["keep"] if redact(text) != text]
    record_property("table", table(name, rows, touched))
    assert len(remaining) <= (1 - LEAST_REPLACED) * len(required), remaining
    assert len(touched) <= MOST_DAMAGED * len(rows["keep"]), touched
    figures = (f"{len(required) - len(remaining)} of {len(required)}", f"{len(touched)} of {len(rows['keep'])}")
    (row,) = (line for line in (DOCS / "ai-server.md").read_text().splitlines() if line.startswith(f"| {name}.json"))
    assert row.endswith(f"| {' | '.join(figures)} |"), f"docs/ai-server.md, Personal data: {row}"


@pytest.mark.parametrize("name", ["given", "held"])
def test_names_are_replaced_by_the_option(name: str) -> None:
    """With names, every row of the kind `name` is replaced, and the texts to keep stay as they are without."""
    rows = json.loads((FOLDER / f"{name}.json").read_text())
    names = [row for row in rows["redact"] if row["kind"] == "name"]
    assert names
    assert [row["text"] for row in names if row["must_go"][0] in redact(row["text"], with_names=True)] == []
    assert [text for text in rows["keep"] if redact(text, with_names=True) != redact(text)] == []


def is_replaced(row: dict[str, Any]) -> bool:
    """Whether nothing that must go remains."""
    return not any(part in redact(row["text"]) for part in row["must_go"])


def table(name: str, rows: dict[str, Any], touched: list[str]) -> str:
    """Return a line for each kind, and for the texts to keep."""
    kinds = Counter((row["kind"], row["required"]) for row in rows["redact"])
    replaced = Counter((row["kind"], row["required"]) for row in rows["redact"] if is_replaced(row))
    lines = [f"{name:18} {'required':>8} {'redacted':>10} {'share':>6}"]
    for (kind, required), count in kinds.items():
        redacted_rows = replaced[kind, required]
        lines.append(
            f"{kind:18} {'yes' if required else 'no':>8} {redacted_rows:>4} of {count:>2} {redacted_rows / count:>6.0%}"
        )
    return "\n".join((*lines, f"keep: {len(touched)} of {len(rows['keep'])} touched"))
