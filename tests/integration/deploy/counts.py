"""What tests have counted, for the end of pytest's output."""

LINES: list[str] = []
