"""
The standard streams of a process, whose failures change nothing.

If a reader exits, a disk is full, a stream is closed, an encoding lacks a character or a terminal is paused, the
program's effects, records and exit code stay the same.
"""

import codecs
import contextlib
import io
import os
import select
import sys
from typing import Final, TextIO

from lib.output import printable

_READY_TIMEOUT_S: Final = 0.5
_ERRORS: Final = "lib.streams.escaped"


class SafeStream(io.TextIOBase):
    """
    A text stream whose writes never raise; characters that its encoding lacks are written as JSON escapes.

    Args:
        stream: wrapped stream; None for a stream that was closed at the start of the process.
    """

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__()
        self._stream = stream
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ERRORS)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The stream's encoding."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        """Write and flush a text, and ignore failures."""
        if self._stream is not None:
            with contextlib.suppress(OSError, ValueError):
                self._stream.write(text)
                self._stream.flush()
        return len(text)

    def flush(self) -> None:
        """Do nothing, because each write flushes."""

    def writable(self) -> bool:
        """Return True."""
        return True

    def isatty(self) -> bool:
        """Return whether the stream is a terminal."""
        with contextlib.suppress(OSError, ValueError):
            return self._stream is not None and self._stream.isatty()
        return False

    def fileno(self) -> int:
        """
        Return the stream's descriptor.

        Raises:
            OSError: the stream is closed.
        """
        if self._stream is None:
            raise OSError("the stream is closed")
        return self._stream.fileno()

    @property
    def is_ready(self) -> bool:
        """Whether the stream accepts a line within half a second; False while a pipe or terminal is full."""
        try:
            return bool(select.select([], [self.fileno()], [], _READY_TIMEOUT_S)[1])
        except (OSError, ValueError):
            return True


def protect() -> None:
    """
    Replace stdout and stderr of this process by safe streams.

    Closed descriptors are opened on the null device, so that no socket becomes the process's stderr.
    """
    for descriptor in filter(_is_closed, range(3)):
        os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
    sys.stdout, sys.stderr = _safe(sys.stdout), _safe(sys.stderr)


def write_progress(line: str, stream: "TextIO | SafeStream | None" = None) -> None:
    """Write a line to a stream, by default stderr, or drop the line while the stream is full."""
    stream = stream or sys.stderr
    if not isinstance(stream, SafeStream) or stream.is_ready:
        _write(line, stream)


def write_error(text: str) -> None:
    """Write lines to stderr, and wait for a slow reader."""
    _write(text, sys.stderr)


def write_report(text: str) -> None:
    """Write lines to stdout, and wait for a slow reader."""
    _write(text, sys.stdout)


def _write(text: str, stream: "TextIO | SafeStream | None") -> None:
    """Write lines in printable form; every line of a program passes here, so other programs' text is harmless."""
    if stream is not None:
        with contextlib.suppress(OSError, ValueError):
            stream.write(f"{printable(text)}\n")
            stream.flush()


def _is_closed(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return True
    return False


def _safe(stream: TextIO | None) -> SafeStream:
    return stream if isinstance(stream, SafeStream) else SafeStream(stream)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    """Return the JSON escapes of a text, so that a JSON report stays valid."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)), error.end


codecs.register_error(_ERRORS, _escaped)
