"""stdout and stderr of every verb, by real processes, and the report of the last run."""

import json
import re
import subprocess
import sys
import time

import pytest

from deploy.group import version_name
from tests.support.deployer import Deployer
from tests.support.emulator import GROUP, ZONE
from tests.support.releases import reference
from tests.support.reports import unwrapped

BUG = "import deploy.__main__ as m, deploy.verbs as v; v.status = lambda *_: {}['missing']; m.main()"


def test_success_has_its_report_alone_on_stdout_and_gives_it_again(deployer: Deployer) -> None:
    """Progress is on stderr, and `report` prints the same bytes in every format, without network and credentials."""
    code, report, progress = deployer.run("deploy", "--image", reference("a"))
    assert code == 0
    assert re.match(r"✓ ai-server aaaaaaa serves dojangkok-dev-ai-server-mig · 3/3 · \d+ s\n", report)
    assert "phases" not in report
    assert "on dojangkok-…-r-" in progress
    assert "serves dojangkok" not in progress
    assert unwrapped(report).count(f"{deployer.typed} rollback --env dev\n") == 1
    deployer.emulator.kill()
    assert deployer.run("report") == (0, report, "")
    assert "\n  phases    template " in deployer.run("report", "--long")[1]
    kept = json.loads(deployer.records()[0].read_text())
    assert json.loads(deployer.run("report", "--format", "json")[1]) == kept
    assert {phase["name"] for phase in kept["rollout"]["phases"]} >= {"template", "all healthy", "settled", "baked"}
    code, markdown, stderr = deployer.run("report", "--format", "markdown")
    assert (code, stderr, "```mermaid\ngantt\n" in markdown) == (0, "", True)


@pytest.mark.parametrize("shape", ["text", "json", "markdown"])
def test_failure_has_an_empty_stdout_and_its_report_as_the_last_on_stderr(deployer: Deployer, shape: str) -> None:
    """A failed deploy prints nothing on stdout, and its report as the last text on stderr."""
    deployer.emulator.ask("emulator/capacity", verb="PUT", body={"asia-northeast3-a": 3})
    code, stdout, stderr = deployer.run("deploy", "--image", reference("a"), "--format", shape)
    assert (code, stdout) == (9, "")
    again = deployer.run("report", "--format", shape)
    assert (again[0], stderr.endswith(again[1])) == (0, True)
    assert "ZONE_RESOURCE_POOL_EXHAUSTED" in again[1]


def test_refusal_is_recorded_in_place_of_an_earlier_success(deployer: Deployer) -> None:
    """After a refusal `report` prints the refusal, not the success of an earlier run."""
    assert deployer.run("deploy", "--image", reference("a"))[0] == 0
    code, stdout, stderr = deployer.run("deploy", "--image", f"other/path@sha256:{'a' * 64}")
    assert (code, stdout) == (3, "")
    assert stderr.startswith("✗ dojangkok-dev-ai-server-mig: deploy refused, nothing was written (exit code 3)\n")
    assert deployer.run("report") == (0, stderr, "")
    code, stdout, _ = deployer.run("rollback", "--to", "nothing")
    assert (code, stdout, "rollback refused" in deployer.run("report")[1]) == (3, "", True)
    for verb in ("status", "history", "prune"):
        assert deployer.run(verb)[0] == 0
    assert "rollback refused" in deployer.run("report")[1]


@pytest.mark.parametrize("speed", [10])
def test_report_of_a_killed_run_is_rebuilt_from_the_group(deployer: Deployer) -> None:
    """After a run was killed `report` is rebuilt from the group, and the run before is not printed."""
    assert deployer.run("rollback")[0] == 3
    verifying = deployer.emulator.watch_for_activity("verifying")
    process = deployer.start("deploy", "--image", reference("a"))
    while not verifying():
        assert process.poll() is None
        time.sleep(0.05)
    process.kill()
    process.communicate()
    code, report, stderr = deployer.run("report")
    assert (code, stderr, "read from the group" in report) == (0, "", True)
    assert report.startswith(
        "? dojangkok-dev-ai-server-mig: deploy, whose end was not recorded\n  deploy of aaaaaaaaaaaa, run "
    )
    assert re.search(rf"\n  next +{re.escape(deployer.typed)} reconcile --env dev\n", unwrapped(report))
    deployer.emulator.kill()
    deployer.token_hosts = [deployer.emulator.address.removeprefix("http://")]
    code, report, stderr = deployer.run("report")
    warning = "warning: the end of the run can't be read from the group: credentials: none"
    assert (code, stderr.startswith(warning)) == (0, True)
    assert report.startswith("? dojangkok-dev-ai-server-mig: deploy, whose end was not recorded\n")


