"""A state that cannot be read is refused at the start; one that cannot be saved leaves the last saved state."""

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from emulator.__main__ import _app
from emulator.api.messages import Request
from emulator.emulator import Api
from emulator.environment.clock import Clock
from emulator.environment.environment import World
from emulator.environment.state_lock import LockedError, hold
from emulator.environment.store import Store
from emulator.seed import plant, read_seed
from tests.unit.emulator.test_process import GROUP, SEED, TEMPLATES

Spoil = Callable[[Path], None]


def served(path: Path | None) -> Api:
    """An emulator in this process with the seed's group, settled."""
    api = Api(World(Store(path), Clock(1.8e9, None)))
    plant(api, read_seed(Path(SEED)))
    api.world.clock.move(300)
    ask(api, "GET", f"/{GROUP}")
    return api


def ask(api: Api, verb: str, path: str, body: object = None) -> tuple[int, object]:
    answer = api.handle(Request(verb, path, {}, b"" if body is None else json.dumps(body).encode()))
    return answer.status, json.loads(answer.body)


def execute(path: Path, statement: str, *values: str) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(statement, values)
    connection.close()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scribble(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def written(content: bytes) -> Spoil:
    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


def setting(name: str, text: str) -> Spoil:
    return lambda path: execute(path, "INSERT OR REPLACE INTO settings VALUES (?, ?)", name, text)


BAD_STATES: dict[str, Spoil] = {
    "text": written(b"no database\n" * 1_000),
    "binary": written(bytes(range(256)) * 64),
    "cut": cut,
    "scribbled": scribble,
    "folder": folder,
    "newer": lambda path: execute(path, "PRAGMA user_version = 2"),
    "another program's": lambda path: execute(path, "CREATE TABLE mail (x)"),
    "other columns": lambda path: execute(path, "ALTER TABLE documents RENAME COLUMN json TO text"),
    "bad document": lambda path: execute(path, "UPDATE documents SET json = '{' WHERE path LIKE '%Templates%'"),
    "list document": lambda path: execute(path, "UPDATE documents SET json = '[]' WHERE path LIKE '%Templates%'"),
    "bytes": lambda path: execute(path, "UPDATE documents SET json = x'ff00'"),
    "deep": lambda path: execute(path, "UPDATE documents SET json = ?", "[" * 100_000),
    "bad group": lambda path: execute(path, 'UPDATE groups SET json = \'{"at_s": "x"}\''),
    "no group": lambda path: execute(path, "DELETE FROM groups"),
    "group without versions": lambda path: execute(
        path, "UPDATE documents SET json = '{\"name\": \"x\"}' WHERE path LIKE '%GroupManagers%'"
    ),
    "bad operation": lambda path: execute(
        path, "UPDATE documents SET json = '{\"operation\": {}}' WHERE path LIKE '%/operations/%'"
    ),
    "bad time": setting("now_s", '"noon"'),
    "bad faults": setting("faults", '[{"id": 1}]'),
    "bad rules": setting("rules", '[{"never": true}]'),
    "bad counter": setting("made", "[]"),
    "bad JSON": setting("denied", "{"),
}


@pytest.mark.parametrize("spoil", BAD_STATES.values(), ids=BAD_STATES.keys())
def test_a_state_that_cannot_be_read_is_refused(tmp_path: Path, spoil: Spoil) -> None:
    """The start ends with exit code 3 and one line that names the file; before, with a traceback and exit code 1."""
    state = tmp_path / "state.db"
    served(state).world.store.close()
    spoil(state)
    line = refusal("--state", str(state))
    assert line.startswith(f"{state}: not a readable state of the emulator: ")
    assert line.endswith("Fix: delete the file, or name another one.")


@pytest.mark.parametrize("place", ["none/state.db", "file/state.db", "state\udcff/x"])
def test_a_state_that_cannot_be_there_is_refused(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    line = refusal("--state", str(tmp_path / place))
    assert re.search(r": (No such file or directory|Not a directory)\. Fix: ", line), line


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"pid": "x"}', "\udcff\udcfe", "[" * 9_000, '{"pid": 1}'], ids=range(8)
)
def test_a_lock_file_with_anything_in_it_is_taken(tmp_path: Path, content: str) -> None:
    """A lock file that no process holds is written anew; one that is held and says nothing names another process."""
    state = tmp_path / "state.db"
    lock = tmp_path / "state.db.lock"
    sent = content.encode(errors="surrogateescape")
    lock.write_bytes(sent)
    with hold(state, 0):
        assert json.loads(lock.read_text())["pid"] == os.getpid()
        lock.write_bytes(sent)
        with pytest.raises(LockedError, match=r"held by another process; waited 0 s\. Fix: "):
            hold(state, 0)


def test_a_lock_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.db.lock").mkdir()
    assert "Is a directory. Fix: " in refusal("--state", str(tmp_path / "state.db"))


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["--host", "no.such.host.invalid", "--any-address"], "no.such.host.invalid"),
        (["--seed", "BINARY"], "can't decode"),
        (["--seed", "DEEP"], "recursion"),
    ],
)
def test_arguments_that_cannot_be_are_refused(tmp_path: Path, args: list[str], text: str) -> None:
    (tmp_path / "BINARY").write_bytes(b"\xff\xfe\xfd")
    (tmp_path / "DEEP").write_text("[" * 5_000)
    assert text in refusal(*(str(tmp_path / one) if one.isupper() else one for one in args))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--port", "99999"), ("--port", "-1"), ("--port", "x"),
        ("--speed", "nan"), ("--wait-s", "nan"), ("--operation-s", "nan"), ("--decide-s", "nan"),
    ],
)  # fmt: skip
def test_a_number_that_cannot_be_is_a_usage_error(option: str, value: str) -> None:
    done = CliRunner().invoke(_app, ["serve", option, value])
    assert (done.exit_code, f"'{option}'" in done.stderr) == (2, True), done


