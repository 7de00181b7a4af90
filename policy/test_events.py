"""What each event sets going is what the design document's table says (its section 5.3), or differs as said here."""

from dataclasses import replace
from typing import Final

import pytest

from policy.workflows import Event, Ran, set_going

EVERYTHING: Final = {"lint-test", "build-push", "deploy"}
APP: Final = ("app/server.py",)
IGNORED: Final = (".github/workflows/check.yml", "README.md", "deploy/README.md", "docs/runbook.md", "docs/console.png")
IMAGE: Final = "asia-northeast3-docker.pkg.dev/project/dojangkok-ai/ai-server:1234567"
# Which flag each secret of the design document's section 5.4 is for; the other two are the login's.
FLAGS: Final = {
    "--project": "(GCP_PROJECT_ID)", "--zone": "(GCP_ZONE)", "--group": "(MIG_NAME)", "--repository": "(AR_REPO)",
}  # fmt: skip

TO_MAIN: Final = Event("pull_request", "main", APP)
PUSH: Final = Event("push", "main", APP)
SCHEDULE: Final = Event("schedule")


def dispatch(workflow: str, **inputs: str | bool) -> Event:
    """A person fills in the form."""
    return Event("workflow_dispatch", workflow=workflow, inputs=inputs)


def deliver(environment: str, verb: str, image: str = "", to: str = "") -> Event:
    """A person fills in the form of deliver.yml; what is left empty comes as an empty text."""
    return dispatch("deliver", environment=environment, verb=verb, image=image, to=to)


def verb(command: list[str]) -> str:
    """Return the verb of a call of the module."""
    return command[2] if command[1] == "call" else command[1]


def flag(command: list[str], name: str) -> str:
    """Return what a flag is told."""
    return command[command.index(name) + 1]


def of_the_design(ran: list[Ran]) -> set[str]:
    """Return which jobs of the design document a number of calls does, or the verb that it has no job for."""
    done: set[str] = set()
    for command in (command for job in ran for command in job.commands if command[0] == "./daggerw"):
        match verb(command):
            case "check":
                done.add("lint-test")
            case "deploy":
                done |= {"deploy"} if flag(command, "--image") else EVERYTHING
            case "report":
                pass
            case other:
                done.add(other)
    return done


@pytest.mark.parametrize(
    ("event", "jobs"),
    [
        (TO_MAIN, {"lint-test"}),
        (replace(TO_MAIN, branch="dev"), {"lint-test"}),
        (replace(TO_MAIN, branch="feature"), set()),
        (PUSH, EVERYTHING),
        (replace(PUSH, branch="dev"), set()),
        (replace(PUSH, branch="feature"), set()),
        # The design document runs all jobs on a dispatch. Here a person chooses; all of them are one of the choices.
        (deliver("prod", "deploy"), EVERYTHING),
        (deliver("dev", "deploy"), EVERYTHING),
        (deliver("prod", "deploy", image=IMAGE), {"deploy"}),
        (deliver("prod", "plan", image=IMAGE), {"plan"}),
        (deliver("prod", "rollback"), {"rollback"}),
        # Its section 5.5: by hand, and by a dispatch if one likes.
        (dispatch("accessory", name="vllm", environment="dev", image="", rollback=False), {"accessory"}),
        (dispatch("accessory", name="chromadb", environment="prod", image="", rollback=True), {"accessory"}),
        (dispatch("check"), set()),
        (SCHEDULE, set()),
    ],
    ids=lambda value: (
        f"{value.name}-{value.branch}-{'-'.join(map(str, value.inputs.values()))}"
        if isinstance(value, Event)
        else "+".join(sorted(value)) or "nothing"
    ),
)
def test_jobs_of_an_event_are_those_of_the_design(event: Event, jobs: set[str]) -> None:
    ran = of_the_design(set_going(event))
    where = f"{event.workflow or event.name} of '{event.branch}' {dict(event.inputs)}"
    assert ran == jobs, f"{where}: runs {sorted(ran)}, not {sorted(jobs)}. Fix: 'on' and 'if' in .github/workflows"


@pytest.mark.parametrize("path", IGNORED)
def test_what_is_no_product_is_not_shipped_alone(path: str) -> None:
    for paths, runs in (((path,), False), (IGNORED, False), ((path, *APP), True)):
        ran = [job.job for job in set_going(replace(PUSH, paths=paths))]
        assert bool(ran) == runs, f"push of {paths}: runs {ran or 'nothing'}. Fix: paths-ignore"


