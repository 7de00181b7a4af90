"""The spans of the progress display: names, attributes, parents and the text of a failure."""

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ci import spans
from ci.errors import GateError


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Spans that have ended, of a tracer that stands in for dagger's."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    yield exporter
    provider.shutdown()


def ended(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


def test_stages_are_revealed_and_their_parts_are_not(exporter: InMemorySpanExporter) -> None:
    """The parts are visible where a person unfolds the stage."""
    with spans.stage("types"), spans.part("app"):
        pass
    stage, part = ended(exporter)["types"], ended(exporter)["app"]
    assert stage.attributes == {"dagger.io/ui.reveal": True}
    assert part.attributes == {}
    assert part.parent == stage.context


def test_live_output_is_shown_beside_the_stage_that_it_belongs_to(exporter: InMemorySpanExporter) -> None:
    """A folded stage hides what is revealed within it."""
    with spans.part("verb"), spans.stage("deploy"), spans.live_output():
        pass
    verb, output = ended(exporter)["verb"], ended(exporter)["output"]
    assert output.parent == verb.context
    assert output.attributes == {
        "dagger.io/ui.reveal": True,
        "dagger.io/ui.message": "received",
        "dagger.io/ui.rollup.logs": True,
    }


def test_live_output_outside_of_a_stage_belongs_to_the_verb(exporter: InMemorySpanExporter) -> None:
    """A verb such as `status` has no stage."""
    with spans.live_output():
        pass
    assert ended(exporter)["output"].parent is None


def test_failed_stage_shows_the_first_line_of_its_failure(exporter: InMemorySpanExporter) -> None:
    """The whole output of the tool would fill the screen, and stands in the error of the verb anyway."""
    with pytest.raises(GateError), spans.stage("test"):
        raise GateError("tests of app: failed with code 1\x1b[2J\n" + "a line of pytest\n" * 500)
    span = ended(exporter)["test"]
    assert span.status.status_code is trace.StatusCode.ERROR
    assert span.status.description == "tests of app: failed with code 1␛[2J"
    assert not span.events
