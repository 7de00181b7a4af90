"""Text that cannot be written is left out, and nothing else changes; a real file, pipe and full device."""

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
def opened(path: str | int, encoding: str = "utf-8") -> Iterator[TextIO]:
    stream = open(path, "w", encoding=encoding)  # noqa: PTH123, SIM115 - descriptors too, and a close that may fail
    yield stream
    with contextlib.suppress(OSError):
        stream.close()


def test_full_device_broken_pipe_and_closed_stream_take_every_write() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with opened("/dev/full") as full, opened(writing) as broken:
        ended = io.StringIO()
        ended.close()
        for stream in (full, broken, ended, None):
            safe = SafeStream(stream)
            for _ in range(3):
                assert safe.write("x" * 100_000) == 100_000
                safe.flush()
            assert (safe.isatty(), safe.is_ready, safe.encoding) == (False, True, "utf-8")


def test_text_that_the_encoding_lacks_stays_json(tmp_path: Path) -> None:
    with opened(str(tmp_path / "report"), "ascii") as stream:
        SafeStream(stream).write(json.dumps({"a": "· 한 😀 \ud800"}, ensure_ascii=False))
    assert json.loads((tmp_path / "report").read_bytes()) == {"a": "· 한 😀 \ud800"}


def test_progress_is_left_out_while_a_pipe_is_full_and_goes_on_after_it() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writing, b"x" * 4096)
    os.set_blocking(writing, True)
    with opened(writing) as stream:
        write_progress("lost", SafeStream(stream))
        while len(os.read(reading, 1 << 20)) == 1 << 20:
            pass
        write_progress("kept", SafeStream(stream))
        assert os.read(reading, 100) == b"kept\n"
    os.close(reading)


def test_lines_go_where_they_belong(monkeypatch: pytest.MonkeyPatch) -> None:
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