def test_corrupt_record_is_a_warning_and_the_report_is_rebuilt(deployer: Deployer) -> None:
    """A record that cannot be read is a warning of one line, and the report is rebuilt from the group."""
    assert deployer.run("rollback")[0] == 3
    [record] = deployer.records()
    record.write_text("{")
    code, stdout, stderr = deployer.run("report")
    assert (code, stderr.count("\n"), "warning: " in stderr, record.name in stderr) == (0, 1, True, True)
    assert "read from the group" in stdout


def test_warning_is_on_stderr_before_anything_is_done_and_in_the_report(deployer: Deployer) -> None:
    """A deploy to an empty group warns that no instance proves the release, and offers no undo."""
    deployer.emulator.ask(f"compute/v1/{ZONE}/instanceGroupManagers/{GROUP}/resize?size=0", verb="POST")
    while not deployer.emulator.group()["status"]["isStable"] or deployer.emulator.templates_of_instances():
        time.sleep(0.1)
    code, report, stderr = deployer.run("deploy", "--image", reference("a"))
    warning = "the group has target size 0: no instance will prove this release"
    assert (code, stderr.startswith(f"warning: {warning}\n")) == (0, True)
    assert re.search(rf"\n  warning +{warning}\n", unwrapped(report))
    assert "undo" not in report


def test_times_are_of_the_servers_clock_and_the_skew_is_reported(deployer: Deployer) -> None:
    """Times in a version name are those of the server's clock, and a skewed local clock is a warning."""
    deployer.emulator.ask("emulator/clock", verb="POST", body={"skew_s": -7_200})
    code, report, stderr = deployer.run("deploy", "--image", reference("a"))
    warning = r"warning:? +this computer's clock is 720\d s ahead of Compute Engine's, which deadlines are judged by"
    assert (code, bool(re.search(warning, stderr)), bool(re.search(warning, unwrapped(report)))) == (0, True, True)
    written = version_name.parse_version_name(deployer.emulator.group()["versions"][0]["name"])
    assert written is not None
    assert abs(time.time() - 7_200 - written.began_at.timestamp()) < 60
    assert re.search(warning, unwrapped(deployer.run("status")[1]))


def test_every_verb_that_fails_has_an_empty_stdout(deployer: Deployer) -> None:
    """Each verb that is refused prints nothing on stdout."""
    for verb in ("status", "history", "plan", "prune", "reconcile", "rollback"):
        more = ["--image", reference("a")] if verb == "plan" else []
        code, stdout, stderr = deployer.run(verb, *more, "--group", "no-such-group")
        assert (code, stdout) == (3, "")
        assert f"no-such-group: {verb} refused, nothing was written (exit code 3)\n" in stderr


def test_unexpected_error_is_reported_as_a_bug_below_its_traceback(deployer: Deployer) -> None:
    """An unexpected exception ends with exit code 1, a traceback and a line that calls it a bug."""
    command = [sys.executable, "-c", BUG, *deployer.command("status")[3:]]
    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=60,
        env=deployer.environment(),
        check=False,
        cwd=deployer.folder,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    trace, _, report = ended.stderr.partition("✗ dojangkok-dev-ai-server-mig: status failed (exit code 1)\n")
    assert trace.startswith("Traceback")
    assert report.startswith("  bug in deploy: KeyError: 'missing'.\n  Fix: report it with the lines above.\n")


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ([], "Missing command"),
        (["fly"], "No such command 'fly'"),
        (["deploy", "--env", "dev"], "Missing option '--image'"),
        (["status", "--format", "html"], "'html' is not one of"),
        (["status", "--nonsense"], "No such option: --nonsense"),
    ],
)
def test_usage_is_exit_code_3_on_stderr(args: list[str], expected: str) -> None:
    """A wrong command line ends with exit code 3 and a text on stderr."""
    command = [sys.executable, "-m", "deploy", *args]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr.startswith("usage: ")
    assert ended.stderr.endswith(". Fix: see --help.\n")
    assert expected in ended.stderr
