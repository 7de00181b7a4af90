"""The connections of a verb."""

import sys
from pathlib import Path

import pytest

from deploy import compute_engine
from deploy.analysis_settings import AnalysisSettings, CheckSettings
from deploy.errors import NotAllowedError
from deploy.prometheus.preflight import refuse_missing_login
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


def test_files_that_an_abort_does_not_need_are_not_read(tmp_path: Path) -> None:
    """A wrong file of the registry or of Prometheus is named by a verb that needs it, and is in the way of no other."""
    check = CheckSettings(name="errors", query="$instances", at_most=1)
    analysis = AnalysisSettings(prometheus="https://prometheus.example.com", checks=(check,))
    emulator = {"compute_url": "http://emulator:8080/compute/v1", "token_hosts": ()}
    rollout = CONFIG.rollout.model_copy(update={"analysis": analysis})
    session = open_session(
        CONFIG.model_copy(update={**emulator, "rollout": rollout}), None, tmp_path / "logins", tmp_path / "token"
    )
    with pytest.raises(NotAllowedError, match="registry credentials: "):
        _ = session.registry
    assert session.checks is not None
    with pytest.raises(NotAllowedError, match="--prometheus-token: the file can't be read: "):
        refuse_missing_login(session.checks)
    answer = session.checks.read_once(["a-1"])["errors"]
    assert (answer.fault, answer.reason) == (
        "login",
        "--prometheus-token: the file can't be read: No such file or directory",
    )
