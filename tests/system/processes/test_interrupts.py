"""Signals to a real process at every moment of a rollout: it ends, and reports what Compute Engine continues to do."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time
from collections.abc import Callable

import pytest

from tests.support.deployer import Deployer
from tests.support.releases import reference
from tests.support.reports import unwrapped

SEED = "dojangkok-dev-ai-server-seed"
DEPLOY = ("deploy", "--image", reference("a"))


def never_finish(deployer: Deployer, **times: float) -> None:
    """Let the release's instances stay unhealthy, so that a signal comes before the end of the rollout."""
    deployer.emulator.ask("emulator/instance-rules", {"image": reference("a"), "never_healthy": True, **times})


def interrupted(deployer: Deployer, is_time: Callable[[], bool], sent: signal.Signals, *more: str) -> str:
    """Start a deploy, send a signal once a condition holds, and return the output."""
    process = deployer.start(*DEPLOY, *more)
    while not is_time():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    process.send_signal(sent)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (130, "")
    assert "Traceback" not in stderr
    return stderr


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_signal_during_the_preflight_writes_nothing(deployer: Deployer, sent: signal.Signals) -> None:
    """A signal during the preflight ends the process without a write, although a request hangs."""
    stderr = interrupted(deployer, deployer.emulator.plan_fault(on="instanceTemplates.list", hang=True), sent)
    assert "mig: deploy interrupted (exit code 130)\n  stopped before the end. Nothing was written.\n" in stderr
    assert "reconcile" not in stderr
    assert "undo" not in stderr


def test_signal_before_the_patch_leaves_the_group_unchanged(deployer: Deployer) -> None:
    """A signal before the PATCH leaves the group unchanged, and the report states this."""
    stderr = interrupted(
        deployer, deployer.emulator.plan_fault(on="instanceTemplates.insert", hang=True), signal.SIGINT
    )
    assert "stopped before the end. The group is unchanged, and continues to serve." in unwrapped(stderr)
    assert "reconcile" not in stderr
    assert deployer.emulator.templates_of_instances() == {SEED}


def test_group_is_read_after_an_unanswered_patch(deployer: Deployer) -> None:
    """After an unanswered PATCH the process reads the group to report whether the write took effect."""
    never_finish(deployer)
    wait = deployer.emulator.plan_fault(on="zoneOperations.wait", hang=True)
    stderr = interrupted(deployer, wait, signal.SIGTERM)
    assert re.search(rf"Compute Engine continues with '{SEED}-r-\w{{12}}': it replaces 3 more", unwrapped(stderr))


def test_hangup_that_nohup_ignores_ends_nothing(deployer: Deployer) -> None:
    """A process that was started with SIGHUP ignored goes on to its end."""
    verifying = deployer.emulator.watch_for_activity("verifying")
    process = subprocess.Popen(
        ["nohup", *deployer.command(*DEPLOY)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=deployer.environment(), cwd=deployer.folder,
    )  # fmt: skip
    while not verifying():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGHUP)
    _, stderr = process.communicate(timeout=120)
    assert (process.returncode, b"interrupted" in stderr) == (0, False)


@pytest.mark.parametrize("speed", [10])
def test_closed_terminal_ends_the_process_and_keeps_its_report(deployer: Deployer) -> None:
    """A process whose terminal is closed gets SIGHUP, cannot write, and still records its report."""
    never_finish(deployer)
    verifying = deployer.emulator.watch_for_activity("verifying")
    master, slave = pty.openpty()
    process = subprocess.Popen(
        deployer.command(*DEPLOY), stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - one call
        env=deployer.environment(), cwd=deployer.folder,
    )  # fmt: skip
    os.close(slave)
    until_s = time.monotonic() + 60
    while not verifying():
        assert process.poll() is None
        assert time.monotonic() < until_s
        drain(master)
    os.close(master)
    assert process.wait(30) == 130
    (outcome,) = deployer.results.glob("*.json")
    kept = json.loads(outcome.read_text())
    assert (kept["exit_code"], "stopped before the end. " in kept["message"]) == (130, True)


def drain(descriptor: int) -> None:
    """Read the output of a terminal for a moment."""
    while select.select([descriptor], [], [], 0.02)[0]:
        os.read(descriptor, 1 << 16)


@pytest.mark.parametrize("speed", [10])
def test_signal_during_the_rollout_reports_remaining_instances_deadline_and_commands(deployer: Deployer) -> None:
    """The report after a signal has the remaining instances, the deadline, and the commands to resume and undo."""
    never_finish(deployer)
    verifying = deployer.emulator.watch_for_activity("verifying")
    stderr = interrupted(deployer, verifying, signal.SIGTERM)
    deadline = re.search(r"it replaces 3 more instances, with time until (\d\d:\d\d:\d\d) UTC", unwrapped(stderr))
    assert deadline
    assert re.search(rf"resume +{re.escape(deployer.typed)} reconcile --env dev\n", unwrapped(stderr))
    assert re.search(rf"undo +{re.escape(deployer.typed)} rollback --env dev\n", unwrapped(stderr))
    (outcome,) = deployer.records()
    kept = json.loads(outcome.read_text())
    assert (kept["exit_code"], kept["rollout"]["changed"], deadline[1] in kept["message"]) == (130, True, True)
    code, report, _ = deployer.run("report")
    assert (code, "deploy interrupted (exit code 130)" in report) == (0, True)


def test_signal_during_the_rollback_is_reported(deployer: Deployer) -> None:
    """A signal during the rollback reports what Compute Engine continues to do."""
    never_finish(deployer, delete_s=300)  # 5 s, in which the rollback has not ended
    process = deployer.start(*DEPLOY)
    assert process.stderr is not None
    while "rolling back" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    stderr = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert re.search(
        rf"(The target version of the group is '{SEED}', and|Compute Engine continues with)", unwrapped(stderr)
    )


def test_second_signal_ends_the_process_at_once(deployer: Deployer) -> None:
    """A second Ctrl-C ends the process while the last poll hangs."""
    insert = deployer.emulator.plan_fault(on="instanceTemplates.insert", hang=True)
    process = deployer.start(*DEPLOY)
    while not insert():
        time.sleep(0.02)
    has_hung = deployer.emulator.plan_fault(on="instanceGroupManagers.get", hang=True)
    process.send_signal(signal.SIGINT)
    while not has_hung():
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    stderr = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "stopped before the end" not in stderr


def test_unreadable_group_is_reported_after_a_signal(deployer: Deployer) -> None:
    """A signal while the group cannot be read reports that its state is not known."""
    insert = deployer.emulator.plan_fault(on="instanceTemplates.insert", hang=True)

    def is_time() -> bool:
        return insert() and bool(deployer.emulator.plan_fault(on="instanceGroupManagers.get", hang=True))

    stderr = interrupted(deployer, is_time, signal.SIGINT)
    assert "The group can't be read: its target version is not known." in unwrapped(stderr)
