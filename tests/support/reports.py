"""Text reports of deploy, without the line breaks that fit them into 80 columns."""

import re


def unwrapped(report: str) -> str:
    """Return a report with one line for each fact, command and row, and for a reason with its fix."""
    return re.sub(r"(?: \\)?\n(?: {4,}(?=\S)|  (?=Fix: ))", " ", report)
