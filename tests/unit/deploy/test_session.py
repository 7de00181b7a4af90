"""The connections of a verb."""

import sys

import pytest

from deploy import compute_engine
from deploy.session import open_session
from tests.unit.deploy.values import CONFIG

LOGIN = "deploy.compute_engine.login"


@pytest.fixture(autouse=True)
def _no_login(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make an import of the login by google-auth fail."""
    monkeypatch.delattr(compute_engine, "login", raising=False)
    monkeypatch.setitem(sys.modules, LOGIN, None)


def test_session_of_an_emulator_does_without_google_auth() -> None:
    """The import of google-auth takes a fifth of a second, which a rehearsal would add to every deploy."""
    config = CONFIG.model_copy(update={"compute_url": "http://emulator:8080/compute/v1", "token_hosts": ()})
    assert open_session(config, None).headers() == {}


def test_session_of_google_does_not() -> None:
    """A plain ImportError here shows that the test above would notice the import."""
    config = CONFIG.model_copy(update={"compute_url": "https://compute.googleapis.com/compute/v1"})
    with pytest.raises(ImportError):
        open_session(config, None)
