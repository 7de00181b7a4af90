"""A disk that is full, and files that may not grow: 503, and the last saved state."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from emulator.emulator import Emulator
from tests.integration.emulator.seeded import GROUP, SEED, TEMPLATES, ask, opened, settled


def fill(emulator: Emulator) -> None:
    """Allow SQLite no more pages: every commit that needs another page fails as on a full disk."""
    pages = emulator.environment.store._connection.execute("PRAGMA page_count").fetchone()[0]
    emulator.environment.store._connection.execute(f"PRAGMA max_page_count = {pages}")


def free(emulator: Emulator) -> None:
    """Allow SQLite more pages again."""
    emulator.environment.store._connection.execute("PRAGMA max_page_count = 1000000")


def test_a_full_disk_keeps_the_last_saved_state(state: Path) -> None:
    """A write that cannot be saved answers 503 and is undone; later writes succeed."""
    emulator = settled(state)
    group = ask(emulator, "GET", f"/{GROUP}")
    rules = ask(emulator, "GET", "/emulator/instance-rules")
    fill(emulator)
    description = "x" * 100_000
    for verb, path, body in (
        ("POST", f"/{TEMPLATES}", {"name": "t", "properties": {}, "description": description}),
        ("PATCH", f"/{GROUP}", {"targetSize": 9, "description": description}),
        ("POST", "/emulator/instance-rules", {"template": description, "never_healthy": True}),
        ("POST", "/emulator/faults", {"name": description, "faults": [{"on": "*", "status": 500}]}),
        ("PUT", "/emulator/permissions", {"denied": [description]}),
        ("PUT", "/emulator/capacity", {description: 0}),
    ):
        status, answer = ask(emulator, verb, path, body)
        assert (status, answer["error"]["errors"][0]["reason"]) == (503, "backendError"), path
        assert "full" in answer["error"]["message"]
    free(emulator)
    assert ask(emulator, "GET", f"/{GROUP}") == group
    assert ask(emulator, "GET", "/emulator/instance-rules") == rules
    assert ask(emulator, "GET", "/emulator/faults") == (200, [])
    assert ask(emulator, "GET", "/emulator/permissions") == (
        200,
        {"denied": [], "conditional": {}, "disabled_apis": []},
    )
    assert ask(emulator, "GET", f"/{TEMPLATES}/t")[0] == 404
    assert ask(emulator, "POST", f"/{TEMPLATES}", {"name": "t", "properties": {}})[0] == 200
    emulator.environment.store.close()
    again = opened(state)
    assert ask(again, "GET", f"/{TEMPLATES}/t")[0] == 200
    assert ask(again, "GET", f"/{GROUP}")[1]["targetSize"] == 3


def test_a_rollout_continues_after_a_full_disk(tmp_path: Path) -> None:
    """Moments that could not be saved happen later, in the same order, to the same instances."""
    ends = []
    for fails in (False, True):
        emulator = settled(tmp_path / f"{fails}.db")
        ask(emulator, "POST", f"/{TEMPLATES}", {"name": "new", "properties": {}})
        ask(emulator, "PATCH", f"/{GROUP}", {"versions": [{"instanceTemplate": "global/instanceTemplates/new"}]})
        if fails:
            fill(emulator)
        for _ in range(60):
            emulator.environment.clock.move(5)
            ask(emulator, "GET", f"/{GROUP}?x={'y' * 5_000}")
        if fails:
            assert ask(emulator, "GET", f"/{GROUP}?x={'y' * 5_000}")[0] == 503
            free(emulator)
        rows = ask(emulator, "POST", f"/{GROUP}/listManagedInstances")[1]["managedInstances"]
        ends.append([(row["name"], row["id"], row["currentAction"], row["version"]) for row in rows])
    assert ends[0] == ends[1]
    assert {row[2] for row in ends[0]} == {"NONE"}


def test_a_file_that_may_not_grow_answers_503(state: Path) -> None:
    """With the operating system's limit on the size of files, a process answers 503 and keeps a usable state."""
    command = (sys.executable, "-m", "emulator", "serve", "--port", "0", "--state", str(state), "--open")
    with started("800", *command, "--seed", SEED) as client:  # blocks of 512 bytes
        answers = [
            client.post(f"/{TEMPLATES}", json={"name": f"t{number}", "properties": {}, "description": "x" * 50_000})
            for number in range(20)
        ]
    assert {answer.status_code for answer in answers} == {200, 503}
    created = {f"t{number}" for number, answer in enumerate(answers) if answer.status_code == 200}
    for answer in answers:
        assert answer.status_code == 200 or answer.json()["error"]["errors"][0]["reason"] == "backendError"
    with started("unlimited", *command) as client:
        names = {template["name"] for template in client.get(f"/{TEMPLATES}").json()["items"]}
    assert names == created | {"dojangkok-dev-ai-server-seed"}


@contextmanager
def started(*args: str) -> Iterator[httpx.Client]:
    """Serve an emulator under a limit of file sizes until the end of the block; return its client."""
    process = subprocess.Popen(
        ["/bin/sh", "-c", 'trap "" XFSZ; ulimit -f "$0"; exec "$@"', *args], text=True, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
            yield client
    finally:
        process.terminate()
        process.communicate(timeout=20)
