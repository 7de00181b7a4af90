"""Differences between the original server and this one, as in the table of docs/ai-server.md."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from tests.unit.app.original.exchange import HOSTS
from tests.unit.app.original.fields import Fields

_EVERY: Final = 4  # from this number of requests on, a difference of all of them has one name
_CODE: Final = "answer body detail error code"


@dataclass(frozen=True)
class Difference:
    """A field with another value, and the names of the requests where it differs, or `every …`."""

    requests: frozenset[str]
    field: str
    original: str
    here: str


def differences(original: Mapping[str, Fields], here: Mapping[str, Fields]) -> set[Difference]:
    """Return the differences of exchanges with equal names, each with all requests where it occurs."""
    requests = defaultdict[tuple[str, str, str], set[str]](set)
    for name, fields in original.items():
        for difference in _compared(fields, here[name]):
            requests[difference].add(name)
    return {Difference(_named(names, key[0], original, here), *key) for key, names in requests.items()}


def _compared(original: Fields, here: Fields) -> Iterator[tuple[str, str, str]]:
    """Yield field and values; another status explains other bodies and missing calls, which are left out."""
    has_status = _status(original) == _status(here)
    if not has_status:
        yield "status", _status(original), _status(here)
    for field in original.keys() | here.keys():
        service = field.split()[0]
        number = f"{service} requests"
        if field in ("answer status", _CODE) or not (has_status or _is_independent(field, original, here)):
            continue
        if service in HOSTS.values() and (number not in original or number not in here) and field != number:
            continue
        values = original.get(field, "none"), here.get(field, "none")
        if values[0] != values[1]:
            yield field, *_other_lines(*values)


def _is_independent(field: str, original: Fields, here: Fields) -> bool:
    """Whether a field is compared although the status differs: headers, and numbers of calls that both servers make."""
    if field.startswith("answer header"):
        return field != "answer header content-type"
    return field.endswith(" requests") and field in original and field in here


def _status(fields: Fields) -> str:
    return " ".join([fields["answer status"], *filter(None, [fields.get(_CODE, "").strip('"')])])


def _other_lines(original: str, here: str) -> tuple[str, str]:
    """Return the lines that differ."""
    pairs = [pair for pair in zip_longest(original.splitlines(), here.splitlines()) if pair[0] != pair[1]]
    return "\n".join(pair[0] for pair in pairs if pair[0]), "\n".join(pair[1] for pair in pairs if pair[1])


def _named(names: set[str], field: str, original: Mapping[str, Fields], here: Mapping[str, Fields]) -> frozenset[str]:
    """Return the names of requests, or one name if the field differs wherever it is compared."""
    if len(names) < _EVERY:
        return frozenset(names)
    service = field.split(maxsplit=1)[0]
    if service not in HOSTS.values():
        return frozenset(["every answer"] if names == original.keys() else names)
    number = f"{service} requests"
    compared = {
        name
        for name, fields in original.items()
        if number in fields and number in here[name] and _status(fields) == _status(here[name])
    }
    return frozenset([f"every call of {service}"] if names == compared else names)


def table_row(difference: Difference) -> str:
    """Return the row of the table without its reason."""
    cells = [", ".join(sorted(difference.requests)), difference.field, difference.original, difference.here]
    return "| " + " | ".join(cell.replace("\n", " / ") for cell in cells) + " |"
