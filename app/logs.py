"""Logs as JSON lines: to stdout, and to the file that the machine's log collector reads."""

import logging
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

from pythonjsonlogger.json import JsonFormatter

_FOLDER = Path("/var/log/dojangkok")
_FILE_BYTES = 50 * 2**20
_OLD_FILES = 3


def log_file(app_env: str, folder: Path = _FOLDER) -> Path:
    """Where the log of an environment goes, such as `/var/log/dojangkok/prod/application.log`."""
    return folder / app_env / "application.log"


def configure_logs(file: Path) -> None:
    """
    Send every logger's records, uvicorn's included, to stdout and to `file`.

    Args:
        file: Its folder is made if it can be; left out, with a warning in the log, where it cannot be written.
    """
    formatter = JsonFormatter(
        "{asctime}{levelname}{name}{message}",
        style="{",
        datefmt="%Y-%m-%dT%H:%M:%S%z",
        rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
    )
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stdout)]
    unwritable: OSError | None = None
    try:
        file.parent.mkdir(exist_ok=True)
        handlers.append(RotatingFileHandler(file, maxBytes=_FILE_BYTES, backupCount=_OLD_FILES, encoding="utf-8"))
    except OSError as error:
        unwritable = error
    for handler in handlers:
        handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    if unwritable is not None:
        logging.getLogger(__name__).warning("no log file: %s", unwritable)
