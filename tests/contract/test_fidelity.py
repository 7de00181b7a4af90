"""The suite itself: every served method has a test, every test has a mark, and FIDELITY.md is up to date."""

import pytest

from emulator.api.schema.check import methods
from emulator.api.service_methods import SERVICE_METHODS
from tests.contract import fidelity


def test_every_served_method_is_a_method_of_the_api() -> None:
    """Every method that a handler serves is a method of Compute v1, or of another service in the table."""
    assert fidelity.served() - set(methods()) == set(SERVICE_METHODS)


def test_every_served_method_has_a_test() -> None:
    """Every served method is covered by a test."""
    covered = {name for test in fidelity.tests() for name in test.covers}
    assert fidelity.served() - covered == set()


def test_every_method_that_is_covered_is_served() -> None:
    """A mark names no method that is misspelt or not served."""
    covered = {name for test in fidelity.tests() for name in test.covers}
    assert covered - fidelity.served() == set()


def test_the_committed_file_is_current() -> None:
    """FIDELITY.md is up to date with the marks; `python -m tests.contract.fidelity` writes the file."""
    assert fidelity.FILE.read_text() == fidelity.document()


def test_a_test_without_a_mark_is_an_error() -> None:
    """A contract test without a mark of its evidence is refused by name."""

    def test_unmarked() -> None:
        """A behaviour."""

    with pytest.raises(ValueError, match=r"module\.test_unmarked: no mark"):
        fidelity._test("module.test_unmarked", test_unmarked)
