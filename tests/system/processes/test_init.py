"""`init` as a real process: the file that it writes, and everything that a deploy would refuse."""

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.support.deployer import Deployer, Outcome
from tests.support.emulator import GROUP, ZONE
from tests.support.programs import python_of
from tests.support.releases import REPOSITORY, reference
from tests.support.reports import unwrapped

GROUP_PATH = f"compute/v1/{ZONE}/instanceGroupManagers/{GROUP}"
FIREWALL = "compute/v1/projects/dojangkok-dev/global/firewalls/dojangkok-dev-allow-health-check"
# What is planted, and what the finding and its command have: a permission and an API come by the control routes.
DEFECTS = {
    "iap.googleapis.com is not enabled": "gcloud services enable iap.googleapis.com --project dojangkok-dev",
    "1 missing on the project": "--add-permissions compute.instanceTemplates.delete",
    "allInstancesConfig has a 'startup-script'": f"all-instances-config delete {GROUP} --project dojangkok-dev",
    "the type of its update policy is OPPORTUNISTIC": f"update {GROUP} --project dojangkok-dev --zone asia-northeast3-a"
    " --update-policy-type proactive",
    "no autohealing health check": "--health-check CHECK --initial-delay 300",
    "admits probes from 35.191.0.0/16": "gcloud compute firewall-rules create dojangkok-dev-ai-server-mig-probes",
}


def init(deployer: Deployer, *args: str) -> Outcome:
    """Run `init` for the emulator's group, in a folder without any environment file."""
    flags = ("--project", "dojangkok-dev", "--zone", "asia-northeast3-a", "--group", GROUP)
    return run(deployer, "init", *flags, *urls(deployer), *args)


def urls(deployer: Deployer) -> tuple[str, ...]:
    """Return the flags that name the emulator and the registry."""
    return "--compute-url", deployer.compute_url, "--registry-url", deployer.registry_url


def run(deployer: Deployer, *args: str) -> Outcome:
    """Run a verb without writing an environment file before it."""
    command = [python_of("deploy"), "-m", "deploy", *args]
    ended = subprocess.run(
        command, cwd=deployer.folder, env=deployer.environment(), capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    return Outcome(ended.returncode, ended.stdout, ended.stderr)


def written(deployer: Deployer) -> Any:
    """Return the values of the environment file that `init` wrote."""
    return yaml.safe_load((deployer.folder / "environments/dev.yaml").read_text())


def plant(deployer: Deployer) -> None:
    """Plant every defect of DEFECTS."""
    ask = deployer.emulator.ask
    mask = {"properties": {"metadata": {"startup-script": "true"}}}
    policy = {"type": "OPPORTUNISTIC"}
    ask(GROUP_PATH, {"updatePolicy": policy, "allInstancesConfig": mask, "autoHealingPolicies": []}, verb="PATCH")
    ask(FIREWALL, {"sourceRanges": ["130.211.0.0/22"]}, verb="PATCH")
    denied = {"denied": ["compute.instanceTemplates.delete"], "disabled_apis": ["iap.googleapis.com"]}
    ask("emulator/permissions", denied, verb="PUT")


def test_absent_group_gets_no_file_and_a_sound_one_can_be_planned_at_once(deployer: Deployer) -> None:
    """The file has the flags and the repository of the template, the next command works, and nothing is overwritten."""
    code, report, stderr = init(deployer, "--group", "other")
    assert (code, report) == (3, "")
    assert "no file was written, because the group or its template could not be read" in unwrapped(stderr)
    assert "group 'other': not found in zone asia-northeast3-a" in unwrapped(stderr)
    assert not (deployer.folder / "environments").exists()
    code, report, stderr = init(deployer)
    assert (code, stderr, report.count("✗")) == (0, "", 0)
    assert written(deployer) == {
        "project": "dojangkok-dev",
        "zone": "asia-northeast3-a",
        "group": GROUP,
        "repository": REPOSITORY,
        "compute_url": deployer.compute_url,
        "registry_url": deployer.registry_url,
    }
    lines = unwrapped(report).splitlines()
    assert lines[0] == "wrote environments/dev.yaml"
    command = lines[-1].removeprefix(f"next: {deployer.typed} ")
    assert command == f"plan --env dev --image {REPOSITORY}:TAG"
    code, plan, stderr = run(deployer, *command.replace(f"{REPOSITORY}:TAG", reference("a")).split())
    assert (code, f"{GROUP}: dojangkok-dev-ai-server-seed → " in unwrapped(plan)) == (0, True), stderr
    before = written(deployer)
    code, report, stderr = init(deployer, "--repository", "host.example/other")
    assert (code, report) == (3, "")
    assert (
        "environments/dev.yaml: exists already. Fix: name another environment by --env, or add --overwrite."
        in unwrapped(stderr)
    )
    assert written(deployer) == before


def test_six_defects_are_listed_with_their_commands(deployer: Deployer) -> None:
    """Each defect has a line with the command that mends it, the exit code is 3, and the file is written."""
    plant(deployer)
    code, report, stderr = init(deployer)
    assert (code, report, written(deployer)["repository"]) == (3, "", REPOSITORY)
    wrong = [line for line in unwrapped(stderr).splitlines() if "✗ " in line and "Run: " in line]
    assert len(wrong) == len(DEFECTS), stderr
    for line, (text, command) in zip(wrong, DEFECTS.items(), strict=True):
        assert text in line
        assert command in line.partition("Run: ")[2]
    assert unwrapped(stderr).splitlines()[-1] == f"next: {deployer.typed} doctor --env dev"


def test_sample_of_the_readme(deployer: Deployer) -> None:
    """deploy/README.md shows what `init` prints of a group whose update policy is OPPORTUNISTIC, in a few parts."""
    [(typed, printed)] = re.findall(
        r"^```sh\nmig-deploy (init .*?)\n```\n\n```\n(.*?)```",
        Path("deploy/README.md").read_text(),
        re.MULTILINE | re.DOTALL,
    )
    deployer.emulator.ask(GROUP_PATH, {"updatePolicy": {"type": "OPPORTUNISTIC"}}, verb="PATCH")
    deployer.variables = {"DEPLOY_COMMAND": "mig-deploy"}
    code, report, stderr = run(deployer, *shlex.split(typed), *urls(deployer))
    assert (code, report) == (3, "")
    assert [part for part in printed.split("  …\n") if part not in stderr] == [], stderr
