"""
Names of a repository that the text does not hold as they are: composed of parts, with variables, or another name.

Expressions of templates (Jinja, formats of Python) count as variables. Whether a name with several variables may be the
repository's is decided by `name_variables`.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from deploy.release.name_variables import VARIABLE, variable_names
from deploy.release.registry_names import other_names

_CLOSED: Final = (
    r"(?:\$\{[^}\s]{0,100}\}|\$\([^)\n]{0,100}\)|\{\{[^{}\n]{0,100}\}\}|\{[^{},\s\"'/]{0,100}\}|%\(\w{1,100}\)s|%s)"
)
_DELIMITED: Final = rf"(?:\$\w{{1,100}}[\"']|{_CLOSED}[\"']?)"
_ADDED: Final = r"\+=? ?f?[\"']/?"  # the rest of a name, which is added to a text
_INTERRUPTION: Final = r"(?:[\"'\\]|\\\n){0,4}"
_START: Final = r"(?:(?<![\w./:@-])|(?<=docker://)|(?<=:-)|(?<=\\[ntr]))"
_END: Final = r"(?![\w/-]|\.\w)"


def composed_names(text: str, repository: str) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and reason of each name in a text that may be the repository's without being written out."""
    spans: list[tuple[int, int]] = []
    for why, pattern in _patterns(repository):
        for match in pattern.finditer(text):
            if match[0] != repository:
                spans.append(match.span())
                yield *match.span(), why
    spans.sort()
    for start, end in variable_names(text, (repository, *other_names(repository))):
        before = bisect_right(spans, (end, 0)) - 1
        if before < 0 or spans[before][1] <= start:
            yield start, end, "variables stand for parts of its name"


@lru_cache(maxsize=64)
def _patterns(repository: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    parts = repository.split("/")
    last = rf"{re.escape(parts[-1])}(?=[\"']?[:@][^/])"  # the last part alone may be a folder
    ends = [re.escape("/".join(parts[index:])) for index in range(1, len(parts) - 1)]
    slash = f"{_INTERRUPTION}/{_INTERRUPTION}"
    host, path = re.escape(parts[0]), slash.join(re.escape(part) for part in parts[1:])
    behind_variable = rf"{VARIABLE}[\"']?/(?:{'|'.join([*ends, last])}){_END}|{_DELIMITED}{last}"
    sources = {
        "a variable stands for the beginning of its name":
            rf"{behind_variable}|{_ADDED}(?:{'|'.join([*ends, last])}){_END}",
        "quotes, a line break or a port interrupt its name":
            rf"(?<![\w./:@-]){host}(?::443)?{slash}{path}{_END}",
    }  # fmt: skip
    escaped = r"\\/".join(map(re.escape, parts))
    sources["its slashes are escaped, as in a command of sed"] = rf"(?<=[^\\]/){escaped}{_END}"
    if len(parts) > 2:  # behind a host alone, a variable may stand for any repository
        folder = re.escape("/".join(parts[:-1]))
        ending = rf"{VARIABLE}{_END}|[\"'] ?\+ ?\w"
        sources["a variable stands for the end of its name"] = rf"{folder}[\"']?/(?:[\"']?{ending})"
    if others := other_names(repository):
        names = (re.escape(name) + ("" if "/" in name else r"(?=[:@]\w)") for name in others)
        sources["a short name or another host of Docker Hub stands for it"] = rf"{_START}(?:{'|'.join(names)}){_END}"
    return tuple((why, re.compile(source, re.ASCII)) for why, source in sources.items())
