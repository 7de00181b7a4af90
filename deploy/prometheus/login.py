"""The login that a Prometheus server gets: the Google access token, a bearer token of a file, or none."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from deploy.analysis_settings import AnalysisSettings
from deploy.errors import NotAllowedError

Headers = Callable[[], dict[str, str]]
_TOKEN: Final = re.compile(r"[!-~]{1,8192}", re.ASCII)
_LARGEST_FILE: Final = 2**16
_FIX: Final = "write the token alone into a file, and pass its path, or set PROMETHEUS_TOKEN_FILE to it"


def server_headers(analysis: AnalysisSettings, google: Headers, token_file: Path | None) -> Headers:
    """
    Return the function that makes the headers of a request, and raises NotAllowedError if it has no login.

    The file is read when a request needs it: an abort or a rollback reads no metric, and needs no token.

    Args:
        analysis: settings of the analysis, whose URL is https, or http on loopback or a local service.
        google: returns the headers of a request to Google, with its token.
        token_file: file with the bearer token of a server that is not Google's; None for no login.
    """
    if analysis.is_google:
        return google
    return lambda: {} if token_file is None else {"authorization": f"Bearer {_read_token(token_file)}"}


def _read_token(path: Path) -> str:
    """
    Read the token of a file.

    Raises:
        NotAllowedError: the file can't be read, or has no token.
    """
    # No error has the path: who takes the option for the token itself would print it.
    try:
        with path.open("rb") as file:
            token = file.read(_LARGEST_FILE + 1).decode("ascii", errors="replace").strip()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise NotAllowedError(f"--prometheus-token: the file can't be read: {reason}.", _FIX) from None
    if not _TOKEN.fullmatch(token):
        raise NotAllowedError("--prometheus-token: the file has no token of printable characters alone.", _FIX)
    return token
