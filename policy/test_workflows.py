"""Workflows are valid, and give neither credentials to a pull request nor trust to a tag that can move."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from policy.running import ROOT, run_checked
from policy.workflows import DAGGERW, FOLDER, PATHS, TIMEOUT_INPUT, command, read_workflow, steps

# The only allowed actions: version, and the commit of its tag.
# Source: the tags of each action's own repository; the comment is the day of the tag.
ACTIONS: Final = {
    "actions/attest": ("v4.2.2", "1e69f48acb82d1966a394da916b4c1698aa569d6"),  # 2026-08-04
    "actions/attest-build-provenance": ("v4.1.0", "a2bbfa25375fe432b6a289bc6b6cd05ecd0c4c32"),  # 2026-02-26
    "actions/checkout": ("v7.0.1", "3d3c42e5aac5ba805825da76410c181273ba90b1"),  # 2026-07-17
    "actions/setup-go": ("v7.0.0", "b7ad1dad31e06c5925ef5d2fc7ad053ef454303e"),  # 2026-07-15
    "actions/upload-artifact": ("v7.0.0", "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f"),  # 2026-02-25
    "dagger/dagger-for-github": ("v8.4.1", "27b130bf0f79a7f6fbbbe0fbca6760dc9bb40a77"),  # 2026-03-17
    "google-github-actions/auth": ("v3.0.0", "7c6bc770dae815cd3e89ee6cdf493a5fab2cc093"),  # 2025-08-28
    "google-github-actions/setup-gcloud": ("v3.0.1", "aa5489c8933f4cc7a4f7d45035b3b1440c9c10db"),  # 2025-08-28
    "hashicorp/setup-terraform": ("v4.0.1", "dfe3c3f87815947d99a8997f908cb6525fc44e9e"),  # 2026-05-12
}
LOGIN: Final = "google-github-actions/auth"
# The events of the design document, and the call by a workflow of another repository, which brings rights of its own.
# Events of forks and of other workflows could run with our secrets and are absent.
TRIGGERS: Final = {"pull_request", "push", "schedule", "workflow_call", "workflow_dispatch"}
# Programs that a step may start: daggerw; in a job without a login also .ci/run, make and package managers.
COMMANDS: Final = {*DAGGERW, ".ci/run", "make", "pip", "uv"}
# Those of the design document, and the token of a Prometheus server.
SECRETS: Final = {
    "AR_REPO", "GCP_PROJECT_ID", "GCP_SERVICE_ACCOUNT", "GCP_ZONE", "MIG_NAME", "WORKLOAD_IDENTITY_PROVIDER",
    "PROMETHEUS_TOKEN",
}  # fmt: skip
MOST_LINES: Final = 132  # release.yml has twelve inputs and two attestations; the others have at most 100

each_workflow = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)


def jobs(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return the place and the definition of each job of a workflow."""
    return [(f"{path.name}: jobs.{name}", job) for name, job in read_workflow(path)["jobs"].items()]


def has_login(job: dict[str, Any]) -> bool:
    """Return whether a job gets credentials of Google Cloud."""
    return any(step.get("uses", "").startswith(f"{LOGIN}@") for step in job["steps"])


def test_actionlint_finds_nothing() -> None:
    """Without shellcheck actionlint would skip the shell without a message, so shellcheck must be present."""
    run_checked("shellcheck", "--version")
    run_checked("actionlint", "-config-file", ".github/actionlint.yaml", *PATHS)


def test_zizmor_finds_nothing() -> None:
    """The strictest persona of zizmor has no findings."""
    run_checked("zizmor", "--offline", "--no-progress", "--persona", "pedantic", FOLDER)


