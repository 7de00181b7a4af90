"""scripts/rehearse.py as a process, against a server that plays the emulator's control routes."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ci.scripts import rehearse

TIE = "host/app@sha256:1=http://release:8000/health"


class FakeEmulator(ThreadingHTTPServer):
    """Issues a request token, and records the other requests."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.asked: list[tuple[str, str, object]] = []
        self.is_stopped = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    server: FakeEmulator

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if not self.server.is_stopped:
            self.server.asked.append((self.command, self.path, json.loads(body) if body else None))
        if self.path == "/stop":
            self.server.is_stopped = True
        elif self.server.is_stopped:
            self.close_connection = True
            return
        answer = json.dumps({"request_token": "of-the-job"}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_DELETE = do_GET  # noqa: N815 - the names that http.server calls

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def emulator() -> Iterator[FakeEmulator]:
    server = FakeEmulator()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearse, "_CREDENTIALS", tmp_path / "credentials.json")


def test_image_is_bound_while_the_command_runs(emulator: FakeEmulator) -> None:
    """The binding ends after the command."""
    check = "import os; raise SystemExit('COMPUTE_URL' in os.environ)"
    assert rehearse.main(emulator.url, TIE, [sys.executable, "-c", check]) == 0, "environments/local.yaml names the URL"
    assert emulator.asked == [
        ("GET", "/emulator/tokens", None),
        ("POST", "/emulator/bindings", {"image": "host/app@sha256:1", "url": "http://release:8000/health"}),
        ("DELETE", "/emulator/bindings?image=host%2Fapp%40sha256%3A1", None),
    ]


def test_code_of_the_command_stays_though_the_emulator_is_gone(emulator: FakeEmulator) -> None:
    """An emulator that no longer answers is not the failure of the command."""
    command = f"import urllib.request as r; r.urlopen('{emulator.url}/stop'); raise SystemExit(7)"
    assert rehearse.main(emulator.url, TIE, [sys.executable, "-c", command]) == 7
    assert emulator.asked[-1][1] == "/stop"


def test_code_of_the_command_stays_and_the_binding_ends(emulator: FakeEmulator) -> None:
    """A failed command ends its binding too."""
    assert rehearse.main(emulator.url, TIE, [sys.executable, "-c", "raise SystemExit(7)"]) == 7
    assert emulator.asked[-1][0] == "DELETE"


def test_nothing_is_bound_without_an_image(emulator: FakeEmulator) -> None:
    """A verb that rolls nothing out has no binding."""
    assert rehearse.main(emulator.url, "", [sys.executable, "-c", ""]) == 0
    assert [verb for verb, _, _ in emulator.asked] == ["GET"]


def test_the_command_gets_a_keyless_login(emulator: FakeEmulator, tmp_path: Path) -> None:
    """Its token endpoint is the emulator, and other users cannot read the file."""
    copy = f"import os, shutil; shutil.copy(os.environ['GOOGLE_APPLICATION_CREDENTIALS'], {str(tmp_path / 'seen')!r})"
    assert rehearse.main(emulator.url, "", [sys.executable, "-c", copy]) == 0
    seen = json.loads((tmp_path / "seen").read_text())
    assert seen["type"] == "external_account"
    assert seen["token_url"] == f"{emulator.url}/v1/token"
    assert seen["credential_source"]["headers"] == {"Authorization": "Bearer of-the-job"}
    assert (tmp_path / "credentials.json").stat().st_mode & 0o777 == 0o600


def test_arguments_are_taken_apart(emulator: FakeEmulator) -> None:
    """As a process: everything after `--` is the command, options included."""
    program = "import sys; from pathlib import Path; from ci.scripts import rehearse as r; "
    program += "r._CREDENTIALS = Path(sys.argv.pop(1)); sys.exit(r.run(sys.argv[1:]))"
    command = [sys.executable, "-c", "import sys; print(sys.argv[1:])", "--", "x=y"]
    ran = subprocess.run(
        [sys.executable, "-c", program, str(rehearse._CREDENTIALS), emulator.url, TIE, "--", *command],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "['--', 'x=y']\n"
