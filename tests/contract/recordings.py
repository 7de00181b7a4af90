"""The recordings of exchanges with Compute Engine that are committed: recordings/RUN/STEP.jsonl, made by `acceptance`."""

from pathlib import Path
from typing import Final

from acceptance.claims import Verdict, verdicts
from acceptance.exchange import Exchange, read_exchanges

_FOLDER: Final = Path(__file__).parent / "recordings"


def runs() -> list[tuple[Exchange, ...]]:
    """Return the exchanges of each run, oldest first."""
    folders = sorted(folder for folder in _FOLDER.iterdir() if folder.is_dir())
    return [read_exchanges(sorted(folder.glob("*.jsonl"))) for folder in folders]


def row_verdicts() -> dict[str, Verdict]:
    """Return what all recordings together show of each row of FIDELITY.md."""
    return verdicts([exchange for run in runs() for exchange in run])
