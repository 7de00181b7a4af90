"""Logs as JSON lines, on stdout and in the file of the log collector, without personal data."""

import logging
import sys
from collections.abc import Sequence
from functools import lru_cache
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from pythonjsonlogger.core import LogData
from pythonjsonlogger.json import JsonFormatter

from app.pii import redact
from app.request_context import request_id

_FOLDER: Final = Path("/var/log/dojangkok")
_FILE_BYTES: Final = 50 * 2**20
_OLD_FILES: Final = 3
_FIELDS: Final = "{asctime}{levelname}{name}{message}"
_OWN_TEXTS: Final = frozenset(("timestamp", "level", "name", "app", "env"))  # texts of this program alone
_LINE: Final = "json_line"
_LONGEST_KEPT: Final = 128  # characters of a text whose redaction is kept; the longest id of a case
_LONGEST_PATH: Final = 2048  # characters; the redaction of 64 KiB would delay other requests
_PATH: Final = 2  # index of the path among the arguments of a record of uvicorn's access log
_PROBES: Final = ("/health", "/livez", "/readyz", "/metrics")


def log_file(app_env: str, folder: Path = _FOLDER) -> Path:
    """Return the path of an environment's log, such as `/var/log/dojangkok/prod/application.log`."""
    return folder / app_env / "application.log"


class Lines(JsonFormatter):
    """
    A formatter with one JSON object a record: timestamp, level, name, message, app, env and further fields.

    Args:
        app_env: name of the environment.
        secrets: values that are replaced in every text, like personal data.
    """

    def __init__(self, app_env: str, secrets: Sequence[str]) -> None:
        super().__init__(
            _FIELDS,
            style="{",
            datefmt="%Y-%m-%dT%H:%M:%S%z",
            rename_fields={"asctime": "timestamp", "levelname": "level"},
            static_fields={"app": "dojangkok-ai", "env": app_env},
            json_ensure_ascii=False,
        )
        self._secrets = sorted(secrets, key=len, reverse=True)  # a secret may be the beginning of another

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record, which is made once for all handlers."""
        line: str | None = getattr(record, _LINE, None)
        if line is None:
            line = super().format(record)
            setattr(record, _LINE, line)
        return line

    def process_log_record(self, log_data: LogData) -> LogData:
        """Replace secrets and personal data in every text, and add the id of the request."""
        log_data.pop("color_message", None)  # uvicorn's field for terminals
        for name, value in log_data.items():
            if isinstance(value, str) and name not in _OWN_TEXTS:
                log_data[name] = self._safe(value)
        if (current_id := request_id()) is not None:
            log_data["request_id"] = current_id
        return log_data

    def _safe(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        redacted = _redact_again(text) if len(text) <= _LONGEST_KEPT else redact(text)
        return redacted.encode(errors="backslashreplace").decode()  # a handler drops lines with lone surrogates


# The lines of a case have the same id, in a field of its own.
_redact_again: Final = lru_cache(maxsize=1024)(redact)


class LogFile(RotatingFileHandler):
    """A regular file that is rotated at its size; Python's handler looks up the path twice before each line."""

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: N802 - the name in RotatingFileHandler
        """Return whether the line of a record would exceed the size."""
        return self.stream is not None and self.stream.tell() + len(self.format(record)) >= self.maxBytes


def is_no_probe(record: logging.LogRecord) -> bool:
    """Return whether a record of uvicorn's access log is not a probe of a load balancer."""
    return not (isinstance(record.args, tuple) and len(record.args) > _PATH and record.args[_PATH] in _PROBES)


def with_short_path(record: logging.LogRecord) -> bool:
    """Cut a long path in a record of uvicorn's access log at a separator, so that no part of a number is left."""
    if isinstance(record.args, tuple) and len(record.args) > _PATH:
        path = str(record.args[_PATH])
        if len(path) > _LONGEST_PATH:
            end = max(path.rfind(separator, 0, _LONGEST_PATH) for separator in "/?&=")
            record.args = (*record.args[:_PATH], f"{path[: end + 1]}…", *record.args[_PATH + 1 :])
    return True


def configure_logs(app_env: str, file: Path, secrets: Sequence[str] = (), *, file_bytes: int = _FILE_BYTES) -> None:
    """
    Send the records of all loggers, including uvicorn's, to stdout and to a file.

    Args:
        app_env: name of the environment.
        file: path of the log file, whose folder is created; if it cannot be written, stdout gets a warning instead.
        secrets: values that a log must not contain.
        file_bytes: size at which the file is rotated.
    """
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stdout)]
    unwritable: OSError | None = None
    try:
        file.parent.mkdir(exist_ok=True)
        handlers.append(LogFile(file, maxBytes=file_bytes, backupCount=_OLD_FILES, encoding="utf-8"))
    except OSError as error:
        unwritable = error
    lines = Lines(app_env, secrets)
    for handler in handlers:
        handler.setFormatter(lines)
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # httpx logs whole URLs with their signatures
    access = logging.getLogger("uvicorn.access")
    access.addFilter(is_no_probe)
    access.addFilter(with_short_path)
    if unwritable is not None:
        logging.getLogger(__name__).warning("no log file: %s", unwritable)
