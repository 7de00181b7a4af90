"""Workflows are right in GitHub's eyes, and give away nothing that a pull request or a moved tag could use."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from policy.running import ROOT, run_checked
from policy.workflows import FOLDER, PATHS, command, document, steps

# The only actions that may be used: version, and the commit that its tag stands for.
# Source: the tags of each action's own repository; behind each, the day of its tag.
ACTIONS: Final = {
    "actions/checkout": ("v7.0.1", "3d3c42e5aac5ba805825da76410c181273ba90b1"),  # 2026-07-17
    "actions/setup-go": ("v7.0.0", "b7ad1dad31e06c5925ef5d2fc7ad053ef454303e"),  # 2026-07-15
    "actions/upload-artifact": ("v7.0.0", "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f"),  # 2026-02-25
    "dagger/dagger-for-github": ("v8.4.1", "27b130bf0f79a7f6fbbbe0fbca6760dc9bb40a77"),  # 2026-03-17
    "google-github-actions/auth": ("v3.0.0", "7c6bc770dae815cd3e89ee6cdf493a5fab2cc093"),  # 2025-08-28
    "google-github-actions/setup-gcloud": ("v3.0.1", "aa5489c8933f4cc7a4f7d45035b3b1440c9c10db"),  # 2025-08-28
    "hashicorp/setup-terraform": ("v4.0.1", "dfe3c3f87815947d99a8997f908cb6525fc44e9e"),  # 2026-05-12
}
LOGIN: Final = "google-github-actions/auth"
# Of the design document; what an event of a fork or of another workflow could start with our secrets is not among them.
TRIGGERS: Final = {"pull_request", "push", "schedule", "workflow_dispatch"}
# What a step may start: a verb of the module; in a job without a login also the checks of the host, and what they need.
COMMANDS: Final = {"./daggerw", ".ci/run", "pip", "uv"}
SECRETS: Final = {
    "AR_REPO", "GCP_PROJECT_ID", "GCP_SERVICE_ACCOUNT", "GCP_ZONE", "MIG_NAME", "WORKLOAD_IDENTITY_PROVIDER",
}  # fmt: skip
MOST_LINES: Final = 59

each_workflow = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)


def jobs(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return where each job of a workflow stands, and what it says."""
    return [(f"{path.name}: jobs.{name}", job) for name, job in document(path)["jobs"].items()]


def logs_in(job: dict[str, Any]) -> bool:
    """Whether a job gets credentials of Google Cloud."""
    return any(step.get("uses", "").startswith(f"{LOGIN}@") for step in job["steps"])


def test_actionlint_finds_nothing() -> None:
    """It leaves out the shell, silently, where shellcheck is missing."""
    run_checked("shellcheck", "--version")
    run_checked("actionlint", "-config-file", ".github/actionlint.yaml", *PATHS)


def test_zizmor_finds_nothing_as_a_pedant() -> None:
    run_checked("zizmor", "--offline", "--no-progress", "--persona", "pedantic", FOLDER)


