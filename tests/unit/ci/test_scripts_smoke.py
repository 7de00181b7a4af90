"""scripts/smoke.py against small servers: each breaks in one way."""

import socket
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import pytest

from ci.application import Application
from ci.scripts import smoke
from ci.scripts.smoke import Expected
from ci.steps.image import expectations
from tests.support.loopback import free_port

PATHS = {"/livez": "", "/readyz": '"ok"', "/health": '"ok"'}
EXPECTED = Expected("/livez", "/readyz", PATHS, 0.5, allow_root=False, allow_build_tools=False)

SERVER = """
import http.server, os, signal, sys, threading, time
ready = True
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status = 200 if ready or self.path != "/readyz" else 503
        body = {"/version": b'{"image": "x"}', "/metrics": b"http_requests_total 1"}.get(self.path, b'{"status": "ok"}')
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        if SEEN_DRAINING and not ready and self.path == "/livez":
            os._exit(0)
    def log_message(self, *args): pass
def stop(*_):
    global ready
    ON_SIGTERM
def leave(after_s):
    threading.Thread(target=lambda: (time.sleep(after_s), os._exit(0))).start()
signal.signal(signal.SIGTERM, stop)
print("serving", flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
"""


@pytest.fixture(autouse=True)
def an_ordinary_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smoke, "surroundings", lambda _: [])


def server(folder: Path, on_sigterm: str, *, ends_when_seen_draining: bool = False) -> tuple[str, list[str]]:
    port = free_port()
    text = SERVER.replace("PORT", str(port)).replace("ON_SIGTERM", on_sigterm)
    script = folder / "server.py"
    script.write_text(text.replace("SEEN_DRAINING", str(ends_when_seen_draining)))
    return f"http://127.0.0.1:{port}", [sys.executable, str(script)]


def test_server_that_drains_and_ends_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The output has the seconds of the server's end, which follows the last request while it drains."""
    url, command = server(tmp_path, "ready = False", ends_when_seen_draining=True)
    assert smoke.start_and_stop(url, replace(EXPECTED, drain_s=20), command) == 0
    assert "after SIGTERM, 20 s of it draining" in capsys.readouterr().out


def test_server_that_dies_at_its_start_shows_its_last_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The failure is explained by the server itself."""
    script = tmp_path / "server.py"
    script.write_text("print('OCR_API: is missing'); raise SystemExit(78)")
    assert smoke.start_and_stop("http://127.0.0.1:9", EXPECTED, [sys.executable, str(script)]) == 1
    assert capsys.readouterr().err == textwrap.dedent("""\
        the server ended with code 78 instead of becoming ready
        its last log lines:
          OCR_API: is missing
        """)


def test_server_on_another_port_is_named_by_both_halves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The error names the port on which the command must listen."""
    monkeypatch.setattr(smoke, "_LISTENS_WITHIN_S", 0.5)
    _, command = server(tmp_path, "ready = False; leave(0.5)")
    port, began_s = free_port(), time.monotonic()
    text = (
        f"nothing listens on {port} after 0.5 s: [Errno 111] Connection refused."
        f" Fix: let the image's command listen on 0.0.0.0:{port}\n"
    )
    assert smoke.start_and_stop(f"http://127.0.0.1:{port}", EXPECTED, command) == 1
    assert capsys.readouterr().err.startswith(text)
    assert smoke.health(f"http://127.0.0.1:{port}", EXPECTED) == 1
    assert capsys.readouterr().err == text
    assert time.monotonic() - began_s < smoke._READY_WITHIN_S


def test_server_that_listens_and_never_answers_is_named_by_its_routes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A connection was accepted, so the port is right."""
    monkeypatch.setattr(smoke, "_READY_WITHIN_S", 0.2)
    monkeypatch.setattr(smoke, "_TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        assert smoke.health(f"http://127.0.0.1:{listening.getsockname()[1]}", EXPECTED) == 1
    error = capsys.readouterr().err
    assert "nothing listens" not in error
    assert "GET /livez: status 0, expected 200" in error


def test_server_that_never_becomes_ready_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The smoke ends after its deadline."""
    monkeypatch.setattr(smoke, "_READY_WITHIN_S", 0.2)
    url, command = server(tmp_path, "leave(0)")
    script = tmp_path / "server.py"
    script.write_text(script.read_text().replace("ready = True", "ready = False"))
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        assert smoke.wait_until(f"{url}/livez", 200, 20)
        assert smoke.lifecycle(url, EXPECTED, process) == ["the server was not ready within 0.2 s"]
        process.kill()


