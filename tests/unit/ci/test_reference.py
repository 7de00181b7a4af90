"""docs/reference.md has every verb, flag and exit code of the pipeline."""

from tests.support.reference import section
from tests.unit.ci.reference import pipeline


def test_the_section_of_the_pipeline_is_current() -> None:
    """A stale section fails; `make reference` writes it again."""
    assert section("pipeline") == pipeline()
