"""State files and arguments that cannot be used are refused at the start."""

import json
import os
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from emulator.__main__ import app
from emulator.environment.state_lock import LockedError, hold
from tests.integration.emulator.seeded import settled

Damage = Callable[[Path], None]


def execute(path: Path, statement: str, *values: str) -> None:
    """Execute a statement on a state file."""
    with sqlite3.connect(path) as connection:
        connection.execute(statement, values)
    connection.close()


def cut(path: Path) -> None:
    """Remove the second half of a file."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scribble(path: Path) -> None:
    """Overwrite a file after its first page."""
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)


def folder(path: Path) -> None:
    """Replace a file by a folder."""
    path.unlink()
    path.mkdir()


def written(content: bytes) -> Damage:
    """Return a damage that replaces the content of a file."""

    def write(path: Path) -> None:
        path.write_bytes(content)

    return write


def setting(name: str, text: str) -> Damage:
    """Return a damage that replaces a setting."""
    return lambda path: execute(path, "INSERT OR REPLACE INTO settings VALUES (?, ?)", name, text)


BAD_STATES: dict[str, Damage] = {
    "text": written(b"no database\n" * 1_000),
    "binary": written(bytes(range(256)) * 64),
    "cut": cut,
    "scribbled": scribble,
    "folder": folder,
    "older": lambda path: execute(path, "PRAGMA user_version = 1"),
    "newer": lambda path: execute(path, "PRAGMA user_version = 4"),
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
    "bad rules": setting("instance_rules", '[{"never": true}]'),
    "bad counter": setting("created", "[]"),
    "bad JSON": setting("denied", "{"),
    "bad grants": setting("conditional", "[1]"),
}


@pytest.mark.parametrize("damage", BAD_STATES.values(), ids=BAD_STATES.keys())
def test_an_unreadable_state_is_refused(state: Path, damage: Damage) -> None:
    """The start ends with exit code 3 and one line that names the file."""
    settled(state).environment.store.close()
    damage(state)
    line = refusal("--state", str(state))
    assert line.startswith(f"{state}: not a readable state of the emulator: ")
    assert line.endswith("Fix: delete the file, or name another file.")


@pytest.mark.parametrize("place", ["none/state.db", "file/state.db", "state\udcff/x"])
def test_an_impossible_path_is_refused(tmp_path: Path, place: str) -> None:
    """A state file in a missing folder, or below a file, is refused."""
    (tmp_path / "file").write_text("")
    line = refusal("--state", str(tmp_path / place))
    assert re.search(r": (No such file or directory|Not a directory)\. Fix: ", line), line


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"pid": "x"}', "\udcff\udcfe", "[" * 9_000, '{"pid": 1}'], ids=range(8)
)
def test_a_lock_file_with_any_content_is_taken(tmp_path: Path, content: str) -> None:
    """A lock file that no process holds is rewritten; a held lock file of unknown content names another process."""
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
    """A folder in place of the lock file is refused."""
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
def test_invalid_arguments_are_refused(tmp_path: Path, args: list[str], text: str) -> None:
    """A host name without an address and an unreadable seed are refused."""
    (tmp_path / "BINARY").write_bytes(b"\xff\xfe\xfd")
    (tmp_path / "DEEP").write_text("[" * 5_000)
    assert text in refusal(*(str(tmp_path / arg) if arg.isupper() else arg for arg in args))


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--port", "99999"), ("--port", "-1"), ("--port", "x"),
        ("--speed", "nan"), ("--wait-s", "nan"), ("--operation-s", "nan"), ("--decide-s", "nan"),
    ],
)  # fmt: skip
def test_an_invalid_number_is_a_usage_error(option: str, value: str) -> None:
    """A number outside its range is a usage error that names the option."""
    done = CliRunner().invoke(app, ["serve", option, value])
    assert (done.exit_code, f"'{option}'" in done.stderr) == (2, True), done


def refusal(*args: str) -> str:
    """Start an emulator that must end with exit code 3; return its one line."""
    done = CliRunner().invoke(app, ["serve", "--port", "0", *args])
    assert (done.exit_code, done.stdout) == (3, ""), done
    assert isinstance(done.exception, SystemExit)
    return done.stderr.strip()
