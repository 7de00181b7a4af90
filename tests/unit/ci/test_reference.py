"""docs/reference.md has every verb, flag and exit code of the pipeline, and every key of delivery.yaml."""

from tests.support.reference import section
from tests.unit.ci.reference import sections


def test_the_sections_of_the_pipeline_are_current() -> None:
    """A stale section fails; `make reference` writes it again."""
    assert {name: section(name) for name in sections()} == sections()