def full(api: Api) -> None:
    """Give SQLite no page more than it has: every commit that needs one ends as on a full disk."""
    pages = api.world.store._connection.execute("PRAGMA page_count").fetchone()[0]
    api.world.store._connection.execute(f"PRAGMA max_page_count = {pages}")


def room(api: Api) -> None:
    api.world.store._connection.execute("PRAGMA max_page_count = 1000000")


def test_a_full_disk_leaves_what_was_saved(tmp_path: Path) -> None:
    """A write that cannot be saved answers 503 and is undone; before, it answered 500 and was seen until the end."""
    state = tmp_path / "state.db"
    api = served(state)
    group = ask(api, "GET", f"/{GROUP}")
    rules = ask(api, "GET", "/emulator/machines")
    full(api)
    description = "x" * 100_000
    for verb, path, body in (
        ("POST", f"/{TEMPLATES}", {"name": "t", "properties": {}, "description": description}),
        ("PATCH", f"/{GROUP}", {"targetSize": 9, "description": description}),
        ("POST", "/emulator/machines", {"template": description, "never_healthy": True}),
        ("POST", "/emulator/faults", {"name": description, "faults": [{"on": "*", "status": 500}]}),
        ("PUT", "/emulator/permissions", {"denied": [description]}),
        ("PUT", "/emulator/capacity", {description: 0}),
    ):
        status, answer = ask(api, verb, path, body)
        assert (status, answer["error"]["errors"][0]["reason"]) == (503, "backendError"), path  # type: ignore[index]
        assert "full" in answer["error"]["message"]  # type: ignore[index]
    room(api)
    assert ask(api, "GET", f"/{GROUP}") == group
    assert ask(api, "GET", "/emulator/machines") == rules
    assert ask(api, "GET", "/emulator/faults") == (200, [])
    assert ask(api, "GET", "/emulator/permissions") == (200, {"denied": []})
    assert ask(api, "GET", f"/{TEMPLATES}/t")[0] == 404
    assert ask(api, "POST", f"/{TEMPLATES}", {"name": "t", "properties": {}})[0] == 200
    api.world.store.close()
    again = Api(World(Store(state), Clock(1.8e9, None)))
    assert ask(again, "GET", f"/{TEMPLATES}/t")[0] == 200
    assert ask(again, "GET", f"/{GROUP}")[1]["targetSize"] == 3  # type: ignore[index]


def test_a_rollout_goes_on_after_a_full_disk(tmp_path: Path) -> None:
    """Moments that could not be saved happen later, in the same order, to the same instances."""
    ends = []
    for fails in (False, True):
        api = served(tmp_path / f"{fails}.db")
        ask(api, "POST", f"/{TEMPLATES}", {"name": "new", "properties": {}})
        ask(api, "PATCH", f"/{GROUP}", {"versions": [{"instanceTemplate": "global/instanceTemplates/new"}]})
        if fails:
            full(api)
        for _ in range(60):
            api.world.clock.move(5)
            ask(api, "GET", f"/{GROUP}?x={'y' * 5_000}")
        if fails:
            assert ask(api, "GET", f"/{GROUP}?x={'y' * 5_000}")[0] == 503
            room(api)
        rows = ask(api, "POST", f"/{GROUP}/listManagedInstances")[1]["managedInstances"]  # type: ignore[index]
        ends.append([(row["name"], row["id"], row["currentAction"], row["version"]) for row in rows])
    assert ends[0] == ends[1]
    assert {row[2] for row in ends[0]} == {"NONE"}


def test_a_process_whose_file_may_not_grow_answers_503(tmp_path: Path) -> None:
    """With the operating system's limit on the size of files: 503 in Google's shape, and a state to go on with."""
    state = tmp_path / "state.db"
    command = (sys.executable, "-m", "emulator", "serve", "--port", "0", "--state", str(state), "--open")
    with started("800", *command, "--seed", SEED) as client:  # blocks of 512 bytes
        answers = [
            client.post(f"/{TEMPLATES}", json={"name": f"t{number}", "properties": {}, "description": "x" * 50_000})
            for number in range(20)
        ]
    assert {answer.status_code for answer in answers} == {200, 503}
    made = {f"t{number}" for number, answer in enumerate(answers) if answer.status_code == 200}
    for answer in answers:
        assert answer.status_code == 200 or answer.json()["error"]["errors"][0]["reason"] == "backendError"
    with started("unlimited", *command) as client:
        names = {one["name"] for one in client.get(f"/{TEMPLATES}").json()["items"]}
    assert names == made | {"dojangkok-dev-ai-server-seed"}


def refusal(*args: str) -> str:
    """Start an emulator that must refuse to; return its one line."""
    done = CliRunner().invoke(_app, ["serve", "--port", "0", *args])
    assert (done.exit_code, done.stdout) == (3, ""), done
    assert isinstance(done.exception, SystemExit)
    return done.stderr.strip()


@contextmanager
def started(*args: str) -> Iterator[httpx.Client]:
    """A client of an emulator that runs until the end of the block."""
    process = subprocess.Popen(
        ["/bin/sh", "-c", 'trap "" XFSZ; ulimit -f "$0"; exec "$@"', *args], text=True, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        yield httpx.Client(base_url=url, timeout=30, trust_env=False)
    finally:
        process.terminate()
        process.wait(20)
