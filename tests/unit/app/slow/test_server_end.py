"""The end of the server with unfinished jobs and requests."""

import json
import signal
import socket
import time

import pytest

from tests.unit.app.server_process import program, status, wait_until


@pytest.mark.parametrize(
    ("signals", "limits"), [(1, {"FINISH_SEC": "0.5"}), (2, {"DRAIN_SEC": "60", "FINISH_SEC": "60"})]
)
def test_unfinished_jobs_are_handed_back(signals: int, limits: dict[str, str]) -> None:
    """After FINISH_SEC or a second signal unfinished jobs get a callback with a retry hint."""
    with program(latency_s=60, **limits) as running:
        accepted = {running.accept(f"before-{number}") for number in range(20)}
        stopped_at = time.monotonic()
        running.process.send_signal(signal.SIGTERM)
        if signals == 2:
            wait_until(lambda: status("/readyz") == 503)
            running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(timeout=20) == 0
        took_s = time.monotonic() - stopped_at
        callbacks = running.callbacks
    assert took_s >= 1 if signals == 1 else took_s < 60
    assert callbacks.keys() == accepted
    assert {(body["error"]["code"], body["error"]["retry_after_sec"]) for body in callbacks.values()} == {
        ("failed", 10)
    }


def test_half_sent_body_is_answered_at_the_end() -> None:
    """A caller who is in the middle of a body at the end of the server gets 503 in the envelope of errors."""
    with (
        program(latency_s=0, DRAIN_SEC="0", FINISH_SEC="0") as running,
        socket.create_connection(("127.0.0.1", 8000), timeout=20) as caller,
    ):
        caller.sendall(
            b"POST /api/checklists/7 HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n{"
        )
        assert caller.recv(2**16) == b"HTTP/1.1 100 Continue\r\n\r\n"  # the server waits for the body
        running.process.send_signal(signal.SIGTERM)
        received = bytearray()
        while part := caller.recv(2**16):
            received += part
        output = running.process.communicate(timeout=20)[0]
    head, _, body = received.decode().partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 503 ")
    assert "retry-after: 10" in head
    assert json.loads(body)["detail"]["error"]["code"] == "UNAVAILABLE"
    assert "Traceback" not in output
