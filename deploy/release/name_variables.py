"""
Names of images that variables or expressions of templates are parts of, and whether such a name may be a repository's.

A variable that the text sets to one literal value has this value; a path has none of the repository's parts. Any other
variable may stand for any text.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

_SHELL: Final = r"\$\w{1,100}|\$\{[^}\s]{0,100}\}|\$\([^)\n]{0,100}\)"
# `{{ x }}` of Jinja; `{x}`, `%s` and `%(x)s` of Python.
_TEMPLATE: Final = r"\{\{[^{}\n]{0,100}\}\}|\{[^{},\s\"'/]{0,100}\}|%\(\w{1,100}\)s|%s"
VARIABLE: Final = rf"(?:{_SHELL}|{_TEMPLATE})"

_PART: Final = rf"(?:{VARIABLE}|[\w.-]++|/|:(?:\d{{1,5}}|{VARIABLE})(?=/)|[\"'](?=[\w/$.-]))"
_NAME: Final = re.compile(
    r"(?P<other>(?:-v|--volume)[ =][\"']?|\b\w{0,100}PATH=[\"']?)?"  # a volume, or folders of programs
    r"(?P<key>\b[Ii]mage[\"']? ?[:=] ?[\"']?)?"
    rf"(?:(?<![\w./:@$-])|(?<=docker://)|(?<=:-))(?P<name>(?![\"'/]){_PART}{{2,60}}+)(?P<tag>[\"']?[:@](?![/\s\"']|$))?",
    re.ASCII,
)
_TOKEN: Final = re.compile(VARIABLE, re.ASCII)
_DEFAULT_PORT: Final = re.compile(rf":443(?=/)|:(?={VARIABLE}/)", re.ASCII)
_PLAIN: Final = re.compile(r"\$(?:(\w+)|\{(\w+)\})", re.ASCII)
_SETS: Final = re.compile(r"(?<![\w$-])([A-Za-z_]\w{0,99})(\+?=)|\b(?:for|read)[ \t]([^\n;|&<]{1,200})", re.ASCII)
_LITERAL: Final = re.compile(r"(?:\"([\w./:@-]*+)\"|'([\w./:@-]*+)'|([\w./:@-]*+))(?=[\s;&|)]|$)", re.ASCII)
_PATHS: Final = dict.fromkeys(("HOME", "PWD", "OLDPWD", "TMPDIR"), "/")


def variable_names(text: str, names: Sequence[str]) -> Iterator[tuple[int, int]]:
    """
    Yield start and end of each name of an image in a text that has variables, and may be one of some names.

    Such a name has a tag or a digest, or is the value of a key `image`.

    Args:
        text: value of a metadata entry.
        names: names of a repository.
    """
    values: Mapping[str, str] | None = None
    for match in _NAME.finditer(text):
        name = match["name"]
        if match["other"] or not (match["tag"] or match["key"]) or any(written in name for written in names):
            continue
        variables = len(_TOKEN.findall(name))
        if not variables or (variables == 1 and "/" not in _TOKEN.sub("", name)):
            continue
        values = _literal_values(text) if values is None else values
        literals = _literals(name, values)
        if any(_fits(literals, written) for written in names):
            yield match.span("name")


def _literal_values(text: str) -> dict[str, str]:
    """Return the value of each variable of a shell that a text sets to one literal value, in one way."""
    values: dict[str, set[str]] = {name: {path} for name, path in _PATHS.items()}
    unknown: set[str] = set()
    for match in _SETS.finditer(text):
        if match[3]:
            unknown.update(re.findall(r"\w+", match[3], re.ASCII))
        elif match[2] == "=" and (literal := _LITERAL.match(text, match.end())):
            values.setdefault(match[1], set()).add(
                next(value for value in (*literal.groups(), "") if value is not None)
            )
        else:
            unknown.add(match[1])
    return {name: min(each) for name, each in values.items() if len(each) == 1 and name not in unknown}


def _literals(name: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the literal texts of a name between its parts that are not known."""
    name, texts, end = _DEFAULT_PORT.sub("", name), [""], 0
    for token in _TOKEN.finditer(name):
        texts[-1] += name[end : token.start()]
        plain = _PLAIN.fullmatch(token[0])
        value = values.get(plain[1] or plain[2]) if plain else None
        if value is None:
            texts.append("")
        else:
            texts[-1] += value
        end = token.end()
    texts[-1] += name[end:]
    return tuple(re.sub(r"[\"']", "", text).lower() for text in texts)


def _fits(literals: Sequence[str], name: str) -> bool:
    """Return whether a name has some literal texts in their order, the first at its start and the last at its end."""
    first, last = literals[0], literals[-1]
    if len(literals) == 1:
        return name == first
    if not name.startswith(first):
        return False
    end = len(first)
    for literal in literals[1:-1]:
        index = name.find(literal, end)
        if index < 0:
            return False
        end = index + len(literal)
    return name.endswith(last) and len(name) - len(last) >= end
