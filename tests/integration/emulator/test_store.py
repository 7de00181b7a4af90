"""The store closes its database."""

import gc
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.environment.store import StateError, Store


def abandon(state: Path) -> None:
    """Open a state file, and drop the store without closing it."""
    Store(state)


def close(state: Path) -> None:
    """Open a state file, and close the store."""
    Store(state).close()


def refuse(state: Path) -> None:
    """Open a file that is no state file."""
    state.write_bytes(b"no database\n" * 1_000)
    with pytest.raises(StateError):
        Store(state)


@pytest.mark.parametrize("use", [abandon, close, refuse])
def test_no_database_stays_open(state: Path, use: Callable[[Path], None]) -> None:
    """No store leaves an open database behind, whether it is closed, dropped or refused."""
    gc.collect()  # what other tests have left
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        use(state)
        gc.collect()
    assert [str(warning.message) for warning in caught if issubclass(warning.category, ResourceWarning)] == []


def test_a_second_close_changes_nothing(state: Path) -> None:
    """A store can be closed twice, and keeps what it committed."""
    store = Store(state)
    store.put_setting("now_s", 7)
    store.close()
    store.close()
    assert Store(state).setting("now_s") == 7
