"""
Replays recorded exchanges with Compute Engine on the emulator, and compares the answers.

First the emulator gets the resources that the recording reads before it writes. Then every request is sent again.
Fingerprints, ids and names that the server chose differ, so they are learned from the answers: where a recorded answer
has one text and the emulator's answer another, later requests contain the emulator's. A name that a client chose stays:
where two answers show different moments of a rollout, they name different templates in the same place.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote

from acceptance.exchange import Exchange
from tests.contract.rig import EmulatorClient, Json
from tests.support.recorded import members

_COMPUTE: Final = "/compute/v1/projects/"
# The resources that are made first, those before the others that others refer to.
_COLLECTIONS: Final = (
    "networks", "subnetworks", "firewalls", "healthChecks", "instanceTemplates", "instanceGroupManagers",
)  # fmt: skip
_EFFECTIVE: Final = "/getEffectiveFirewalls"
_SCOPE: Final = re.compile(r"(?<=^items\.)(?:zones|regions)/[\w-]+|(?<=^items\.)global")  # key of an aggregated list
_READ_BY_POST: Final = ("wait", "listManagedInstances")
_SHORTEST_S: Final = 1.0  # virtual, between two requests: a recording of an emulator may have none
_LONGEST_NAME: Final = 200  # longer texts are scripts and messages, and no names
_TRANSIENT: Final = 429
_IN_USE: Final = "resourceInUseByAnotherResource"
_USES_END_WITHIN_S: Final = 300  # virtual: what used a resource is gone when a recorded deletion succeeds


def replay(emulator: EmulatorClient, exchanges: Sequence[Exchange]) -> list[str]:
    """
    Replay a recording on an emulator without these resources; return the differences, empty if there is none.

    Args:
        emulator: emulator with the project and the zone of the recording.
        exchanges: exchanges in the order of their times; only those with Compute Engine are replayed.
    """
    recorded = [exchange for exchange in exchanges if exchange.path.startswith(_COMPUTE)]
    initial = _initial(recorded)
    names = _Names(_created(recorded) | {path.rpartition("/")[2] for path, _ in initial})
    for path, document in initial:
        collection = path.rpartition("/")[0]
        emulator.do("POST", collection, document)
        if collection.endswith("instanceGroupManagers"):
            emulator.settled(path)
        names.learn(document, emulator.get(path))
    answered = [_answer(emulator, exchange, names, pause_s) for exchange, pause_s in _paused(recorded)]
    return [*_status_differences(recorded, answered), *_member_differences(recorded, answered)]


@dataclass(frozen=True)
class _Names:
    """
    Texts that the server chose.

    Args:
        chosen: names that a client chose, which are no such text.
        texts: the emulator's text by that of the recording.
    """

    chosen: set[str]
    texts: dict[str, str] = field(default_factory=dict)

    def learn(self, recorded: Any, answered: Any) -> None:
        """Add the texts of an answer that the emulator's answer has otherwise."""
        self.texts.update(pair for pair in _renamed(recorded, answered) if pair[0] not in self.chosen)


def method(exchange: Exchange) -> str:
    """Return verb and path of an exchange with `*` for each name, such as `GET projects/*/regions/*`."""
    segments = exchange.path.partition("?")[0].removeprefix("/compute/v1/").split("/")
    is_name, shown = False, []
    for segment in segments:
        shown.append("*" if is_name else segment)
        is_name = not is_name and segment not in ("global", "aggregated")
    return f"{exchange.verb} {'/'.join(shown)}"


def _initial(exchanges: Sequence[Exchange]) -> list[tuple[str, Json]]:
    """Return path and first document of each resource that the recording reads and does not create."""
    created = _created(exchanges)
    resources: dict[str, Json] = {}
    for exchange in exchanges:
        if (exchange.verb, exchange.status) != ("GET", 200):
            continue
        if exchange.path.endswith(_EFFECTIVE):
            firewalls = f"{exchange.path.rpartition('/networks/')[0]}/firewalls"
            resources |= {f"{firewalls}/{rule['name']}": rule for rule in exchange.response.get("firewalls", [])}
        elif exchange.path.split("/")[-2] in _COLLECTIONS and exchange.path.rpartition("/")[2] not in created:
            resources.setdefault(exchange.path, exchange.response)
    # A network is never read itself.
    links = re.findall(r"/projects/[\w-]+/global/networks/[\w-]+", str(resources))
    networks = {
        f"/compute/v1{link}": {"name": link.rpartition("/")[2], "autoCreateSubnetworks": False} for link in links
    }
    return sorted((networks | resources).items(), key=lambda item: _COLLECTIONS.index(item[0].split("/")[-2]))


def _created(exchanges: Sequence[Exchange]) -> set[str]:
    """Return the names of the resources that the recording creates."""
    posted = (exchange.request or {} for exchange in exchanges if exchange.verb == "POST")
    return {str(document["name"]) for document in posted if "name" in document}


