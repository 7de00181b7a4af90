"""Logs as JSON lines: to stdout, and to the file that the machine's log collector reads. Nobody is named in them."""

import logging
import sys
from collections.abc import Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from pythonjsonlogger.core import LogData
from pythonjsonlogger.json import JsonFormatter

from app.pii import redacted

_FOLDER: Final = Path("/var/log/dojangkok")
_FILE_BYTES: Final = 50 * 2**20
_OLD_FILES: Final = 3
_FIELDS: Final = "{asctime}{levelname}{name}{message}"
_PROBES: Final = ("/health", "/livez", "/readyz", "/metrics")


def log_file(app_env: str, folder: Path = _FOLDER) -> Path:
    """Where the log of an environment goes, such as `/var/log/dojangkok/prod/application.log`."""
    return folder / app_env / "application.log"


class Lines(JsonFormatter):
    """
    One JSON object a record: timestamp, level, name, message, app, env, and what the record has besides.

    Args:
        app_env: The environment.
        secrets: Values that are replaced wherever they appear, as personal data are.
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
        self._secrets = sorted(secrets, key=len, reverse=True)  # one may begin with another

    def process_log_record(self, log_data: LogData) -> LogData:
        """Take out of every text what must not be read."""
        log_data.pop("color_message", None)  # uvicorn's, for a terminal
        return {key: self._safe(value) if isinstance(value, str) else value for key, value in log_data.items()}

    def _safe(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return redacted(text).encode(errors="backslashreplace").decode()  # a handler drops a line with half a character


def is_no_probe(record: logging.LogRecord) -> bool:
    """Whether a record of uvicorn's access log tells something: a load balancer asks every few seconds."""
    return not (isinstance(record.args, tuple) and len(record.args) > 2 and record.args[2] in _PROBES)


def configure_logs(app_env: str, file: Path, secrets: Sequence[str] = ()) -> None:
    """
    Send every logger's records, uvicorn's included, to stdout and to `file`.

    Args:
        app_env: The environment.
        file: Its folder is made if it can be; left out, with a warning in the log, where it cannot be written.
        secrets: Values that must not be in a log.
    """
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stdout)]
    unwritable: OSError | None = None
    try:
        file.parent.mkdir(exist_ok=True)
        handlers.append(RotatingFileHandler(file, maxBytes=_FILE_BYTES, backupCount=_OLD_FILES, encoding="utf-8"))
    except OSError as error:
        unwritable = error
    for handler in handlers:
        handler.setFormatter(Lines(app_env, secrets))
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it says whole URLs, with what signs them
    logging.getLogger("uvicorn.access").addFilter(is_no_probe)
    if unwritable is not None:
        logging.getLogger(__name__).warning("no log file: %s", unwritable)
