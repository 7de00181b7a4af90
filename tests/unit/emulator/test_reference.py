"""docs/reference.md has every verb and flag of the emulator, and every key of a seed."""

from tests.support.reference import section
from tests.unit.emulator.reference import sections


def test_the_sections_of_the_emulator_are_current() -> None:
    """A stale section fails; `make reference` writes it again."""
    assert {name: section(name) for name in sections()} == sections()
