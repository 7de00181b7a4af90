"""The workflow that other repositories call: whose code runs, with which arguments, and the lines of a caller."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from policy.running import ROOT, run_checked
from policy.test_events import flag, verb
from policy.workflows import FOLDER, PUBLISHED, TIMEOUT_INPUT, Event, JobRun, jobs_of, read_workflow, steps

RELEASE: Final = FOLDER / "release.yml"
COMMON: Final = {"--source": "source/.", "--settings": "source/environments", "--env": "prod"}
MODULE: Final = "github.com/owner/delivery@c0ffee"
ROLLOUTS: Final = ("deploy", "promote", "abort", "rollback")
READS: Final = ("status", "history", "reconcile", "prune", "doctor")
# Minutes after which GitHub ends every job on its own runners, "up to 6 hours". Source: docs.github.com, "Usage limits,
# billing, and administration", read on 2026-11-27.
LONGEST_JOB: Final = 360
# Flags by which deliver.yml and release.yml differ: the first passes secrets, the second another repository.
DIFFERENT: Final = {"--project", "--zone", "--group", "--repository", "--source", "--settings", "--module"}


def called(**inputs: str | bool) -> JobRun:
    """Return the job of a caller that passes these inputs."""
    (job,) = jobs_of(Event("workflow_call", workflow="release", inputs={"environment": "prod", **inputs}))
    return job


def flags(words: list[str]) -> set[str]:
    """Return the long flags of a command."""
    return {word for word in words if word.startswith("--")}


def declared() -> dict[str, dict[str, Any]]:
    """Return the inputs of the workflow by name."""
    return dict(read_workflow(RELEASE)["on"]["workflow_call"]["inputs"])


def test_code_of_the_called_commit_runs_over_the_source_of_the_caller() -> None:
    """GitHub's own `github` is the caller's; the commit behind the caller's `@` is job.workflow_sha."""
    source, delivery = (step["with"] for step in steps(read_workflow(RELEASE)) if "checkout@" in step.get("uses", ""))
    assert source == {"path": "source", "persist-credentials": False}
    assert delivery == {
        "path": "delivery",
        "persist-credentials": False,
        "repository": "${{ job.workflow_repository }}",
        "ref": "${{ job.workflow_sha }}",
    }
    for command in called().commands:
        assert command[:4] == ["delivery/daggerw", "-m", "delivery", "call"]


def test_token_of_prometheus_is_the_only_secret_and_may_be_left_out() -> None:
    """The login is keyless, and the names of a group are no secrets: they stand in the caller's environment files."""
    secrets = read_workflow(RELEASE)["on"]["workflow_call"]["secrets"]
    assert {name: field["required"] for name, field in secrets.items()} == {"PROMETHEUS_TOKEN": False}
    assert set(re.findall(r"secrets\.(\w+)", RELEASE.read_text())) == {"PROMETHEUS_TOKEN"}


def test_deploy_is_the_default_and_is_reported() -> None:
    """It ships the caller's commit to the caller's environment; the commands in its report name this module."""
    job = called()
    publish, deploy, bill, report = job.commands
    assert (job.job, job.environment, job.group) == ("release/release", "prod", "release-deploy-prod-.")
    expected = {**COMMON, "--commit": "5ea1ed", "--format": "outputs"}
    assert {name: flag(publish, name) for name in expected} == expected
    image = PUBLISHED["reference"]
    expected = {**COMMON, "--module": MODULE, "--image": image, "--commit": "5ea1ed", "--by": "octocat"}
    assert {name: flag(deploy, name) for name in expected} == expected
    assert (flag(bill, "--source"), flag(bill, "--image")) == ("source/.", image)
    verbs = ["publish", "deploy", "bill-of-materials", "report"]
    assert [verb(command) for command in (publish, deploy, bill, report)] == verbs
    assert {name: flag(report, name) for name in (*COMMON, "--module")} == {**COMMON, "--module": MODULE}


def test_job_may_last_as_long_as_github_allows() -> None:
    """A shorter default would end a rollout within its time; a caller may set another number."""
    (job,) = read_workflow(RELEASE)["jobs"].values()
    assert (job["timeout-minutes"], declared()["timeout_minutes"]["type"]) == (TIMEOUT_INPUT, "number")
    assert declared()["timeout_minutes"]["default"] == LONGEST_JOB


def test_image_that_exists_is_deployed_without_a_commit() -> None:
    """It was not built from the commit of the run."""
    deploy = called(image="host/app:1").commands[0]
    assert (flag(deploy, "--image"), flag(deploy, "--commit")) == ("host/app:1", "")


