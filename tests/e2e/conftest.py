"""Fixtures of the end-to-end tests."""

from pathlib import Path

import pytest

from tests.e2e.checkouts import Checkout, copy_repository


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A fresh checkout of the files as they are here, committed or not."""
    return copy_repository(tmp_path / "checkout")


@pytest.fixture
def another_checkout(tmp_path: Path) -> Checkout:
    """A second one, for two people at once."""
    return copy_repository(tmp_path / "another")
