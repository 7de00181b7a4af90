"""Mappings of a YAML file whose keys and values are checked; an error names the line and the path of the key."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import yaml

from ci.errors import RefusedError

# The errors that PyYAML raises, beside YAMLError, for values that it cannot read.
CONSTRUCTOR_ERRORS: Final = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
_TEXT: Final = "tag:yaml.org,2002:str"
_INTEGER: Final = "tag:yaml.org,2002:int"
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SHOWN: Final = 60


@dataclass(frozen=True)
class Form:
    """
    The form of a text.

    Args:
        pattern: regular expression of the whole text
        expected: description of the form, for the error
    """

    pattern: str
    expected: str

    def fits(self, text: str) -> bool:
        """Return whether a text has this form."""
        return bool(re.fullmatch(self.pattern, text))


def parse_document(file: str, text: str) -> yaml.Node | None:
    """
    Return the root node of a YAML text; None where it is empty.

    Raises:
        RefusedError: the text is no YAML
    """
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise RefusedError(f"{file}: {error}. Fix: correct the YAML") from error
    except CONSTRUCTOR_ERRORS as error:
        raise RefusedError(
            f"{file}: cannot be read: {str(error) or 'nested too deep'}. Fix: correct the YAML"
        ) from error


@dataclass(frozen=True)
class Item:
    """
    A node of the file.

    Args:
        node: the node
        file: name of the file
        path: path of the key, such as `paths.health`
    """

    node: yaml.Node
    file: str
    path: str

    @property
    def here(self) -> str:
        """The place of the node, for an error."""
        return _place(self.file, self.path, self.node)

    @property
    def is_mapping(self) -> bool:
        """Whether the node has keys with values."""
        return isinstance(self.node, yaml.MappingNode)

    def scalar(self, form: Form) -> str:
        """Return a text of a form; a whole number counts as its digits."""
        value = self.node.value
        if not isinstance(self.node, yaml.ScalarNode) or self.node.tag not in (_TEXT, _INTEGER) or not form.fits(value):
            raise self.wrong(form.expected)
        return str(value)

    def one_of(self, known: tuple[str, ...], otherwise: str = "") -> str:
        """Return a text that is among the known ones."""
        value = self.node.value if isinstance(self.node, yaml.ScalarNode) else ""
        if value not in known:
            similar = difflib.get_close_matches(value, known, n=1)
            fix = (
                f"did you mean '{similar[0]}'"
                if similar
                else ", ".join(filter(None, (f"one of {', '.join(known)}", otherwise)))
            )
            raise self.wrong(fix)
        return value

    def wrong(self, fix: str) -> RefusedError:
        """Return the error of a wrong value."""
        return RefusedError(f"{self.here}: got {_shown(self.node)}. Fix: {fix}")


@dataclass(frozen=True)
class Section(Item):
    """
    A mapping with known keys.

    Args:
        values: nodes of the values, by key
    """

    values: dict[str, yaml.Node]

    @classmethod
    def of(cls, node: yaml.Node | None, file: str, path: str, known: tuple[str, ...]) -> "Section":
        """
        Return a node as a mapping; no node is an empty one.

        Raises:
            RefusedError: the node is no mapping, or has an unknown key or a key twice
        """
        if node is None:
            node = yaml.MappingNode("tag:yaml.org,2002:map", [])
        if not isinstance(node, yaml.MappingNode):
            raise Item(node, file, path).wrong(f"keys with values: {', '.join(known)}")
        section = cls(node, file, path, dict(_pairs(node, file, path)))
        for key, _ in node.value:
            if key.value not in known:
                similar = difflib.get_close_matches(key.value, known, n=1)
                fix = f"did you mean '{similar[0]}'" if similar else f"one of: {', '.join(known)}"
                raise RefusedError(f"{_place(file, section.path_of(key.value), key)}: unknown key. Fix: {fix}")
        return section

    def path_of(self, key: str) -> str:
        """Return the path of a key."""
        return f"{self.path}.{key:.80}" if self.path else f"{key:.80}"

    def place(self, key: str) -> str:
        """Return the place of a key, for an error."""
        return self.item(key).here

    def section(self, key: str, known: tuple[str, ...]) -> "Section":
        """Return the mapping of a key, which is empty where the key is missing."""
        return Section.of(self.values.get(key), self.file, self.path_of(key), known)

    def text(self, key: str, form: Form, default: str | None = None) -> str:
        """Return the text of a key, which must have a form; without a default the key is required."""
        if key not in self.values:
            if default is None:
                raise RefusedError(f"{self.file}: {self.path_of(key)}: missing. Fix: {form.expected}")
            return default
        return self.item(key).scalar(form)

    def number(self, key: str, least: int, most: int, *, whole: bool = False, default: float | None = None) -> float:
        """Return the number of a key; without a default the key is required."""
        expected = f"a {'whole ' if whole else ''}number from {least} to {most}"
        form = Form(r"[0-9]{1,9}" if whole else r"[0-9]{1,9}(\.[0-9]{1,9})?", expected)
        if key not in self.values:
            return float(self.text(key, form, None if default is None else str(default)))
        node = self.values[key]
        if not isinstance(node, yaml.ScalarNode) or not form.fits(node.value) or not least <= float(node.value) <= most:
            raise self.item(key).wrong(expected)
        return float(node.value)

    def day(self, key: str) -> date:
        """Return the day of a key, in quotes or without; the key is required."""
        expected = "a day, such as 2026-12-31"
        if key not in self.values:
            raise RefusedError(f"{self.file}: {self.path_of(key)}: missing. Fix: {expected}")
        item = self.item(key)
        try:
            return date.fromisoformat(item.node.value if _DAY.fullmatch(str(item.node.value)) else "")
        except ValueError as error:
            raise item.wrong(expected) from error

    def flag(self, key: str) -> bool:
        """Return whether a key is `true`; it is `false` where it is missing."""
        if key not in self.values:
            return False
        if self.values[key].value not in ("true", "false"):
            raise self.item(key).wrong("true or false")
        return bool(self.values[key].value == "true")

    def texts(self, key: str, names: Form) -> dict[str, str]:
        """Return a mapping of texts, whose names have a form."""
        node = self.values.get(key)
        if node is not None and not isinstance(node, yaml.MappingNode):
            raise self.item(key).wrong("names with texts")
        texts: dict[str, str] = {}
        for name, value in _pairs(node, self.file, self.path_of(key)) if node else ():
            item = Item(value, self.file, f"{self.path_of(key)}.{name:.80}")
            if not names.fits(name):
                raise RefusedError(f"{item.here}: got the name '{name:.60}'. Fix: {names.expected}")
            texts[name] = item.scalar(Form(r"(?s).*", "a text; put it in quotes"))
        return texts

    def items(self, key: str) -> list[Item]:
        """Return the items of a list, which is empty where the key is missing."""
        node = self.values.get(key)
        if node is not None and not isinstance(node, yaml.SequenceNode):
            raise self.item(key).wrong("a list, such as [] for none")
        children = node.value if node else ()
        return [Item(child, self.file, f"{self.path_of(key)}[{number}]") for number, child in enumerate(children)]

    def list_of_texts(self, key: str, form: Form) -> list[str]:
        """Return a list of texts that have a form."""
        return [item.scalar(form) for item in self.items(key)]

    def item(self, key: str) -> Item:
        """Return the value of a key; of a missing key the mapping itself."""
        return Item(self.values.get(key, self.node), self.file, self.path_of(key))


def _pairs(node: yaml.MappingNode, file: str, path: str) -> Iterator[tuple[str, yaml.Node]]:
    """Yield the keys and the values of a mapping; a key that is no text, or that is there twice, is refused."""
    seen: set[str] = set()
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode) or key.value in seen:
            reason = "there twice" if isinstance(key, yaml.ScalarNode) else "no text"
            raise RefusedError(f"{_place(file, path, key)}: the key {_shown(key)} is {reason}. Fix: remove it")
        seen.add(key.value)
        yield key.value, value


def _place(file: str, path: str, node: yaml.Node) -> str:
    line = f"line {node.start_mark.line + 1}: " if node.start_mark else ""
    return f"{file}: {line}{path}".rstrip(": ")


def _shown(node: Any) -> str:
    if isinstance(node, yaml.ScalarNode):
        return f"'{node.value:.{_SHOWN}}'"
    return "a list" if isinstance(node, yaml.SequenceNode) else "keys with values"
