"""The counts in the output of a tool, as the summary prints them: pure."""

import re
from typing import Final

_PYTEST: Final = re.compile(r"^=* ?((?:\d+ [a-z]+(?:, )?)+) in [\d.]+s.*$", re.MULTILINE)
_MYPY: Final = re.compile(r"^Success: no issues found in (\d+) source files?$", re.MULTILINE)


def tests(output: str) -> str:
    """Return the counts of pytest's last line, such as `487 passed, 2 skipped`; without them that line itself."""
    counted = _PYTEST.findall(output)
    return counted[-1] if counted else _last_line(output)


def files(output: str) -> str:
    """Return how many files mypy checked, such as `28 files`; without the number its last line itself."""
    counted = _MYPY.findall(output)
    return f"{counted[-1]} file{'' if counted[-1] == '1' else 's'}" if counted else _last_line(output)


def _last_line(output: str) -> str:
    return (output.strip().splitlines() or ["passed"])[-1]
