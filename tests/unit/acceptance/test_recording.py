"""The recorder: it wraps every client of httpx, writes no header and no login, and never changes an answer."""

import json
import runpy
import sys
from pathlib import Path

import httpx
import pytest

from acceptance.exchange import Exchange, read_exchanges
from acceptance.recording import record

_TOKEN = "ya29.a0AfH6SMBxK3" + "x" * 40
_GOOGLE = "https://compute.googleapis.com/compute/v1/projects/disposable-1"


def client(answer: httpx.Response) -> httpx.Client:
    """Return a client whose server always gives one answer."""
    return httpx.Client(transport=httpx.MockTransport(lambda _: answer), headers={"authorization": f"Bearer {_TOKEN}"})


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a recording that lasts as long as the test."""
    monkeypatch.setattr(httpx.Client, "send", httpx.Client.send)
    record(tmp_path / "deploy.jsonl", "deploy", "disposable-1")
    return tmp_path / "deploy.jsonl"


def test_an_exchange_is_written_without_headers_and_secrets(file: Path) -> None:
    """Verb, path, bodies and status are written; the token of the header and the names of the project are not."""
    headers = {"set-cookie": "session=abcdef123456", "x-served-by": "someone"}
    answer = httpx.Response(200, json={"user": "alice@example.org", "id": "7"}, headers=headers)
    sent = client(answer).patch(f"{_GOOGLE}/zones/z/x?requestId=1&names=a&names=b", json={"project": "disposable-1"})
    assert sent.json() == {"user": "alice@example.org", "id": "7"}
    (exchange,) = read_exchanges([file])
    assert exchange == Exchange(
        step="deploy",
        host="compute.googleapis.com",
        at=exchange.at,
        verb="PATCH",
        path="/compute/v1/projects/demo/zones/z/x?requestId=1&names=a&names=b",
        request={"project": "demo"},
        status=200,
        response={"user": "person@example.com", "id": "7"},
    )
    text = file.read_text()
    assert not [secret for secret in (_TOKEN, "session", "someone", "disposable") if secret in text]


def test_a_login_is_not_written(file: Path) -> None:
    """A token that a server gives is left out together with its request."""
    client(httpx.Response(200, json={"access_token": _TOKEN})).post("https://sts.googleapis.com/v1/token")
    assert not file.exists()


@pytest.mark.parametrize(("body", "recorded"), [(b"", None), (b"<html>", "<html>")])
def test_a_body_that_is_no_json_is_kept_as_text(file: Path, body: bytes, recorded: str | None) -> None:
    """An empty body is null, and the page of a proxy is a text."""
    client(httpx.Response(502, content=body)).get(_GOOGLE)
    (exchange,) = read_exchanges([file])
    assert (exchange.status, exchange.request, exchange.response) == (502, None, recorded)


def test_a_full_disk_changes_nothing(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A recording that can't be written is a warning, and the program gets its answer."""
    file.mkdir()
    assert client(httpx.Response(200, json={"id": "7"})).get(_GOOGLE).json() == {"id": "7"}
    assert "warning: an exchange is not recorded" in capsys.readouterr().err


def test_a_program_is_run_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program gets its own arguments, and its requests are recorded."""
    (tmp_path / "prober.py").write_text(
        "import sys, httpx\n"
        "answer = httpx.MockTransport(lambda _: httpx.Response(200, json={'arguments': sys.argv[1:]}))\n"
        f"httpx.Client(transport=answer).get('{_GOOGLE}')\n"
    )
    monkeypatch.setattr(httpx.Client, "send", httpx.Client.send)
    monkeypatch.syspath_prepend(tmp_path)
    file = tmp_path / "s.jsonl"
    monkeypatch.setattr(sys, "argv", ["recording", str(file), "plan", "disposable-1", "prober", "--env", "dev"])
    monkeypatch.delitem(sys.modules, "acceptance.recording")
    runpy.run_module("acceptance.recording", run_name="__main__")
    assert json.loads(file.read_text())["response"] == {"arguments": ["--env", "dev"]}
