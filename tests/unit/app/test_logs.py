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
    file = tmp_path / "dev" / "application.log"
    configure_logs(file)
    logging.getLogger("somewhere").info("계약서 %d", 7)
    line = json.loads(file.read_text(encoding="utf-8"))
    assert (line["level"], line["logger"], line["message"]) == ("INFO", "somewhere", "계약서 7")


def test_an_unwritable_file_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs(tmp_path / "absent" / "prod" / "application.log")
    line = json.loads(capsys.readouterr().out)
    assert line["level"] == "WARNING"
    assert line["message"].startswith("no log file: ")


def test_the_file_does_not_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.logs._FILE_BYTES", 1000)
    configure_logs(tmp_path / "application.log")
    for number in range(100):
        logging.getLogger("somewhere").info("line %d", number)
    files = sorted(tmp_path.iterdir())
    assert [file.suffix for file in files] == [".log", ".1", ".2", ".3"]
    assert max(file.stat().st_size for file in files) <= 1000
