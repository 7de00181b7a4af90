"""docs/reference.md has every verb, flag, key and exit code of deploy."""

from tests.support.reference import section
from tests.unit.deploy.reference import sections


def test_the_sections_of_deploy_are_current() -> None:
    """A stale section fails; `make reference` writes it again."""
    assert {name: section(name) for name in sections()} == sections()