def test_application_and_settings_may_be_in_any_folder() -> None:
    """Two applications of a repository do not wait for each other."""
    job = called(folder="services/web", settings="services/web/environments")
    for command in job.commands:
        assert flag(command, "--source") == "source/services/web"
        if verb(command) != "bill-of-materials":
            assert flag(command, "--settings") == "source/services/web/environments"
    assert job.group != called(folder="services/api").group


@pytest.mark.parametrize("name", ["plan", *READS])
def test_other_verb_runs_alone_and_into_the_summary(name: str) -> None:
    """It changes no group, or has a report of its own."""
    (command,) = called(verb=name, image="host/app:1").commands
    assert verb(command) == name
    expected = {**COMMON, "--module": MODULE, "--format": "markdown"}
    assert {part: flag(command, part) for part in expected} == expected


def test_unknown_verb_is_passed_on_and_fails() -> None:
    """A typing error must not end as a success that did nothing."""
    job = jobs_of(
        Event("workflow_call", workflow="release", inputs={"environment": "prod", "verb": "depoly"}),
        fails=lambda step: "depoly" in step,
    )
    assert [(run.conclusion, [verb(command) for command in run.commands]) for run in job] == [("failure", ["depoly"])]


@pytest.mark.parametrize("name", ROLLOUTS)
def test_failed_rollout_fails_and_is_reported(name: str) -> None:
    """As in deliver.yml."""
    (job,) = jobs_of(
        Event("workflow_call", workflow="release", inputs={"environment": "prod", "verb": name, "to": "1234567"}),
        fails=lambda step: f"call {name}" in step,
    )
    rollout = ["publish", "deploy", "bill-of-materials"] if name == "deploy" else [name]
    assert [verb(command) for command in job.commands] == [*rollout, "report"]
    assert job.conclusion == "failure"


@pytest.mark.parametrize(("is_private", "attest", "attests"), [(False, False, 2), (True, False, 0), (True, True, 2)])
def test_image_of_a_private_repository_is_attested_if_the_caller_says_so(
    is_private: bool, attest: bool, attests: int
) -> None:
    """GitHub stores attestations of private repositories for Enterprise Cloud alone."""
    inputs: dict[str, str | bool] = {"environment": "prod", "attest": attest}
    (job,) = jobs_of(Event("workflow_call", workflow="release", inputs=inputs, is_private=is_private))
    assert len([action for action in job.actions if "attest" in action]) == attests


@pytest.mark.parametrize("name", [*ROLLOUTS, "plan"])
def test_both_workflows_pass_the_same_arguments(name: str) -> None:
    """But for the secrets of this repository, and for the source of another one."""
    inputs: dict[str, str | bool] = {"environment": "prod", "verb": name, "step": "", "full": False}
    dispatch = Event("workflow_dispatch", workflow="deliver", inputs=inputs)
    (deliver,) = jobs_of(dispatch)
    ours, theirs = deliver.commands, called(verb=name).commands
    assert [verb(command) for command in ours] == [verb(command) for command in theirs]
    for our, their in zip(ours, theirs, strict=True):
        assert flags(our) - DIFFERENT == flags(their) - DIFFERENT


def caller() -> tuple[str, dict[str, Any]]:
    """Return the text of the caller in .github/workflows/README.md, and its content."""
    (block,) = re.findall(r"```yaml\n(.*?)```", (ROOT / ".github/workflows/README.md").read_text(), re.DOTALL)
    content = {("on" if key is True else key): value for key, value in yaml.safe_load(block).items()}
    return block, content


def test_caller_has_ten_lines_and_passes_what_is_declared() -> None:
    """A copy of the block works after its five names are replaced."""
    text, content = caller()
    assert len(text.splitlines()) == 10
    (job,) = content["jobs"].values()
    required = {name for name, field in declared().items() if field.get("required")}
    assert required <= set(job["with"]) <= set(declared())
    (own,) = read_workflow(RELEASE)["jobs"].values()
    assert job["permissions"] == own["permissions"]
    assert job["uses"].split("@")[0].endswith("/.github/workflows/release.yml")


def test_tools_find_nothing_in_the_lines_of_the_caller(tmp_path: Path) -> None:
    """actionlint and zizmor judge it as a workflow of another repository."""
    workflow = tmp_path / ".github/workflows/deliver.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(caller()[0])
    (tmp_path / ".git").mkdir()  # by it actionlint knows the root of a repository
    run_checked("actionlint", workflow, folder=tmp_path)
    run_checked("zizmor", "--offline", "--no-progress", workflow)
