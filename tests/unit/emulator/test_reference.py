"""docs/reference.md has every verb and flag of the emulator."""

from tests.support.reference import section
from tests.unit.emulator.reference import emulator


def test_the_section_of_the_emulator_is_current() -> None:
    """A stale section fails; `make reference` writes it again."""
    assert section("emulator") == emulator()
