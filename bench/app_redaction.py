"""
Time of the AI server's redaction of personal data: `.venv/bin/python bench/app_redaction.py`.

The output has the slowest kind of text with its seconds of processor time for 256 and 1,024 KiB, and the milliseconds
for a page of 2,000 characters with 100 numbers and for a log line.
"""

import sys
import time
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from app.pii import redact
from tests.support.app_fakes.slow_texts import UNITS

_SIZES_KIB: Final = (256, 1_024)
_REPETITIONS: Final = 200
_PAGE: Final = "임차인: 010-1234-5678, " * 100
_LINE: Final = "application startup complete after 0.42 s, waiting for requests"


def seconds(text: str, times: int = 1) -> float:
    """Return the processor time of a redaction."""
    started_s = time.process_time()
    for _ in range(times):
        redact(text, with_names=True)
    return (time.process_time() - started_s) / times


def main() -> None:
    """Print a line for each figure."""
    redact("")  # imports what it needs
    texts = {unit: unit * (_SIZES_KIB[-1] * 1024 // len(unit)) for unit in UNITS}
    slowest = max(texts, key=lambda unit: seconds(texts[unit]))
    for size_kib in _SIZES_KIB:
        text = texts[slowest][: size_kib * 1024]
        print(f"{len(UNITS)} kinds, the slowest {slowest!r}, {size_kib:,} KiB: {seconds(text):.2f} s")
    print(f"a page of {len(_PAGE):,} characters: {seconds(_PAGE, _REPETITIONS) * 1000:.2f} ms")
    print(f"a log line: {seconds(_LINE, _REPETITIONS) * 1000:.3f} ms")


if __name__ == "__main__":
    main()
