"""Spans of time for people: pure."""


def duration(seconds: float) -> str:
    """Return the length of a run or of a part of it, such as `90 s` or `2 min 5 s`."""
    whole = round(seconds)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"


def age(seconds: float) -> str:
    """Return a span of time in its two largest units, such as `3 h 12 min`."""
    whole = max(0, int(seconds))
    units = ((whole // 86_400, "d"), (whole // 3_600 % 24, "h"), (whole // 60 % 60, "min"), (whole % 60, "s"))
    first = next((index for index, (count, _) in enumerate(units) if count), 3)
    return " ".join(f"{count} {unit}" for count, unit in units[first : first + 2] if count or first == 3)
