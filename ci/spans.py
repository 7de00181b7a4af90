"""What a person sees of a running verb: the spans that dagger's progress shows in place of its API calls."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, Span

# As in dagger v0.19.10, sdk/go/telemetry/attrs.go.
_REVEAL: Final = "dagger.io/ui.reveal"
_MESSAGE: Final = "dagger.io/ui.message"
_ROLL_UP_LOGS: Final = "dagger.io/ui.rollup.logs"


@contextmanager
def stage(name: str) -> Iterator[None]:
    """
    Show work as a line of its own: while a verb has such lines, its API calls are hidden.

    Args:
        name: Such as `lint`.
    """
    with trace.get_tracer(__name__).start_as_current_span(name, attributes={_REVEAL: True}):
        yield


@contextmanager
def live_output() -> Iterator[None]:
    """Show the output of all execs in it, as they print it, below the line of the stage."""
    shown: dict[str, bool | str] = {_REVEAL: True, _MESSAGE: "received", _ROLL_UP_LOGS: True}
    tracer = trace.get_tracer(__name__)
    with tracer.start_as_current_span("output", _beside(trace.get_current_span()), attributes=shown):
        yield


def _beside(span: Span) -> Context | None:
    """The context of a span's parent: what is revealed within a stage stays hidden as long as the stage is folded."""
    parent = getattr(span, "parent", None)
    return None if parent is None else trace.set_span_in_context(NonRecordingSpan(parent))
