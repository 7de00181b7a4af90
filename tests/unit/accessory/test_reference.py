"""docs/reference.md has every verb, flag, key and exit code of accessory."""

from tests.support.reference import section
from tests.unit.accessory.reference import sections


def test_the_sections_of_accessory_are_current() -> None:
    """A stale section fails; `make reference` writes it again."""
    assert {name: section(name) for name in sections()} == sections()
