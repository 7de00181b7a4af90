"""
The standard streams of a process, written so that nothing depends on whether the text arrives.

A reader may be gone, a disk full, a stream closed, an encoding too small, a terminal paused: what a program does, what
it records and how it ends stay the same.
"""

import codecs
import contextlib
import io
import os
import select
import sys
from typing import Final, TextIO

from lib.output import printable

_PATIENCE_S: Final = 0.5
_ERRORS: Final = "lib.streams.escaped"


class SafeStream(io.TextIOBase):
    """
    A text stream whose writes never raise; what the stream's encoding lacks is written as JSON escapes it.

    Args:
        stream: Where the text goes; None for a stream that was closed when the process began.
    """

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__()
        self._stream = stream
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ERRORS)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The stream's encoding, which terminals are asked for."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        """Write a text and flush it; a failure is ignored."""
        if self._stream is not None:
            with contextlib.suppress(OSError, ValueError):
                self._stream.write(text)
                self._stream.flush()
        return len(text)

    def flush(self) -> None:
        """Do nothing: each write is flushed."""

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
            OSError: the stream has none.
        """
        if self._stream is None:
            raise OSError("the stream is closed")
        return self._stream.fileno()

    @property
    def is_ready(self) -> bool:
        """Return whether a line can be written now, or in half a second; False while a pipe or terminal is full."""
        try:
            return bool(select.select([], [self.fileno()], [], _PATIENCE_S)[1])
        except (OSError, ValueError):
            return True


def protect() -> None:
    """
    Make stdout and stderr of this process safe, for everything that writes to them.

    A descriptor that was closed is given to the null device: a socket must not become the process's stderr.
    """
    for descriptor in filter(_is_closed, range(3)):
        os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
    sys.stdout, sys.stderr = _safe(sys.stdout), _safe(sys.stderr)


def write_progress(line: str, stream: TextIO | None = None) -> None:
    """Write a line to a stream, stderr by default; it is left out while nobody reads, so that the process goes on."""
    stream = stream or sys.stderr
    if not isinstance(stream, SafeStream) or stream.is_ready:
        _write(line, stream)


def write_error(text: str) -> None:
    """Write lines to stderr, however long a reader takes."""
    _write(text, sys.stderr)


def write_report(text: str) -> None:
    """Write lines to stdout, however long a reader takes."""
    _write(text, sys.stdout)


def _write(text: str, stream: TextIO | None) -> None:
    """Write lines: every line that a program prints comes through here, so that other programs' text is harmless."""
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
    """Escape as JSON does, so that a report in JSON stays one."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)), error.end


codecs.register_error(_ERRORS, _escaped)
