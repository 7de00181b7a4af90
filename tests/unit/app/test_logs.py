"""The log file: written where it can be, done without where it cannot."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.logs import configure_logs


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[None]:
    before = logging.getLogger().handlers[:]
    yield
    for handler in logging.getLogger().handlers:
        handler.close()
    logging.getLogger().handlers = before


def test_records_go_to_the_file(tmp_path: Path) -> None:
    file = tmp_path / "application.log"
    configure_logs(file)
    logging.getLogger("somewhere").info("계약서 %d", 7)
    line = json.loads(file.read_text(encoding="utf-8"))
    assert (line["level"], line["logger"], line["message"]) == ("INFO", "somewhere", "계약서 7")


def test_an_unwritable_file_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(tmp_path / "absent" / "application.log")
    line = json.loads(capsys.readouterr().out)
    assert line["level"] == "WARNING"
    assert line["message"].startswith("no log file: ")