def test_schema_of_github_is_met() -> None:
    run_checked("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *PATHS)


@each_workflow
def test_ignored_findings_say_why(path: Path) -> None:
    for number, line in enumerate(path.read_text().splitlines(), 1):
        assert not re.search(r"# zizmor: ignore\[[^]]*\]\s*$", line), (
            f"{path.name}:{number}: no reason. Fix: write it behind the ']'"
        )


def test_actionlint_ignores_nothing_but_what_is_checked_here() -> None:
    config = yaml.safe_load((ROOT / ".github/actionlint.yaml").read_text())
    ignored = [pattern for rules in config["paths"].values() for pattern in rules["ignore"]]
    assert ignored == ['^unexpected key "queue" for "concurrency" section'], (
        ".github/actionlint.yaml: Fix: mend the finding instead, or check here what is no longer checked there"
    )


@each_workflow
def test_actions_are_pinned_by_commits_that_we_know(path: Path) -> None:
    text = path.read_text()
    used = [step["uses"] for step in steps(document(path)) if "uses" in step]
    for use in used:
        name, _, commit = use.partition("@")
        version, known = ACTIONS.get(name, ("", ""))
        assert commit == known, f"{path.name}: got '{use}'. Fix: an action of ACTIONS, at its commit"
        pinned = f"uses: {use} # {version}\n"
        assert text.count(f"uses: {use}") == text.count(pinned), (
            f"{path.name}: {use}. Fix: write '# {version}' behind it"
        )


@each_workflow
def test_only_events_of_the_repository_itself_start_it(path: Path) -> None:
    others = set(document(path)["on"]) - TRIGGERS
    assert not others, f"{path.name}: on: got {sorted(others)}. Fix: {', '.join(sorted(TRIGGERS))}"


@each_workflow
def test_nothing_is_permitted_that_is_not_needed(path: Path) -> None:
    assert document(path).get("permissions") == {}, f"{path.name}: permissions. Fix: '{{}}' at the top"
    for where, job in jobs(path):
        needed = {"contents": "read", **({"id-token": "write"} if logs_in(job) else {})}
        assert job.get("permissions") == needed, f"{where}.permissions: got {job.get('permissions')}. Fix: {needed}"


@each_workflow
def test_checkout_leaves_no_token_behind(path: Path) -> None:
    for step in steps(document(path)):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step.get("with", {}).get("persist-credentials") is False, (
                f"{path.name}: checkout. Fix: persist-credentials: false"
            )


@each_workflow
def test_login_comes_with_an_environment_and_its_rules(path: Path) -> None:
    for where, job in jobs(path):
        assert ("environment" in job) == logs_in(job), (
            f"{where}.environment: got {job.get('environment')}. Fix: one for each job that logs in, and for no other"
        )


@each_workflow
def test_secrets_are_those_of_the_design_and_stay_in_jobs_with_an_environment(path: Path) -> None:
    for where, job in jobs(path):
        used = set(re.findall(r"secrets\.(\w+)", str(job)))
        assert used <= SECRETS, f"{where}: got {sorted(used - SECRETS)}. Fix: {', '.join(sorted(SECRETS))}"
        assert not used or "environment" in job, f"{where}: secrets without an environment. Fix: name one"
    outside = {key: value for key, value in document(path).items() if key != "jobs"}
    assert "secrets." not in str(outside), f"{path.name}: a secret outside of jobs. Fix: move it into the job"


@each_workflow
def test_commands_are_one_call_each_and_hold_no_expression(path: Path) -> None:
    for _, job in jobs(path):
        allowed = {"./daggerw"} if logs_in(job) else COMMANDS
        for run in (step["run"] for step in job["steps"] if "run" in step):
            where = f"{path.name}: '{run[:40]}…'"
            assert "${{" not in run, f"{where}: holds ${{{{ }}}}. Fix: hand the value over by env:"
            assert command(run)[0] in allowed, f"{where}. Fix: one of {', '.join(sorted(allowed))}"


@each_workflow
def test_rollouts_queue_and_are_never_cancelled(path: Path) -> None:
    """GitHub drops a waiting run for a newer one unless `queue` is max; sources in .github/workflows/README.md."""
    workflow = document(path)
    concurrency = workflow["concurrency"]
    if any(logs_in(job) for _, job in jobs(path)):
        assert concurrency["cancel-in-progress"] is False, f"{path.name}: cancel-in-progress. Fix: false"
        assert concurrency.get("queue") == "max", f"{path.name}: queue: got {concurrency.get('queue')}. Fix: max"
        assert "inputs.environment" in concurrency["group"], f"{path.name}: group. Fix: name the environment in it"
    else:
        assert concurrency["cancel-in-progress"] is True, (
            f"{path.name}: cancel-in-progress. Fix: true, it changes nothing"
        )
        assert "queue" not in concurrency, f"{path.name}: queue. Fix: leave it out"
    assert not [where for where, job in jobs(path) if "concurrency" in job], f"{path.name}: Fix: one group, at the top"


def test_every_group_is_its_workflow_s_own() -> None:
    groups = [document(path)["concurrency"]["group"] for path in PATHS]
    assert len({group.partition("-")[0] for group in groups}) == len(PATHS), groups


def test_required_check_runs_on_every_path() -> None:
    """
    The paths that check.yml ignores start a workflow with the same job and no other path does.

    GitHub counts a required check by the name of its job alone, so both must do the same.
    """
    check, ignored = (document(FOLDER / name) for name in ("check.yml", "check-ignored-paths.yml"))
    on, on_ignored = check["on"]["pull_request"], ignored["on"]["pull_request"]
    assert on_ignored == {"branches": on["branches"], "paths": on["paths-ignore"]}
    assert set(check["on"]) == set(ignored["on"]) == {"pull_request"}
    assert (ignored["name"], ignored["jobs"]) == (check["name"], check["jobs"])
    assert list(check["jobs"]) == ["lint-test"]


def test_job_names_of_other_workflows_are_not_the_required_one() -> None:
    for path in PATHS:
        names = {job.get("name", key) for key, job in document(path)["jobs"].items()}
        assert ("lint-test" in names) == path.stem.startswith("check"), path.name


@each_workflow
def test_dispatch_offers_the_environments_that_there_are(path: Path) -> None:
    there_are = {file.stem for file in (ROOT / "environments").glob("*.yaml")} - {"local"}
    form = (document(path)["on"].get("workflow_dispatch") or {}).get("inputs", {})
    if form:
        offered = form["environment"]["options"]
        assert set(offered) == there_are, f"{path.name}: environment: got {offered}. Fix: {sorted(there_are)}"


@each_workflow
def test_every_job_ends_and_names_its_runner(path: Path) -> None:
    for where, job in jobs(path):
        assert re.fullmatch(r"ubuntu-\d\d\.04", job["runs-on"]), (
            f"{where}.runs-on: got '{job['runs-on']}'. Fix: ubuntu-24.04"
        )
        assert isinstance(job.get("timeout-minutes"), int), f"{where}.timeout-minutes. Fix: a number"


@each_workflow
def test_files_stay_thin(path: Path) -> None:
    length = len(path.read_text().splitlines())
    assert length <= MOST_LINES, (
        f"{path.name}: {length} lines. Fix: at most {MOST_LINES}; what is more belongs into a verb"
    )
