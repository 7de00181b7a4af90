"""Recordings of `acceptance` are replayed: the emulator answers each request as the recorded server did."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from acceptance.exchange import Exchange, read_exchanges
from tests.contract import recordings
from tests.contract.marks import environment
from tests.contract.replay import method, replay, with_answer
from tests.contract.rig import CHECKS, GROUP, TEMPLATES, EmulatorClient, Json


def record_rollout(emulator: EmulatorClient, file: Path) -> tuple[Exchange, ...]:
    """Roll a group of two, as `deploy` does, and delete everything; return what was read from the written recording."""
    emulator.web(2)
    lines: list[str] = []

    def record(answer: httpx.Response) -> None:
        answer.read()
        if answer.request.url.path.startswith("/compute/"):
            lines.append(exchange(answer).to_line())

    emulator.http.event_hooks = {"response": [record]}
    group = emulator.group()
    old = emulator.get(f"{TEMPLATES}/old")
    emulator.get(f"{CHECKS}/up")
    link = emulator.do("POST", TEMPLATES, {"name": "new", "properties": old["properties"]})["targetLink"]
    emulator.send("PATCH", GROUP, {"versions": [{"instanceTemplate": link}], "fingerprint": "AAAAAAAAAAA="})
    emulator.do("PATCH", GROUP, {"versions": [{"instanceTemplate": link}], "fingerprint": group["fingerprint"]})
    emulator.rows()
    emulator.settled()
    emulator.get(_instance_path(emulator.rows()[0]))
    emulator.do("DELETE", f"{TEMPLATES}/old")
    emulator.http.event_hooks = {"response": []}
    for path in (GROUP, f"{TEMPLATES}/new", f"{CHECKS}/up"):
        emulator.ask("DELETE", path)
        while emulator.send("GET", path).status_code == 200:
            emulator.pass_time(10.0)
    file.write_text("\n".join(lines))
    return read_exchanges([file])


def exchange(answer: httpx.Response) -> Exchange:
    """Return an answer of the emulator and its request as an exchange."""
    body = answer.request.content
    return Exchange(
        step="deploy",
        host="emulator",
        at=datetime.now(UTC).isoformat(),
        verb=answer.request.method,
        path=answer.request.url.raw_path.decode(),
        request=json.loads(body) if body else None,
        status=answer.status_code,
        response=answer.json(),
    )


def _instance_path(row: Json) -> str:
    return str(row["instance"]).removeprefix("https://www.googleapis.com")


def test_a_recording_is_replayed(emulator: EmulatorClient, tmp_path: Path) -> None:
    """A recorded rollout gets the same answers again, although ids, fingerprints and instances have other names."""
    exchanges = record_rollout(emulator, tmp_path / "deploy.jsonl")
    assert [exchange.status for exchange in exchanges if exchange.verb == "PATCH"] == [412, 200]
    assert replay(emulator, exchanges) == []


@pytest.mark.parametrize("plant", ["member", "type", "status"])
def test_a_difference_is_named(emulator: EmulatorClient, tmp_path: Path, plant: str) -> None:
    """A member, a type or a status that the emulator does not answer is named with its method."""
    exchanges = list(record_rollout(emulator, tmp_path / "deploy.jsonl"))
    methods = [method(exchange) for exchange in exchanges]
    patch, read = (
        methods.index("PATCH projects/*/zones/*/instanceGroupManagers/*"),
        methods.index("GET projects/*/zones/*/instanceGroupManagers/*"),
    )
    changed, difference = {
        "member": ({read: with_answer(exchanges[read], satisfiesPzs=True)}, "no 'satisfiesPzs' of type bool"),
        "type": ({read: with_answer(exchanges[read], targetSize="2")}, "no 'targetSize' of type str"),
        "status": ({patch: replace(exchanges[patch], status=400)}, "400, and the emulator answers 412"),
    }[plant]
    for number, exchange in changed.items():
        exchanges[number] = exchange
    differences = replay(emulator, exchanges)
    assert len(differences) == 1
    assert differences[0].startswith(methods[next(iter(changed))])
    assert difference in differences[0]


def test_a_read_that_came_too_late_is_no_difference(emulator: EmulatorClient, tmp_path: Path) -> None:
    """The instance of a read had just been deleted in the recording, and still exists in the replay."""
    exchanges = list(record_rollout(emulator, tmp_path / "deploy.jsonl"))
    number = next(n for n, row in enumerate(exchanges) if "/instances/" in row.path and row.status == 200)
    missing = next(row for row in exchanges if row.status == 412)
    exchanges[number] = replace(exchanges[number], status=404, response=missing.response)
    assert replay(emulator, exchanges) == []


def test_a_use_that_ends_later_is_no_difference(emulator: EmulatorClient, tmp_path: Path) -> None:
    """The old instances are gone when their template is deleted, however little time a recording gives them."""
    exchanges = record_rollout(emulator, tmp_path / "deploy.jsonl")
    patched = next(n for n, row in enumerate(exchanges) if (row.verb, row.status) == ("PATCH", 200))
    hurried = [*exchanges[: patched + 1], *(row for row in exchanges if row.verb == "DELETE")]
    assert replay(emulator, [replace(row, at=exchanges[0].at) for row in hurried]) == []


@environment(quotas={"INSTANCES": 24})
@pytest.mark.parametrize("number", range(len(recordings.runs()) + 1), ids=lambda number: f"run-{number}")
def test_committed_recordings(emulator: EmulatorClient, tmp_path: Path, number: int) -> None:
    """A rollout made here (run 0), and each committed run of `acceptance`, is replayed without a difference."""
    run = recordings.runs()[number - 1] if number else record_rollout(emulator, tmp_path / "deploy.jsonl")
    assert replay(emulator, run) == []


def test_committed_recordings_are_of_google_and_contradict_no_row() -> None:
    """Every committed exchange is with a server of Google, and shows nothing else than a row of FIDELITY.md says."""
    strangers = [exchange for run in recordings.runs() for exchange in run if not exchange.is_of_google]
    contradicted = [row for row, verdict in recordings.row_verdicts().items() if verdict == "contradicted"]
    assert (strangers, contradicted) == ([], [])
