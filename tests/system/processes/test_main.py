"""The command line over a real socket: exit codes, stdout and stderr, and a killed process."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from tests.support.deployer import Deployer
from tests.support.fake_registry import FakeRegistry
from tests.support.releases import REPOSITORY, digest, reference
from tests.support.reports import unwrapped


def test_a_day_of_releases(deployer: Deployer) -> None:
    """Plans, deploys, history, rollback and status have their exit codes, and only their report on stdout."""
    code, report, _ = deployer.run("plan", "--image", reference("a"), "--exit-code")
    assert code == 2
    assert unwrapped(report).startswith("dojangkok-dev-ai-server-mig: dojangkok-dev-ai-server-seed → ")
    assert f"@{digest('a')}" in unwrapped(report)
    assert "replaces 3 instances: " in report
    code, report, progress = deployer.run(
        "deploy", "--image", reference("a"), "--commit", "cafe123", "--format", "json"
    )
    assert (code, json.loads(report)["rollout"]["changed"]) == (0, True)
    assert "3/3 on dojangkok-…-r-" in progress
    code, report, _ = deployer.run("deploy", "--image", reference("a"))
    assert (code, report.startswith("✓ nothing to do: ai-server aaaaaaa (cafe123) serves dojangkok")) == (0, True)
    assert deployer.run("plan", "--image", reference("a"), "--exit-code")[0] == 0
    first = deployer.emulator.templates_of_instances()
    assert deployer.run("deploy", "--image", reference("b"))[0] == 0
    code, report, _ = deployer.run("history", "--format", "json")
    assert [(release["digest"], release["state"], release["is_serving"]) for release in json.loads(report)] == [
        (digest("b"), "proven", True),
        (digest("a"), "proven", False),
    ]
    second = deployer.emulator.templates_of_instances()
    for serving in (first, second):
        undo = json.loads(deployer.run("report", "--format", "json")[1])["undo"]
        assert deployer.run(*undo.removeprefix(f"{deployer.typed} ").split())[0] == 0
        assert deployer.emulator.templates_of_instances() == serving
    code, report, _ = deployer.run("status")
    assert code == 0
    assert len(re.findall(r" RUNNING +NONE +HEALTHY\n", report)) == 3
    assert "drift" not in report
    assert json.loads(deployer.run("status", "--format", "json")[1])["drift"] == []
    assert deployer.run("prune")[:2] == (0, "nothing to prune\n")


def test_refusals_have_their_codes_and_write_nothing(deployer: Deployer) -> None:
    """Each refusal ends with its exit code, and the group is unchanged."""
    before = len(deployer.emulator.request_log("group"))
    code, _, stderr = deployer.run("deploy", "--image", f"{REPOSITORY}:v9")
    assert (code, f"'{REPOSITORY}' has no 'v9'. Fix: push it first" in unwrapped(stderr)) == (3, True)
    assert deployer.run("deploy", "--image", f"other/path@{digest('a')}")[0] == 3
    code, _, stderr = deployer.run("deploy")
    assert (code, "usage: Missing option '--image'" in stderr) == (3, True)
    for flags, expected in (
        (("--timeout", "-1"), "--timeout: got '-1'. Fix: use seconds, 1 to 86400."),
        (("--timeout", "inf"), "--timeout: got 'inf'. Fix: use seconds, 1 to 86400."),
        (("--timeout", "soon"), "unable to parse string as a number, got 'soon'. Fix: see --help."),
        (("--zone", "A"), "--zone: got 'A': String should match pattern"),
        (("--group", "other"), "group 'other': not found in zone asia-northeast3-a"),
        (("--project", "other"), "of project other"),
        (("--repository", "host.example/other"), "is not the environment's repository 'host.example/other'"),
    ):
        code, _, stderr = deployer.run("deploy", "--image", reference("a"), *flags)
        assert (code, expected in unwrapped(stderr)) == (3, True), (flags, stderr)
    deployer.emulator.ask("emulator/permissions", verb="PUT", body={"denied": ["compute.instanceTemplates.create"]})
    code, _, stderr = deployer.run("deploy", "--image", reference("a"))
    assert (code, "missing compute.instanceTemplates.create." in stderr) == (4, True)
    assert len(deployer.emulator.request_log("group")) == before


def test_plan_shows_what_deploy_with_the_same_arguments_writes(deployer: Deployer) -> None:
    """The plan shows the commit, the author and the budget that `deploy` writes with the same arguments."""
    flags = ["--image", reference("a"), "--commit", "cafe123", "--by", "alice", "--timeout", "7200"]
    code, shown, stderr = deployer.run("plan", *flags, "--format", "json")
    assert code == 0, stderr
    planned = json.loads(shown)
    changes = {change["field"]: change["after"] for change in planned["template"]}
    assert (changes["metadata release.commit"], changes["metadata release.by"]) == ("cafe123", "alice")
    assert planned["budget_s"] == 7200
    assert deployer.run("plan", "--image", reference("a"), "--timeout", "0.5")[0] == 3
    assert deployer.run("deploy", *flags)[0] == 0
    status = json.loads(deployer.run("status", "--format", "json")[1])
    assert (status["commit"], status["by"]) == ("cafe123", "alice")


def test_tag_is_deployed_by_its_digest_and_a_deleted_image_is_no_rollback_target(
    deployer: Deployer, registry: FakeRegistry
) -> None:
    """A tag is deployed by its digest, and a rollback to an image that the registry lacks is refused."""
    code, report, _ = deployer.run("plan", "--image", f"{REPOSITORY}:latest", "--format", "json")
    assert (code, digest("a") in report) == (0, True)
    assert deployer.run("deploy", "--image", f"{REPOSITORY}:latest")[0] == 0
    assert deployer.run("deploy", "--image", reference("b"))[0] == 0
    serving_b = deployer.emulator.templates_of_instances()
    del registry.manifests[f"{REPOSITORY.partition('/')[2]}/{digest('a')}"]
    code, _, stderr = deployer.run("rollback")
    assert (code, f"'{REPOSITORY}' has no '{digest('a')}'" in unwrapped(stderr)) == (3, True)
    assert deployer.emulator.templates_of_instances() == serving_b


def test_timeout_of_the_command_line_is_the_budget(deployer: Deployer) -> None:
    """A rollout that lasts longer than `--timeout` is rolled back."""
    deployer.emulator.ask("emulator/instance-rules", verb="POST", body={"never_healthy": True})
    code, _, stderr = deployer.run("deploy", "--image", reference("a"), "--timeout", "2")
    assert (code, "not done after 2 s" in unwrapped(stderr)) == (7, True)


def test_failed_release_is_rolled_back_and_reported(deployer: Deployer) -> None:
    """A release without capacity is rolled back, and the report names the template that serves."""
    deployer.emulator.ask("emulator/capacity", verb="PUT", body={"asia-northeast3-a": 3})
    code, report, stderr = deployer.run("deploy", "--image", reference("a"))
    assert (code, report) == (9, "")
    assert "'dojangkok-dev-ai-server-seed' serves again." in unwrapped(stderr)
    assert deployer.emulator.templates_of_instances() == {"dojangkok-dev-ai-server-seed"}


@pytest.mark.parametrize("speed", [10])
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_reconcile_finishes_the_rollout_of_a_stopped_process(deployer: Deployer, sent: signal.Signals) -> None:
    """After a process was killed or interrupted, `reconcile` finishes its rollout."""
    process = deployer.start("deploy", "--image", reference("a"))
    assert process.stderr is not None
    while "verifying" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(sent)
    stderr = process.communicate(timeout=30)[1]
    assert process.returncode == (130 if sent == signal.SIGINT else -9)
    assert sent == signal.SIGKILL or f"{deployer.typed} reconcile --env dev" in unwrapped(stderr)
    time.sleep(0.1)
    code, _, stderr = deployer.run("reconcile")
    assert (code, "deploy of aaaaaaaaaaaa, run" in unwrapped(stderr)) == (0, True)
    assert len(deployer.emulator.templates_of_instances()) == 1
    assert "-r-" in deployer.emulator.templates_of_instances().pop()


def test_without_credentials_both_ways_are_named() -> None:
    """Without a credential file the error names the flag and the variable."""
    environment = {key: value for key, value in os.environ.items() if key != "GOOGLE_APPLICATION_CREDENTIALS"}
    command = [sys.executable, "-m", "deploy", "status", "--env", "prod"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert ended.returncode == 4
    assert "--credentials FILE, or set GOOGLE_APPLICATION_CREDENTIALS" in unwrapped(ended.stderr)


def test_rollback_to_a_tag_of_the_serving_image_is_refused(deployer: Deployer) -> None:
    """A rollback to the first template is refused, because its tag `latest` now refers to the image that serves."""
    assert deployer.run("deploy", "--image", f"{REPOSITORY}:latest")[0] == 0
    code, _, stderr = deployer.run("rollback")
    text = "which is the image that serves already. Fix: deploy another image by its digest"
    assert (code, text in unwrapped(stderr)) == (3, True)


def test_unexpected_answer_is_refused_and_not_called_a_bug(deployer: Deployer) -> None:
    """An answer with status 400 ends each verb with exit code 3, and is not called a bug."""
    deployer.emulator.plan_fault(on="instanceGroupManagers.get", status=400, reason="invalid")
    for verb in (("status",), ("deploy", "--image", reference("a")), ("rollback",)):
        code, stdout, stderr = deployer.run(*verb)
        assert (code, stdout, "Fix: try again later." in stderr) == (3, "", True), stderr
        assert "bug in deploy" not in stderr
