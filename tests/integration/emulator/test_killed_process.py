"""A killed process: its state file loses no answered write and repeats none."""

import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.emulator.process import EmulatorProcess
from tests.integration.emulator.seeded import GROUP, SEED, TEMPLATES


class Restarts:
    """
    Starts of an emulator, one after the other, on one state file.

    Args:
        state: state file
    """

    def __init__(self, state: Path) -> None:
        self._args = ("--open", "--seed", SEED, "--state", str(state))
        self._running: EmulatorProcess | None = None

    def start(self, speed: int) -> EmulatorProcess:
        """Kill the running process, and start a new one."""
        self.kill()
        self._running = EmulatorProcess(*self._args, "--speed", str(speed))
        return self._running

    def kill(self) -> None:
        """Kill the running process."""
        if self._running:
            self._running.kill()
            self._running = None


@pytest.fixture
def restarts(state: Path) -> Iterator[Restarts]:
    """Return starts on a new state file, the last of which ends with the test."""
    restarts = Restarts(state)
    yield restarts
    restarts.kill()


def test_a_kill_after_an_answer_loses_and_repeats_no_write(restarts: Restarts) -> None:
    """After each of five kills every answered write exists, and a repeated request changes nothing."""
    emulator = restarts.start(20)
    for number in range(5):
        request_id = f"00000000-0000-4000-8000-00000000000{number + 1}"
        first = emulator.insert_template(f"t{number}", request_id)
        emulator = restarts.start(20)
        again = emulator.insert_template(f"t{number}", request_id)
        assert again["name"] == first["name"]
        names = [template["name"] for template in emulator.client.get(f"/{TEMPLATES}").json()["items"]]
        assert names == sorted(["dojangkok-dev-ai-server-seed", *(f"t{index}" for index in range(number + 1))])


def test_a_rollout_continues_where_a_kill_stopped_it(restarts: Restarts, state: Path) -> None:
    """Virtual time stands still while no process runs, and the rollout ends as if there had been no kill."""
    emulator = restarts.start(100)
    emulator.wait_for_group(lambda group: group["status"]["isStable"])
    emulator.insert_template("next")
    emulator.client.patch(f"/{GROUP}", json={"versions": [{"instanceTemplate": "global/instanceTemplates/next"}]})
    time.sleep(0.3)
    restarts.kill()
    kept_s = kept_time_s(state)
    time.sleep(1.0)
    began_s = time.monotonic()
    emulator = restarts.start(100)
    now_s = emulator.client.get("/emulator/clock").json()["now_s"]
    assert kept_s <= now_s <= kept_s + 100 * (time.monotonic() - began_s)
    group = emulator.wait_for_group(
        lambda group: group["status"]["isStable"] and group["status"]["versionTarget"]["isReached"]
    )
    rows = emulator.rows()
    assert {row["version"]["instanceTemplate"].rpartition("/")[2] for row in rows} == {"next"}
    assert group["targetSize"] == len(rows) == 3
    log = emulator.client.get("/emulator/request-log?kind=group").text
    assert_never_fewer_than_three([json.loads(line) for line in log.splitlines()])


def kept_time_s(state: Path) -> float:
    """Return the virtual time in a state file."""
    connection = sqlite3.connect(state)
    try:
        return float(json.loads(connection.execute("SELECT json FROM settings WHERE name = 'now_s'").fetchone()[0]))
    finally:
        connection.close()


def assert_never_fewer_than_three(entries: list[dict[str, object]]) -> None:
    """Check that entries of a group are in order of time, with three available instances once it was stable."""
    times = [entry["at_s"] for entry in entries]
    assert times == sorted(times)  # type: ignore[type-var]
    settled = next(index for index, entry in enumerate(entries) if entry["is_stable"])
    for entry in entries[settled:]:
        instances: list[dict[str, object]] = entry["instances"]  # type: ignore[assignment]
        assert sum(bool(row["available"]) for row in instances if row["action"] != "DELETING") >= 3
