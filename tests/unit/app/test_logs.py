"""The log on stdout and in its file, without personal data and secrets."""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.logs import configure_logs, is_no_probe


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[None]:
    """Restore the handlers after each test."""
    before = logging.getLogger().handlers[:]
    yield
    logging.getLogger("uvicorn.access").filters.clear()
    for handler in logging.getLogger().handlers:
        handler.close()
    logging.getLogger().handlers = before


def test_records_go_to_the_file(tmp_path: Path) -> None:
    """A record is one JSON line with its fields."""
    file = tmp_path / "dev" / "application.log"
    configure_logs("dev", file)
    logging.getLogger("somewhere").info("계약서 %d", 7, extra={"case_id": 3, "color_message": "\x1b[1m"})
    text = file.read_text(encoding="utf-8")
    line = json.loads(text)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}", line.pop("timestamp"))
    assert line == {
        "level": "INFO", "name": "somewhere", "message": "계약서 7", "app": "dojangkok-ai", "env": "dev", "case_id": 3
    }  # fmt: skip
    assert "계약서" in text


def test_log_has_no_personal_data_and_no_secrets(tmp_path: Path) -> None:
    """Messages, fields and tracebacks have replacements."""
    file = tmp_path / "application.log"
    configure_logs("dev", file, ["key-of-vllm"])
    logger = logging.getLogger("somewhere")
    logger.info("call %s", "010-1234-5678", extra={"who": "900101-1234567", "how": "Bearer key-of-vllm"})
    try:
        raise ValueError("key-of-vllm of 010-1234-5678")
    except ValueError:
        logger.exception("it failed")
    text = file.read_text(encoding="utf-8")
    assert not [value for value in ("010-1234-5678", "900101-1234567", "key-of-vllm") if value in text]
    assert [json.loads(line)["level"] for line in text.splitlines()] == ["INFO", "ERROR"]
    assert "Bearer ***" in text


def test_presigned_urls_are_not_logged(tmp_path: Path) -> None:
    """The log has no line of httpx with a signature."""
    file = tmp_path / "application.log"
    configure_logs("dev", file)
    with httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200))) as client:
        client.get("https://bucket.example/lease.pdf?X-Amz-Signature=0123")
    assert "Signature" not in file.read_text(encoding="utf-8")


def test_lone_surrogate_is_escaped(tmp_path: Path) -> None:
    """A line with a lone surrogate is written."""
    file = tmp_path / "application.log"
    configure_logs("dev", file)
    logging.getLogger("somewhere").info("\ud800.pdf")
    assert json.loads(file.read_text(encoding="utf-8"))["message"] == r"\ud800.pdf"


@pytest.mark.parametrize(("path", "is_written"), [("/health", False), ("/readyz", False), ("/api/checklists/7", True)])
def test_probes_are_not_logged(path: str, is_written: bool) -> None:
    """The access log skips the health routes."""
    args = ("10.0.0.1:1", "GET", path, "1.1", 200)
    record = logging.LogRecord("uvicorn.access", logging.INFO, "", 0, '%s - "%s %s HTTP/%s" %d', args, None)
    assert is_no_probe(record) == is_written


def test_long_path_is_cut(tmp_path: Path) -> None:
    """The access log has the beginning of a long path without the number at the cut, because redaction takes time."""
    file = tmp_path / "application.log"
    configure_logs("dev", file)
    path = "/" + "x" * 2038 + "/" + "1" * 20
    args = ("10.0.0.1:1", "GET", path, "1.1", 404)
    logging.getLogger("uvicorn.access").info('%s - "%s %s HTTP/%s" %d', *args)
    expected = f'10.0.0.1:1 - "GET /{"x" * 2038}/… HTTP/1.1" 404'
    assert json.loads(file.read_text(encoding="utf-8"))["message"] == expected


def test_unwritable_file_is_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a writable file stdout has a warning."""
    configure_logs("prod", tmp_path / "absent" / "prod" / "application.log")
    line = json.loads(capsys.readouterr().out)
    assert line["level"] == "WARNING"
    assert line["message"].startswith("no log file: ")


def test_log_file_is_rotated(tmp_path: Path) -> None:
    """The log has at most four files of the configured size."""
    configure_logs("dev", tmp_path / "application.log", file_bytes=1000)
    for number in range(100):
        logging.getLogger("somewhere").info("line %d", number)
    files = sorted(tmp_path.iterdir())
    assert [file.suffix for file in files] == [".log", ".1", ".2", ".3"]
    assert max(file.stat().st_size for file in files) <= 1000
