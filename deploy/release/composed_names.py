"""Names of a repository that are composed of parts, so that the text does not hold the plain name."""

import re
from collections.abc import Iterator
from functools import lru_cache

_VARIABLE = r"(?:\$\w{1,100}|\$\{[^}\s]{0,100}\}|\$\([^)\n]{0,100}\))"
_DELIMITED = r"(?:\$\w{1,100}[\"']|(?:\$\{[^}\s]{0,100}\}|\$\([^)\n]{0,100}\))[\"']?)"
_INTERRUPTION = r"(?:[\"'\\]|\\\n){0,4}"
_END = r"(?![\w/-]|\.\w)"


def composed_names(text: str, repository: str) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and reason of each name in a text that may be the repository's without being written out."""
    for why, pattern in _patterns(repository):
        for match in pattern.finditer(text):
            if match[0] != repository:
                yield match.start(), match.end(), why


@lru_cache(maxsize=64)
def _patterns(repository: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    parts = repository.split("/")
    last = rf"{re.escape(parts[-1])}(?=[\"']?[:@][^/])"  # the last part alone may be a folder
    ends = [re.escape("/".join(parts[index:])) for index in range(1, len(parts) - 1)]
    slash = f"{_INTERRUPTION}/{_INTERRUPTION}"
    host, path = re.escape(parts[0]), slash.join(re.escape(part) for part in parts[1:])
    sources = {
        "a variable stands for the beginning of its name":
            rf"{_VARIABLE}[\"']?/(?:{'|'.join([*ends, last])}){_END}|{_DELIMITED}{last}",
        "quotes, a line break or a port interrupt its name":
            rf"(?<![\w./:@-]){host}(?::443)?{slash}{path}{_END}",
    }  # fmt: skip
    if len(parts) > 2:  # behind a host alone, a variable may stand for any repository
        folder = re.escape("/".join(parts[:-1]))
        sources["a variable stands for the end of its name"] = rf"{folder}[\"']?/[\"']?{_VARIABLE}{_END}"
    return tuple((why, re.compile(source, re.ASCII)) for why, source in sources.items())
