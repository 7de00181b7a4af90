"""Text that cannot be written is dropped, and nothing else changes; with a real file, pipe and full device."""

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from lib.streams import SafeStream, protect, write_error, write_progress, write_report


@contextlib.contextmanager
def open_stream(path: str | int, encoding: str = "utf-8") -> Iterator[TextIO]:
    """Yield a stream; its close may fail."""
    stream = open(path, "w", encoding=encoding)  # noqa: PTH123, SIM115 - descriptors too, and a close that may fail
    yield stream
    with contextlib.suppress(OSError):
        stream.close()


def test_failed_writes_are_ignored() -> None:
    """Writes to a full device, a broken pipe and a closed stream raise nothing."""
    reading, writing = os.pipe()
    os.close(reading)
    with open_stream("/dev/full") as full, open_stream(writing) as broken:
        closed = io.StringIO()
        closed.close()
        for stream in (full, broken, closed, None):
            safe = SafeStream(stream)
            for _ in range(3):
                assert safe.write("x" * 100_000) == 100_000
                safe.flush()
            assert (safe.isatty(), safe.is_ready, safe.encoding) == (False, True, "utf-8")


def test_characters_that_the_encoding_lacks_are_json_escapes(tmp_path: Path) -> None:
    """A JSON report in ASCII keeps its values."""
    with open_stream(str(tmp_path / "report"), "ascii") as stream:
        SafeStream(stream).write(json.dumps({"a": "· 한 😀 \ud800"}, ensure_ascii=False))
    assert json.loads((tmp_path / "report").read_bytes()) == {"a": "· 한 😀 \ud800"}


def test_progress_is_dropped_while_a_pipe_is_full() -> None:
    """After the reader has emptied the pipe, later lines are written."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b"x" * 4096)
    os.set_blocking(writing, True)
    with open_stream(writing) as stream:
        write_progress("lost", SafeStream(stream))
        while len(os.read(reading, 1 << 20)) == 1 << 20:
            pass
        write_progress("kept", SafeStream(stream))
        assert os.read(reading, 100) == b"kept\n"
    os.close(reading)


def test_report_goes_to_stdout_and_other_lines_to_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second call of protect changes nothing, and a missing stderr is ignored."""
    stdout, stderr = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stdout", stdout)
    monkeypatch.setattr(sys, "stderr", stderr)
    protect()
    protect()
    write_report("report")
    write_progress("progress")
    write_error("error")
    assert (stdout.getvalue(), stderr.getvalue()) == ("report\n", "progress\nerror\n")
    monkeypatch.setattr(sys, "stderr", None)
    write_error("nowhere")
    write_progress("nowhere")
