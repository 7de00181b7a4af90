"""Counts of tests, which pytest prints at its end."""

LINES: list[str] = []
