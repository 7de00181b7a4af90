"""One page: a group over time, live or as the replay of a finished rollout."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

_PAGE: Final = Path(__file__).with_name("page.html")
_MARK: Final = '<script id="recorded" type="application/json">null</script>'


def live() -> str:
    """Return the page, which asks the emulator for what it shows."""
    return _PAGE.read_text()


def replay(entries: Sequence[dict[str, Any]], state: dict[str, Any]) -> str:
    """
    Return the page with everything that it shows inside it: one file that needs nothing else.

    Args:
        entries: Of the ledger, kind `group`.
        state: Of the emulator at the end.
    """
    # No "<" at all: "</script" would end the element, and "<!--<script" would keep its own end from ending it.
    recorded = json.dumps({"entries": list(entries), "state": state}).replace("<", "\\u003c")
    return _PAGE.read_text().replace(_MARK, f'<script id="recorded" type="application/json">{recorded}</script>')
