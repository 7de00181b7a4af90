"""Counts in the output of tools, as pytest and mypy print them."""

import pytest

from ci import counts


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("....\n======================= 721 passed in 330.16s (0:05:30) ========================\n", "721 passed"),
        ("TOTAL 97%\n487 passed in 14.20s\n", "487 passed"),
        ("===== 1 passed, 2 skipped, 3 warnings in 0.50s =====", "1 passed, 2 skipped, 3 warnings"),
        ("=== 1 passed in 1.00s ===\n=== 2 passed, 1 xfailed in 61.00s (0:01:01) ===\n", "2 passed, 1 xfailed"),
        ("another tool\nall is well\n", "all is well"),
        ("", "passed"),
    ],
)
def test_counts_of_pytest(output: str, text: str) -> None:
    """The last line of pytest is shortened to its counts."""
    assert counts.tests(output) == text


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("Success: no issues found in 28 source files\n", "28 files"),
        ("Success: no issues found in 1 source file\n", "1 file"),
        ("pyproject.toml: note: unused section\nSuccess: no issues found in 16 source files\n", "16 files"),
        ("another tool\n", "another tool"),
        ("", "passed"),
    ],
)
def test_files_of_mypy(output: str, text: str) -> None:
    """The last line of mypy is shortened to the number of files."""
    assert counts.files(output) == text
