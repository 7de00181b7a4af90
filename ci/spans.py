"""The progress of a running verb: spans that dagger shows in place of its API calls."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span, StatusCode

from ci.output import printable

# As in dagger v0.19.10, sdk/go/telemetry/attrs.go.
_REVEAL: Final = "dagger.io/ui.reveal"
_MESSAGE: Final = "dagger.io/ui.message"
_ROLL_UP_LOGS: Final = "dagger.io/ui.rollup.logs"


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Show work as a line with its name and duration; while a verb has such lines, its API calls are hidden."""
    with _span(name, {_REVEAL: True}):
        yield


@contextmanager
def part(name: str) -> Iterator[None]:
    """Show work as a line below its stage, visible where the stage is unfolded."""
    with _span(name, {}):
        yield


@contextmanager
def live_output() -> Iterator[None]:
    """Show the output of all execs in the block, as they print it, below the line of the stage."""
    parent = _parent(trace.get_current_span())
    with _span("output", {_REVEAL: True, _MESSAGE: "received", _ROLL_UP_LOGS: True}, parent):
        yield


@contextmanager
def _span(name: str, attributes: Mapping[str, bool | str], parent: Context | None = None) -> Iterator[None]:
    """Open a span that shows the first line of a failure; the verb prints the whole text at its end."""
    tracer = trace.get_tracer(__name__)
    with tracer.start_as_current_span(
        name, parent, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield
        except Exception as error:
            span.set_status(StatusCode.ERROR, printable(str(error).partition("\n")[0]))
            raise


def _parent(span: Span) -> Context | None:
    """Return the context of a span's parent: spans within a stage stay hidden as long as the stage is folded."""
    parent = getattr(span, "parent", None)
    return None if parent is None else trace.set_span_in_context(NonRecordingSpan(parent))
