"""Fixtures of the end-to-end tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.checkouts import Checkout, copy_repository


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    """A fresh checkout of the files as they are here, committed or not."""
    copy = copy_repository(tmp_path / "checkout")
    yield copy
    copy.interrupt_calls()


@pytest.fixture
def another_checkout(tmp_path: Path) -> Iterator[Checkout]:
    """A second checkout, for two people at once."""
    copy = copy_repository(tmp_path / "another")
    yield copy
    copy.interrupt_calls()