def _paused(exchanges: Sequence[Exchange]) -> Iterator[tuple[Exchange, float]]:
    """Yield each exchange with the seconds that had passed since the one before."""
    before = ""
    for exchange in exchanges:
        passed = datetime.fromisoformat(exchange.at) - datetime.fromisoformat(before or exchange.at)
        yield exchange, max(_SHORTEST_S, passed.total_seconds())
        before = exchange.at


def _answer(emulator: EmulatorClient, exchange: Exchange, names: _Names, pause_s: float) -> Exchange:
    """
    Send a recorded request again; learn the names of the answer, and return the exchange with that answer.

    A request that succeeded is repeated while what it deletes is in use: an instance may live longer in the replay.
    """
    emulator.pass_time(pause_s)
    path = re.sub(r"[^/?&=]+", lambda segment: names.texts.get(unquote(segment[0]), segment[0]), exchange.path)
    answer = emulator.send(exchange.verb, path, _translated(exchange.request, names.texts))
    for _ in range(_USES_END_WITHIN_S):
        if exchange.status >= 400 or _IN_USE not in answer.text:
            break
        emulator.pass_time(1.0)
        answer = emulator.send(exchange.verb, path, _translated(exchange.request, names.texts))
    document = answer.json() if answer.content else None
    names.learn(exchange.response, document)
    return replace(exchange, status=answer.status_code, response=document)


def _renamed(recorded: Any, answered: Any) -> Iterator[tuple[str, str]]:
    """Yield the texts of an answer that the emulator's answer has otherwise, and the emulator's texts."""
    if isinstance(recorded, dict) and isinstance(answered, dict):
        for key in recorded.keys() & answered.keys():
            yield from _renamed(recorded[key], answered[key])
    elif isinstance(recorded, list) and isinstance(answered, list):
        for row, answered_row in zip(recorded, answered, strict=False):
            yield from _renamed(row, answered_row)
    elif isinstance(recorded, str) and isinstance(answered, str):
        is_link = "projects/" in recorded and "projects/" in answered
        name, answered_name = (text.rpartition("/")[2] if is_link else text for text in (recorded, answered))
        if name != answered_name and len(name) < _LONGEST_NAME and re.search(r"\d|=", name):
            yield name, answered_name


def _translated(value: Any, names: dict[str, str]) -> Any:
    """Return a body with the emulator's names, each instead of a whole text or of a segment of a link."""
    if isinstance(value, dict):
        return {key: _translated(member, names) for key, member in value.items()}
    if isinstance(value, list):
        return [_translated(member, names) for member in value]
    if not isinstance(value, str):
        return value
    if "projects/" in value:
        return "/".join(names.get(segment, segment) for segment in value.split("/"))
    return names.get(value, value)


def _status_differences(recorded: Sequence[Exchange], answered: Sequence[Exchange]) -> Iterator[str]:
    """Yield each write that the emulator answered with another status; how a read ends may depend on its time."""
    for exchange, answer in zip(recorded, answered, strict=True):
        is_transient = exchange.status >= 500 or exchange.status == _TRANSIENT
        if not _is_read(exchange) and not is_transient and exchange.status != answer.status:
            yield f"{method(exchange)}: {exchange.status}, and the emulator answers {answer.status}: {answer.response}"


def _is_read(exchange: Exchange) -> bool:
    return exchange.verb == "GET" or exchange.path.partition("?")[0].rpartition("/")[2] in _READ_BY_POST


def _member_differences(recorded: Sequence[Exchange], answered: Sequence[Exchange]) -> Iterator[str]:
    """Yield members that answers have and none of the emulator's has; of no read that ended otherwise."""
    emulated = _members_by_method(answered)
    comparable = [
        exchange
        for exchange, answer in zip(recorded, answered, strict=True)
        if not _is_read(exchange) or (exchange.status < 400) == (answer.status < 400)
    ]
    for key, found_members in _members_by_method(comparable).items():
        for path, kind in sorted(found_members - emulated[key]):
            yield f"{key[0]}: no '{path}' of type {kind} in an answer {'of success' if key[1] else 'of an error'}"


def _members_by_method(exchanges: Sequence[Exchange]) -> defaultdict[tuple[str, bool], set[tuple[str, str]]]:
    """Return path and type of all members, by the method and whether the answer is a success."""
    by_method: defaultdict[tuple[str, bool], set[tuple[str, str]]] = defaultdict(set)
    for exchange in exchanges:
        named = ((_SCOPE.sub("*", path), kind) for path, kind in members(exchange.response))
        by_method[method(exchange), exchange.status < 400] |= set(named)
    return by_method


def with_answer(exchange: Exchange, **changes: Any) -> Exchange:
    """Return an exchange whose recorded answer has other members."""
    document: Json = {**exchange.response, **changes}
    return replace(exchange, response=document)
