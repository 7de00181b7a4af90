"""Diagnostics of a failed instance: its state, its errors and the end of its serial output."""

from typing import Any

import pytest

from deploy.documents.group_state import Instance, Version
from deploy.rollout.diagnostics import read_diagnostics
from tests.unit.deploy.scripted_compute import ScriptedCompute, error
from tests.unit.deploy.values import CONFIG

NEW = Version("new", "v")
SERIAL_PORT = f"GET zones/{CONFIG.zone}/instances/web-1/serialPort"
TWENTY_LINES = "\n".join(f"line {number}" for number in range(20))
ZONE = CONFIG.location.name


@pytest.mark.parametrize(
    ("instance", "answer", "expected"),
    [
        (
            Instance("web-1", NEW, "RUNNING", "VERIFYING", "UNHEALTHY", zone=ZONE),
            {"contents": TWENTY_LINES},
            ("web-1: VERIFYING RUNNING UNHEALTHY", *(f"  | line {number}" for number in range(8, 20))),
        ),
        (
            Instance(
                "web-1",
                NEW,
                "",
                "CREATING",
                "",
                (("QUOTA_EXCEEDED", "no room"), ("OTHER", "x")),
                zone=ZONE,
            ),
            error(404),
            ("web-1: CREATING absent", "  QUOTA_EXCEEDED: no room", "  OTHER: x", "  | known"),
        ),
        (
            Instance("web-1", NEW, "RUNNING", "NONE", "TIMEOUT", zone=ZONE),
            {"contents": ""},
            ("web-1: NONE RUNNING TIMEOUT", "  | known"),
        ),
        (
            Instance("web-1", NEW, "RUNNING", "RECREATING", "", zone=ZONE),
            {"contents": "boot\n"},
            ("web-1: RECREATING RUNNING", "  | known"),
        ),
    ],
)
def test_diagnostics_of_an_instance(instance: Instance, answer: Any, expected: tuple[str, ...]) -> None:
    """The last twelve lines of the output that is read now, or of the known output if that is longer."""
    assert read_diagnostics(ScriptedCompute({SERIAL_PORT: [answer]}).managed(), instance, "known\n") == expected


def test_serial_port_is_read_for_10_s_at_most() -> None:
    """A serial port that fails delays the report of a failure by its own budget only."""
    compute = ScriptedCompute({SERIAL_PORT: [error(503)]})
    read_diagnostics(compute.managed(), Instance("web-1", NEW, "RUNNING", "NONE", "", zone=ZONE), "")
    assert 0.0 < compute.now_s <= 10.0