def test_server_that_stays_ready_while_it_drains_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A load balancer would still send requests to it."""
    url, command = server(tmp_path, "leave(0.5)")
    assert smoke.start_and_stop(url, replace(EXPECTED, drain_s=0.3), command) == 1
    assert "SIGTERM: /readyz did not turn to 503 while draining" in capsys.readouterr().err


def test_server_that_does_not_end_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Compute Engine would kill it with requests in progress."""
    monkeypatch.setattr(smoke, "_END_WITHIN_S", 1)
    url, command = server(tmp_path, "ready = False")
    assert smoke.start_and_stop(url, replace(EXPECTED, drain_s=0.3), command) == 1
    assert "SIGTERM: still running 1 s later" in capsys.readouterr().err


def test_root_and_build_tools_are_problems(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An attacker in the container would use both."""
    monkeypatch.undo()
    compiler = tmp_path / "gcc"
    compiler.write_text("")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("os.getuid", lambda: 0)
    tool, user = smoke.surroundings(EXPECTED)
    assert tool.startswith(f"gcc is in the image: {compiler}. Fix: ")
    assert user.startswith("the image's user is root. Fix: add a USER to the Dockerfile, or set 'allow_root: true'")
    assert smoke.surroundings(replace(EXPECTED, allow_root=True, allow_build_tools=True)) == []


def test_health_names_the_route_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error shows the status and the body."""

    def answer(url: str) -> tuple[int, str]:
        return (500, "broken") if url.endswith("/health") else (200, '{"status": "ok"}')

    monkeypatch.setattr(smoke, "get", answer)
    expected = replace(EXPECTED, responses={**PATHS, "/version": "image"})
    assert smoke.problems("http://app:8000", expected) == [
        'GET /health: status 500, expected 200 and "ok": broken',
        'GET /version: status 200, expected 200 and image: {"status": "ok"}',
    ]


def test_server_that_does_not_drain_may_end_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without drain_s, its paths may be gone right after SIGTERM, and the signal itself may end it."""
    url, command = server(tmp_path, "os._exit(0)")
    single = replace(EXPECTED, readiness="/livez", drain_s=0)
    assert smoke.start_and_stop(url, single, command) == 0
    assert capsys.readouterr().out.endswith(" s after SIGTERM\n")


@pytest.mark.parametrize(
    ("command", "error"),
    [
        ([], "the image has no command. Fix: add a CMD or an ENTRYPOINT to the Dockerfile\n"),
        (["/nowhere"], "the image's command cannot be started: [Errno 2] No such file or directory: '/nowhere'\n"),
    ],
)
def test_image_without_a_command_is_explained(
    command: list[str], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback of the script is shown."""
    assert smoke.start_and_stop("http://127.0.0.1:9", EXPECTED, command) == 1
    assert capsys.readouterr().err == error


def test_command_line_is_that_of_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ci/steps/image.py writes as JSON is what the script expects."""
    started: list[object] = []

    def start_and_stop(*arguments: object) -> int:
        started.append(arguments)
        return 0

    monkeypatch.setattr(smoke, "start_and_stop", start_and_stop)
    application = Application(image="web", port=1, liveness="/livez", readiness="/readyz", health="/up", drain_s=2)
    assert smoke.main("lifecycle", "http://127.0.0.1:1", expectations(application), "serve") == 0
    responses = {"/livez": "", "/readyz": "", "/up": ""}
    expected = Expected("/livez", "/readyz", responses, 2, allow_root=False, allow_build_tools=False)
    assert started == [("http://127.0.0.1:1", expected, ["serve"])]
