"""
The recordings of exchanges with Compute Engine that are committed: recordings/RUN/STEP.jsonl, made by `acceptance`.

RECORDINGS names another folder of runs, to replay a run before it is committed.
"""

import os
from functools import cache
from pathlib import Path
from typing import Final

from acceptance.claims import Verdict, verdicts
from acceptance.exchange import Exchange, read_exchanges

_FOLDER: Final = Path(os.environ.get("RECORDINGS") or Path(__file__).parent / "recordings")


def runs() -> tuple[tuple[Exchange, ...], ...]:
    """Return the exchanges of each run, oldest first."""
    return _runs(_FOLDER)


def row_verdicts() -> dict[str, Verdict]:
    """Return what all recordings together show of each row of FIDELITY.md."""
    return _row_verdicts(_FOLDER)


@cache
def _runs(folder: Path) -> tuple[tuple[Exchange, ...], ...]:
    folders = sorted(run for run in folder.iterdir() if run.is_dir())
    return tuple(read_exchanges(sorted(run.glob("*.jsonl"))) for run in folders)


@cache
def _row_verdicts(folder: Path) -> dict[str, Verdict]:
    return verdicts([exchange for run in _runs(folder) for exchange in run])
