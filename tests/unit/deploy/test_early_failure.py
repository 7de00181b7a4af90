"""What counts as an early failure of a rollout: serial output of late instances, and errors of the group."""

from typing import Any

import pytest

from deploy.documents.group_state import Group, Instance, Version
from deploy.group.health import Verdict
from deploy.rollout.early_failure import EarlyFailureDetector
from tests.unit.deploy.scripted_compute import GROUP, ScriptedCompute, error
from tests.unit.deploy.values import CONFIG, REPOSITORY

TARGET = Version("projects/dojangkok-dev/global/instanceTemplates/new", "v")
UNAUTHORIZED = "Error response from daemon: unauthorized: authentication required"
DENIED = f"Error response from daemon: pull access denied for {REPOSITORY}"
AGENT = "google_metadata_script_runner[1]: "
ENDED = f"{AGENT}startup-script exit status 1"
ERRORS = f"GET {GROUP}/listErrors"
CODE = "ZONE_RESOURCE_POOL_EXHAUSTED"


def printed(line: str) -> str:
    """Return a line of the serial port: a line of the agent itself, or of the script."""
    return line if line.startswith(AGENT) else f"startup-script: {line}"


def serial_port(name: str) -> str:
    """Return the request for the serial port of an instance."""
    return f"GET zones/{CONFIG.zone}/instances/{name}/serialPort"


def output(*lines: str) -> dict[str, str]:
    """Return the answer of a serial port with lines of a startup script."""
    return {"contents": "\n".join(printed(line) for line in lines)}


def late(*names: str, status: str = "RUNNING") -> Group:
    """Return a group whose new instances do not serve."""
    instances = tuple(Instance(name, TARGET, status, "VERIFYING", "", zone=CONFIG.location.name) for name in names)
    return Group({}, (TARGET,), 1, "f", is_stable=False, is_reached=False, instances=instances)


def detected(answers: dict[str, list[Any]], *polls: tuple[float, Group]) -> tuple[Verdict | None, list[str]]:
    """Return the verdict of the last poll, after polls without a verdict, and the names of what was read."""
    compute = ScriptedCompute(answers)
    detector = EarlyFailureDetector(compute.managed(), CONFIG)
    verdicts = [detector.read_verdict(group, TARGET, at_s) for at_s, group in polls]
    assert verdicts[:-1] == [None] * (len(polls) - 1)
    return verdicts[-1], [request.split("/")[-2] for request in compute.requests]


def test_late_instance_is_read_30_s_after_it_is_late_and_then_every_20_s() -> None:
    """The serial port is not read before its time, and not again before the pause is over."""
    polls = [(at_s, late("n")) for at_s in (0.0, 29.9, 30.0, 49.9, 50.0, 69.9, 70.0)]
    verdict, read = detected({serial_port("n"): [output()]}, *polls)
    assert (verdict, read) == (None, ["n"] * 3)


def test_permanent_failure_is_the_verdict_of_its_instance() -> None:
    """The verdict has the line of the failure, without secrets, and the instance."""
    verdict, _ = detected({serial_port("n"): [output(DENIED, "other")]}, (0.0, late("n")), (30.0, late("n")))
    assert verdict == Verdict("failed", f"n printed: startup-script: {DENIED}", "n")


@pytest.mark.parametrize(
    ("first", "second", "is_failure"),
    [
        (output(UNAUTHORIZED, ENDED), None, True),
        (output(UNAUTHORIZED), output(UNAUTHORIZED), False),
        (output(UNAUTHORIZED), output(UNAUTHORIZED, UNAUTHORIZED), True),
        (output(), output(UNAUTHORIZED, UNAUTHORIZED), False),
        (output(), output(), False),
    ],
)
def test_transient_failure_counts_beside_a_failure_of_another_instance(
    first: dict[str, str], second: dict[str, str] | None, is_failure: bool
) -> None:
    """Beside an instance whose script has ended, a failure counts if its script has ended too, or has failed again."""
    answers = {serial_port("o"): [output(UNAUTHORIZED, ENDED)], serial_port("n"): [first, second or first]}
    polls = [(0.0, late("o")), (30.0, late("o")), (40.0, late("o", "n")), (70.0, late("o", "n"))]
    verdict, read = detected(answers, *polls, *([(90.0, late("o", "n"))] if second else []))
    text = f"o and n failed alike; the last printed: startup-script: {UNAUTHORIZED}"
    assert verdict == (Verdict("failed", text, "n") if is_failure else None)
    assert read == ["o", "n", "n"] if second else ["o", "n"]


def test_instance_without_a_failure_is_read_until_it_serves() -> None:
    """An instance that prints no failure is no known failure, so no other instance is read in its place."""
    answers = {serial_port("n"): [output()], serial_port("o"): [output(UNAUTHORIZED, ENDED)]}
    polls = [(at_s, late("n", "o")) for at_s in (0.0, 30.0, 50.0, 81.0, 112.0)]
    assert detected(answers, *polls) == (None, ["n"] * 4)


def test_longest_output_is_kept_for_the_diagnostics() -> None:
    """The detector keeps the longest output of each instance: the next boot of a recreated instance begins anew."""
    answers = [output("begins"), output("begins", "fails"), output("begins")]
    compute = ScriptedCompute({serial_port("n"): answers})
    detector = EarlyFailureDetector(compute.managed(), CONFIG)
    for at_s in (0.0, 30.0, 50.0, 81.0):
        detector.read_verdict(late("n"), TARGET, at_s)
    assert detector.outputs == {"n": "startup-script: begins\nstartup-script: fails"}


@pytest.mark.parametrize(
    ("answer", "reads", "most_s"), [(error(403), 1, 0.0), (error(404), 2, 0.0), (error(503), 4, 10.0)]
)
def test_serial_port_that_can_not_be_read(answer: Any, reads: int, most_s: float) -> None:
    """A missing permission ends the reads; other errors are tried again later, each for 5 s at most."""
    compute = ScriptedCompute({serial_port("n"): [answer]})
    detector = EarlyFailureDetector(compute.managed(), CONFIG)
    for at_s in (0.0, 30.0, 50.0):
        assert detector.read_verdict(late("n"), TARGET, at_s) is None
    assert len(compute.requests) >= reads
    assert (len(compute.requests) == 1) is (reads == 1)
    assert compute.now_s <= most_s


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"error": {"code": CODE, "message": "full"}}, f"{CODE}: full"),
        ({"error": {"code": CODE}}, f"{CODE}: "),
        ({"error": {"code": "INTERNAL_ERROR", "message": "full"}}, ""),
        ({}, ""),
        ({"error": {"code": CODE}, "instanceActionDetails": {"version": {"instanceTemplate": TARGET.link}}}, ""),
        ({"error": {"code": CODE}, "instanceActionDetails": {}}, ""),
    ],
)
def test_lack_of_capacity_in_the_errors_of_the_group(row: dict[str, Any], text: str) -> None:
    """An instance that does not exist yet is judged by the group's errors of the target version, links by any form."""
    version = {"instanceTemplate": "global/instanceTemplates/new", "name": "v"}
    answers = {ERRORS: [{"items": [{"instanceActionDetails": {"version": version}} | row]}]}
    absent = late("n", status="")
    verdict, read = detected(answers, (0.0, absent), (30.0, absent))
    assert verdict == (Verdict("capacity", text, "n") if text else None)
    assert read == [CONFIG.group]