def test_workflows_fit_the_schema_of_github() -> None:
    """The schema is the one that check-jsonschema contains."""
    run_checked("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *PATHS)


@each_workflow
def test_ignored_findings_have_a_reason(path: Path) -> None:
    """A comment that disables a finding of zizmor contains the reason."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        assert not re.search(r"# zizmor: ignore\[[^]]*\]\s*$", line), (
            f"{path.name}:{number}: no reason. Fix: write the reason behind the ']'"
        )


def test_actionlint_ignores_only_what_is_checked_here() -> None:
    """Other tests of this folder check the key `queue` and the two properties of `job`."""
    config = yaml.safe_load((ROOT / ".github/actionlint.yaml").read_text())
    ignored = [pattern for rules in config["paths"].values() for pattern in rules["ignore"]]
    assert ignored == [
        '^unexpected key "queue" for "concurrency" section',
        r'^property "workflow_(repository|sha)" is not defined in object type \{check_run_id: number;',
    ], ".github/actionlint.yaml: ignores another finding. Fix: correct the workflow instead"


@each_workflow
def test_actions_are_pinned_by_known_commits(path: Path) -> None:
    """Each action is one of the table, at its commit, with its version in a comment."""
    text = path.read_text()
    used = [step["uses"] for step in steps(read_workflow(path)) if "uses" in step]
    for use in used:
        name, _, commit = use.partition("@")
        version, known = ACTIONS.get(name, ("", ""))
        assert commit == known, f"{path.name}: got '{use}'. Fix: an action of ACTIONS, at its commit"
        pinned = f"uses: {use} # {version}\n"
        assert text.count(f"uses: {use}") == text.count(pinned), (
            f"{path.name}: {use}. Fix: write '# {version}' behind it"
        )


@each_workflow
def test_only_allowed_events_start_a_workflow(path: Path) -> None:
    """A workflow has no trigger that a fork or another workflow could use."""
    others = set(read_workflow(path)["on"]) - TRIGGERS
    assert not others, f"{path.name}: on: got {sorted(others)}. Fix: {', '.join(sorted(TRIGGERS))}"


@each_workflow
def test_jobs_have_no_unneeded_permission(path: Path) -> None:
    """A job may read the contents; a job with a login may request an id token, and one that attests may store it."""
    assert read_workflow(path).get("permissions") == {}, f"{path.name}: permissions. Fix: '{{}}' at the top"
    for where, job in jobs(path):
        needed = {"contents": "read", **({"id-token": "write"} if has_login(job) else {})}
        if any(step.get("uses", "").startswith("actions/attest") for step in job["steps"]):
            needed["attestations"] = "write"
        assert job.get("permissions") == needed, f"{where}.permissions: got {job.get('permissions')}. Fix: {needed}"


@each_workflow
def test_checkout_stores_no_token(path: Path) -> None:
    """Each checkout has persist-credentials: false."""
    for step in steps(read_workflow(path)):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step.get("with", {}).get("persist-credentials") is False, (
                f"{path.name}: checkout. Fix: persist-credentials: false"
            )


@each_workflow
def test_jobs_with_a_login_have_an_environment(path: Path) -> None:
    """A job has a GitHub environment, whose rules apply, exactly if it logs in."""
    for where, job in jobs(path):
        assert ("environment" in job) == has_login(job), (
            f"{where}.environment: got {job.get('environment')}. Fix: an environment exactly for a job with a login"
        )


@each_workflow
def test_secrets_are_those_of_the_design_in_jobs_with_an_environment(path: Path) -> None:
    """No workflow reads another secret, and no job without an environment reads a secret."""
    for where, job in jobs(path):
        used = set(re.findall(r"secrets\.(\w+)", str(job)))
        assert used <= SECRETS, f"{where}: got {sorted(used - SECRETS)}. Fix: {', '.join(sorted(SECRETS))}"
        assert not used or "environment" in job, f"{where}: secrets without an environment. Fix: add an environment"
    outside = {key: value for key, value in read_workflow(path).items() if key != "jobs"}
    assert "secrets." not in str(outside), f"{path.name}: a secret outside of jobs. Fix: move the secret into the job"


@each_workflow
def test_token_of_prometheus_is_a_variable_of_its_steps_alone(path: Path) -> None:
    """No other program of the job reads it, and it is no argument: dagger reads the variable itself."""
    for step in steps(read_workflow(path)):
        run = step.get("run", "")
        is_passed = "--prometheus-token env:PROMETHEUS_TOKEN " in f"{run} "
        assert is_passed == ("PROMETHEUS_TOKEN" in step.get("env", {})), f"{path.name}: '{run[:60]}…'"
        assert "$PROMETHEUS_TOKEN" not in run, f"{path.name}: '{run[:60]}…'. Fix: pass env:PROMETHEUS_TOKEN"
    for where, job in jobs(path):
        assert "PROMETHEUS_TOKEN" not in job.get("env", {}), f"{where}.env. Fix: the env of the steps that pass it"


@each_workflow
def test_steps_are_single_calls_without_expressions(path: Path) -> None:
    """A step runs one allowed program, and gets values through variables instead of `${{ }}`."""
    for _, job in jobs(path):
        allowed = set(DAGGERW) if has_login(job) else COMMANDS
        for run in (step["run"] for step in job["steps"] if "run" in step):
            where = f"{path.name}: '{run[:40]}…'"
            assert "${{" not in run, f"{where}: contains ${{{{ }}}}. Fix: pass the value through env:"
            assert command(run)[0] in allowed, f"{where}. Fix: one of {', '.join(sorted(allowed))}"


@each_workflow
def test_rollouts_queue_and_are_never_cancelled(path: Path) -> None:
    """GitHub drops a waiting run for a newer run unless `queue` is max; .github/workflows/README.md has the sources."""
    workflow = read_workflow(path)
    concurrency = workflow["concurrency"]
    if any(has_login(job) for _, job in jobs(path)):
        assert concurrency["cancel-in-progress"] is False, f"{path.name}: cancel-in-progress. Fix: false"
        assert concurrency.get("queue") == "max", f"{path.name}: queue: got {concurrency.get('queue')}. Fix: max"
        assert "inputs.environment" in concurrency["group"], f"{path.name}: group. Fix: add the environment"
    else:
        assert concurrency["cancel-in-progress"] is True, (
            f"{path.name}: cancel-in-progress. Fix: true, because the job changes nothing"
        )
        assert "queue" not in concurrency, f"{path.name}: queue. Fix: remove the key"
    assert not [where for where, job in jobs(path) if "concurrency" in job], (
        f"{path.name}: Fix: one group, of the workflow"
    )


def test_every_workflow_has_its_own_group() -> None:
    """Two workflows never wait for each other."""
    groups = [read_workflow(path)["concurrency"]["group"] for path in PATHS]
    assert len({group.partition("-")[0] for group in groups}) == len(PATHS), groups


def test_required_check_runs_on_every_path() -> None:
    """
    The paths that check.yml ignores start a second workflow with the same job, and with no other.

    GitHub identifies a required check by the name of its job alone, so both jobs must be equal.
    """
    check, ignored = (read_workflow(FOLDER / name) for name in ("check.yml", "check-ignored-paths.yml"))
    on, on_ignored = check["on"]["pull_request"], ignored["on"]["pull_request"]
    assert on_ignored == {"branches": on["branches"], "paths": on["paths-ignore"]}
    assert set(check["on"]) == set(ignored["on"]) == {"pull_request"}
    assert list(check["jobs"]) == ["lint-test", "providers"]
    assert (ignored["name"], ignored["jobs"]) == (check["name"], {"lint-test": check["jobs"]["lint-test"]})


def test_no_other_job_has_the_name_of_the_required_check() -> None:
    """Only check.yml and check-ignored-paths.yml have a job lint-test."""
    for path in PATHS:
        names = {job.get("name", key) for key, job in read_workflow(path)["jobs"].items()}
        assert ("lint-test" in names) == path.stem.startswith("check"), path.name


@each_workflow
def test_dispatch_offers_every_environment(path: Path) -> None:
    """The form offers the environments of environments/*.yaml, except local."""
    environments = {file.stem for file in (ROOT / "environments").glob("*.yaml")} - {"local"}
    form = (read_workflow(path)["on"].get("workflow_dispatch") or {}).get("inputs", {})
    if form:
        offered = form["environment"]["options"]
        assert set(offered) == environments, f"{path.name}: environment: got {offered}. Fix: {sorted(environments)}"


@each_workflow
def test_every_job_has_a_timeout_and_a_fixed_runner(path: Path) -> None:
    """A job runs on a released Ubuntu and ends after its timeout."""
    for where, job in jobs(path):
        assert re.fullmatch(r"ubuntu-\d\d\.04", job["runs-on"]), (
            f"{where}.runs-on: got '{job['runs-on']}'. Fix: ubuntu-24.04"
        )
        timeout = job.get("timeout-minutes")
        if timeout == TIMEOUT_INPUT:
            timeout = read_workflow(path)["on"]["workflow_call"]["inputs"]["timeout_minutes"].get("default")
        assert isinstance(timeout, int), f"{where}.timeout-minutes. Fix: a number, or an input with a default"


@each_workflow
def test_workflows_stay_short(path: Path) -> None:
    """A workflow calls verbs and has few lines."""
    length = len(path.read_text().splitlines())
    assert length <= MOST_LINES, f"{path.name}: {length} lines. Fix: at most {MOST_LINES}; move logic into a verb"