@pytest.mark.parametrize("branch", ["main", "dev"])
@pytest.mark.parametrize("path", IGNORED)
def test_every_pull_request_runs_the_required_check(path: str, branch: str) -> None:
    """A pull request of both kinds of paths runs it twice, with the same command."""
    here, elsewhere = "check/lint-test", "check-ignored-paths/lint-test"
    for paths, jobs in (
        (APP, {here}),
        ((path,), {elsewhere}),
        (IGNORED, {elsewhere}),
        ((path, *APP), {here, elsewhere}),
    ):
        ran = set_going(replace(TO_MAIN, branch=branch, paths=paths))
        assert {job.job for job in ran} == jobs, f"pull request of {paths}"
        assert [job.commands for job in ran] == [[["./daggerw", "check"]]] * len(jobs)


@pytest.mark.parametrize("event", [SCHEDULE, dispatch("nightly")], ids=lambda event: event.name)
def test_everything_runs_every_night_without_a_login(event: Event) -> None:
    (job,) = set_going(event)
    assert (job.job, job.environment, job.commands[-1]) == ("nightly/everything", "", [".ci/run"])


def test_push_goes_to_production_with_its_commit_and_who_pushed() -> None:
    (job,) = set_going(PUSH)
    assert (job.job, job.environment, job.conclusion) == ("deliver/deliver", "prod", "success")
    deploy, report = job.commands
    expected = {"--env": "prod", "--image": "", "--commit": "5ea1ed", "--by": "somebody", **FLAGS}
    assert {name: flag(deploy, name) for name in expected} == expected
    assert (verb(report), flag(report, "--env"), flag(report, "--format")) == ("report", "prod", "markdown")


@pytest.mark.parametrize("environment", ["dev", "prod"])
@pytest.mark.parametrize("asked", ["plan", "deploy", "rollback"])
def test_every_call_has_the_same_group_and_the_login_of_the_job(environment: str, asked: str) -> None:
    """google-github-actions/auth sets GOOGLE_APPLICATION_CREDENTIALS, which .env passes; no flag overrides it."""
    (job,) = set_going(deliver(environment, asked, image=IMAGE))
    assert job.environment == environment
    expected = {"--env": environment, **FLAGS}
    for command in job.commands:
        assert {name: flag(command, name) for name in expected} == expected
        assert "--credentials" not in command


def test_image_that_is_there_already_is_not_said_to_be_of_this_commit() -> None:
    (job,) = set_going(deliver("prod", "deploy", image=IMAGE))
    assert flag(job.commands[0], "--image") == IMAGE
    assert flag(job.commands[0], "--commit") == ""


def test_rollback_is_told_where_to() -> None:
    (job,) = set_going(deliver("prod", "rollback", to="1234567"))
    assert flag(job.commands[0], "--to") == "1234567"


@pytest.mark.parametrize(("image", "rollback"), [("vllm:1", False), ("", True)])
def test_accessory_is_told_which_machine_which_way_and_who_asks(image: str, rollback: bool) -> None:
    (job,) = set_going(dispatch("accessory", name="vllm", environment="dev", image=image, rollback=rollback))
    assert job.environment == "dev"
    (command,) = job.commands
    assert command[1:5] == ["call", "accessory", "--name", "vllm"]
    assert command[5:9] == ["--env", "dev", "--image", image]
    assert command[9:] == [f"--rollback={str(rollback).lower()}", "--by", "somebody", "--format", "markdown"]


@pytest.mark.parametrize("asked", ["deploy", "rollback"])
def test_failed_rollout_fails_its_job_and_is_reported(asked: str) -> None:
    (job,) = set_going(deliver("prod", asked), fails=lambda step: f"call {asked}" in step)
    assert [verb(command) for command in job.commands] == [asked, "report"]
    assert job.conclusion == "failure"


def test_report_that_fails_changes_nothing_of_a_good_rollout() -> None:
    (job,) = set_going(PUSH, fails=lambda step: "call report" in step)
    assert job.conclusion == "success"


@pytest.mark.parametrize("asked", ["plan", "deploy", "rollback"])
def test_without_a_login_nothing_is_touched(asked: str) -> None:
    (job,) = set_going(deliver("prod", asked), fails=lambda step: "auth@" in step)
    assert [verb(command) for command in job.commands] in ([], ["report"])
    assert job.conclusion == "failure"


def test_no_pull_request_gets_credentials() -> None:
    for base in ("main", "dev"):
        for job in set_going(replace(TO_MAIN, branch=base)):
            assert job.environment == ""


def test_rollback_waits_for_no_deploy() -> None:
    """A run that waits for its approval holds its group (.github/workflows/README.md)."""
    groups = [
        set_going(deliver(environment, asked))[0].group
        for environment in ("dev", "prod")
        for asked in ("plan", "deploy", "rollback")
    ]
    assert len(set(groups)) == len(groups)
    assert set_going(PUSH)[0].group == set_going(deliver("prod", "deploy"))[0].group
