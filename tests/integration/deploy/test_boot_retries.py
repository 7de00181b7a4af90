"""A rollout waits for the attempts of a startup script that repeats what fails, and ends once the script gives up."""

from dataclasses import replace
from typing import Literal

import pytest

from deploy.documents.group_state import Group, Instance, Version
from deploy.errors import RolledBackError
from deploy.group.health import Verdict
from deploy.rollout.early_failure import EarlyFailureDetector
from tests.integration.deploy.rig import Rig, new_rig
from tests.unit.deploy.values import REPOSITORY

TARGET = Version("new", "v")
DENIED = f'Error response from daemon: Head "https://{REPOSITORY}": denied: Permission "x" denied on resource "y"'
UNAUTHORIZED = "Error response from daemon: unauthorized: authentication required"
PULL = "timeout 120 docker compose pull --policy missing --quiet"
BEGINS = f"{PULL}: attempt 1, with more after a failure"
GIVEN_UP = f"{PULL}: exit code 18, 6 times"
AGENT = "google_metadata_script_runner[1]: "
PREFIXES = {"new": f'{AGENT}Metadata key("startup-script"), command("/bin/bash"): ', "old": f"{AGENT}startup-script: "}
FAILED = {
    "new": f'{AGENT}Script "startup-script" failed with error: exit status 18',
    "old": f"{AGENT}startup-script exit status 18",
}


def attempts(error: str, count: int) -> list[str]:
    """Return what a script prints until its attempts have failed so often."""
    return [text for wait in range(1, count + 1) for text in (error, f"{PULL}: exit code 18, again in {2**wait} s")]


def rig_with(agent: Literal["new", "old"], serial: list[str], **rule: object) -> Rig:
    """Return a rig whose new instances print lines by a guest agent."""
    rig = new_rig()
    rig.emulator.environment.options = replace(rig.emulator.environment.options, guest_agent=agent)
    rig.control("POST", "emulator/instance-rules", {"serial": serial, **rule})
    return rig


def verdict(agent: str, *outputs: dict[str, list[str]]) -> Verdict | None:
    """
    Return the first verdict about new instances that never serve, whose serial ports are read at each time.

    Args:
        agent: guest agent that prints the lines; a line of the agent itself gets no prefix.
        outputs: lines of each instance at that time.
    """
    rig = new_rig()
    compute = rig.compute()
    current: dict[str, list[str]] = {}
    compute.get = lambda path, *_, **__: {  # type: ignore[method-assign]
        "contents": "\r\n".join(
            line if line.startswith(AGENT) else PREFIXES[agent] + line for line in current[path.split("/")[-2]]
        )
    }
    detector = EarlyFailureDetector(rig.managed(compute), rig.config)
    for number, current in enumerate(outputs):
        late = (
            Instance(name, TARGET, "RUNNING", "VERIFYING", "UNHEALTHY", zone=rig.config.location.name)
            for name in current
        )
        group = Group({}, (TARGET,), 1, "f", False, False, tuple(late))
        for at_s in (52.0 * number, 52.0 * number + 31.0):
            failed = detector.read_verdict(group, TARGET, at_s)
            if failed:
                return failed
    return None


@pytest.mark.parametrize("agent", ["new", "old"])
@pytest.mark.parametrize("faults", [1, 2, 5])
def test_rollout_succeeds_whose_pull_succeeds_at_a_later_attempt(agent: Literal["new", "old"], faults: int) -> None:
    """A refused pull that the script repeats, and that passes, does not end the rollout."""
    rig = rig_with(agent, [BEGINS, *attempts(DENIED, faults)], answer_s=100)
    rig.deploy("a")
    assert rig.serving() == ["a"] * 3


@pytest.mark.parametrize("agent", ["new", "old"])
def test_rollout_ends_early_once_the_script_has_given_up(agent: Literal["new", "old"]) -> None:
    """After the last attempt a refused pull ends the rollout long before its time is over."""
    rig = rig_with(agent, [BEGINS, *attempts(DENIED, 5), DENIED, GIVEN_UP], never_healthy=True)
    began_s = rig.emulator.environment.clock.now_s()
    with pytest.raises(RolledBackError, match=r"printed: .*denied: Permission"):
        rig.deploy("a")
    assert rig.emulator.environment.clock.now_s() - began_s < 150


@pytest.mark.parametrize("agent", ["new", "old"])
def test_errors_of_attempts_are_not_two_failures_alike(agent: str) -> None:
    """With two new instances, errors that grow in number by repeated attempts do not end the rollout."""
    reads = [{"n": attempts(UNAUTHORIZED, count), "o": attempts(UNAUTHORIZED, count)} for count in (1, 3, 5)]
    assert verdict(agent, *reads, *reads) is None


@pytest.mark.parametrize("agent", ["new", "old"])
@pytest.mark.parametrize("lines", [[BEGINS, DENIED], [*attempts(DENIED, 2), DENIED]])
def test_error_before_the_line_of_its_attempt_is_waited_for(agent: str, lines: list[str]) -> None:
    """An attempt's error may be read before the script prints how the attempt ended."""
    assert verdict(agent, {"n": lines}) is None


@pytest.mark.parametrize("agent", ["new", "old"])
def test_permanent_error_counts_at_the_last_attempt_or_at_the_end(agent: str) -> None:
    """The last attempt's line, and the end of the script, make the attempts' error count at once."""
    for end in (GIVEN_UP, FAILED[agent]):
        failed = verdict(agent, {"n": [*attempts(DENIED, 5), DENIED, end]})
        assert failed is not None
        assert failed.text == f"n printed: {PREFIXES[agent]}{DENIED}"


@pytest.mark.parametrize("agent", ["new", "old"])
def test_transient_error_of_all_attempts_counts_with_that_of_another_instance(agent: str) -> None:
    """Two instances whose scripts have given up failed alike; one such instance is waited for."""
    given_up = [*attempts(UNAUTHORIZED, 5), UNAUTHORIZED, GIVEN_UP]
    assert verdict(agent, {"n": given_up}, {"n": given_up}) is None
    failed = verdict(agent, {"n": given_up}, {"n": given_up, "o": given_up})
    assert failed is not None
    assert failed.text.startswith("n and o failed alike; the last printed: ")


@pytest.mark.parametrize("agent", ["new", "old"])
def test_next_command_with_attempts_is_waited_for(agent: str) -> None:
    """A script that goes on after a command has failed for good has its next command's attempts."""
    assert verdict(agent, {"n": [*attempts(DENIED, 5), GIVEN_UP, *attempts(DENIED, 1)]}) is None


@pytest.mark.parametrize("agent", ["new", "old"])
def test_lines_of_other_programs_are_no_attempts(agent: str) -> None:
    """A line that resembles an attempt's, and is no output of the script, leaves a permanent error in force."""
    line = attempts("", 1)[1]
    for other in (f"{AGENT}{line}", f"2026-11-27T08:00:00Z vm docker[7]: {line}"):
        rig = new_rig()
        compute = rig.compute()
        contents = f"{PREFIXES[agent]}{DENIED}\n{other}"
        compute.get = lambda *_, contents=contents, **__: {"contents": contents}  # type: ignore[method-assign]
        detector = EarlyFailureDetector(rig.managed(compute), rig.config)
        late = Instance("n", TARGET, "RUNNING", "VERIFYING", "UNHEALTHY")
        group = Group({}, (TARGET,), 1, "f", False, False, (late,))
        assert [detector.read_verdict(group, TARGET, at_s) is None for at_s in (0.0, 31.0)] == [True, False]
