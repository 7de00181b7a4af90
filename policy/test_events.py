"""Each event starts the jobs of the design document (section 5.3), or differs as the comments here explain."""

from dataclasses import replace
from typing import Final

import pytest

from policy.workflows import PUBLISHED, Event, JobRun, jobs_of

EVERYTHING: Final = {"lint-test", "build-push", "deploy"}
APP: Final = ("app/server.py",)
IGNORED: Final = (".github/workflows/check.yml", "README.md", "deploy/README.md", "docs/runbook.md", "docs/console.png")
IMAGE: Final = "asia-northeast3-docker.pkg.dev/project/dojangkok-ai/ai-server:1234567"
# Flag for each secret of the design document's section 5.4; the login uses the other two secrets.
FLAGS: Final = {
    "--project": "(GCP_PROJECT_ID)", "--zone": "(GCP_ZONE)", "--group": "(MIG_NAME)", "--repository": "(AR_REPO)",
}  # fmt: skip

TO_MAIN: Final = Event("pull_request", "main", APP)
PUSH: Final = Event("push", "main", APP)
SCHEDULE: Final = Event("schedule")


def dispatch(workflow: str, **inputs: str | bool) -> Event:
    """Return the event of a dispatch with these inputs."""
    return Event("workflow_dispatch", workflow=workflow, inputs=inputs)


def deliver(environment: str, verb: str, image: str = "", to: str = "", step: str = "", *, full: bool = False) -> Event:
    """Return a dispatch of deliver.yml; GitHub sends an empty text for an empty field."""
    return dispatch("deliver", environment=environment, verb=verb, image=image, to=to, step=step, full=full)


def verb(command: list[str]) -> str:
    """Return the verb of a call of the module."""
    return command[command.index("call") + 1] if "call" in command else command[1]


def flag(command: list[str], name: str) -> str:
    """Return the value of a flag."""
    return command[command.index(name) + 1]


def design_jobs(runs: list[JobRun]) -> set[str]:
    """Return the jobs of the design document that these runs do; a verb without such a job counts by its name."""
    jobs: set[str] = set()
    for command in (command for run in runs for command in run.commands if command[0] == "./daggerw"):
        match verb(command):
            case "check":
                jobs.add("lint-test")
            case "publish":
                jobs |= {"lint-test", "build-push"}
            case "report" | "bill-of-materials":
                pass
            case other:
                jobs.add(other)
    return jobs


@pytest.mark.parametrize(
    ("event", "jobs"),
    [
        (TO_MAIN, {"lint-test"}),
        (replace(TO_MAIN, branch="dev"), {"lint-test"}),
        (replace(TO_MAIN, branch="feature"), set()),
        (PUSH, EVERYTHING),
        (replace(PUSH, branch="dev"), set()),
        (replace(PUSH, branch="feature"), set()),
        # The design document runs all jobs on a dispatch. Here a person chooses; deploy without an image runs all.
        (deliver("prod", "deploy"), EVERYTHING),
        (deliver("dev", "deploy"), EVERYTHING),
        (deliver("prod", "deploy", image=IMAGE), {"deploy"}),
        (deliver("prod", "plan", image=IMAGE), {"plan"}),
        (deliver("prod", "rollback"), {"rollback"}),
        (deliver("prod", "promote"), {"promote"}),
        (deliver("prod", "abort"), {"abort"}),
        # Section 5.5 of the design document: by hand, or by a dispatch.
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
def test_jobs_of_an_event_are_those_design_jobs(event: Event, jobs: set[str]) -> None:
    """Each event and each choice in a form starts the jobs of the table."""
    runs = design_jobs(jobs_of(event))
    where = f"{event.workflow or event.name} of '{event.branch}' {dict(event.inputs)}"
    assert runs == jobs, f"{where}: runs {sorted(runs)}, not {sorted(jobs)}. Fix: 'on' and 'if' in .github/workflows"


@pytest.mark.parametrize("path", IGNORED)
def test_push_of_ignored_paths_alone_ships_nothing(path: str) -> None:
    """Documentation and workflows start a delivery only together with a path of the product."""
    for paths, runs in (((path,), False), (IGNORED, False), ((path, *APP), True)):
        names = [job.job for job in jobs_of(replace(PUSH, paths=paths))]
        assert bool(names) == runs, f"push of {paths}: runs {names or 'nothing'}. Fix: paths-ignore"


@pytest.mark.parametrize("branch", ["main", "dev"])
@pytest.mark.parametrize("path", IGNORED)
def test_every_pull_request_runs_the_required_check(path: str, branch: str) -> None:
    """A pull request with both kinds of paths runs the check twice, with the same command."""
    here, elsewhere = "check/lint-test", "check-ignored-paths/lint-test"
    for paths, jobs in (
        (APP, {here}),
        ((path,), {elsewhere}),
        (IGNORED, {elsewhere}),
        ((path, *APP), {here, elsewhere}),
    ):
        runs = [run for run in jobs_of(replace(TO_MAIN, branch=branch, paths=paths)) if run.job != "check/providers"]
        assert {run.job for run in runs} == jobs, f"pull request of {paths}"
        assert [run.commands for run in runs] == [[["./daggerw", "check"]]] * len(jobs)


def test_pull_request_of_the_product_asks_the_registries_without_a_login() -> None:
    """The job with the released provider and plugin has no GitHub environment, and so no secret."""
    (run,) = (run for run in jobs_of(TO_MAIN) if run.job == "check/providers")
    assert (run.environment, run.commands[-1]) == ("", ["make", "providers"])


@pytest.mark.parametrize("event", [SCHEDULE, dispatch("nightly")], ids=lambda event: event.name)
def test_everything_runs_every_night_without_a_login(event: Event) -> None:
    """The nightly jobs run .ci/run, the mutants and the loss laboratory, in no GitHub environment."""
    assert {job.job: (job.environment, job.commands[-1]) for job in jobs_of(event)} == {
        "nightly/everything": ("", [".ci/run"]),
        "nightly/loss": ("", ["make", "bench", "BENCH=loss"]),
        "nightly/mutants": ("", ["make", "mutants"]),
    }


def test_push_deploys_to_production_with_its_commit_and_author() -> None:
    """A push to main deploys its commit to prod and writes a report."""
    (job,) = jobs_of(PUSH)
    assert (job.job, job.environment, job.conclusion) == ("deliver/deliver", "prod", "success")
    publish, deploy, bill, report = job.commands
    expected = {"--env": "prod", "--repository": FLAGS["--repository"], "--commit": "5ea1ed", "--format": "outputs"}
    assert (verb(publish), {name: flag(publish, name) for name in expected}) == ("publish", expected)
    reference = PUBLISHED["reference"]
    expected = {"--env": "prod", "--image": reference, "--commit": "5ea1ed", "--by": "octocat", **FLAGS}
    assert {name: flag(deploy, name) for name in expected} == expected
    assert (verb(bill), flag(bill, "--image")) == ("bill-of-materials", reference)
    assert (verb(report), flag(report, "--env"), flag(report, "--format")) == ("report", "prod", "markdown")


@pytest.mark.parametrize("environment", ["dev", "prod"])
@pytest.mark.parametrize("chosen_verb", ["plan", "deploy", "promote", "abort", "rollback"])
def test_every_call_has_the_same_group_and_the_login_of_the_job(environment: str, chosen_verb: str) -> None:
    """google-github-actions/auth sets GOOGLE_APPLICATION_CREDENTIALS, which .env passes; no flag overrides it."""
    (job,) = jobs_of(deliver(environment, chosen_verb, image=IMAGE))
    assert job.environment == environment
    expected = {"--env": environment, **FLAGS}
    for command in job.commands:
        assert {name: flag(command, name) for name in expected} == expected
        assert "--credentials" not in command


def test_published_image_is_deployed_without_a_commit() -> None:
    """An image from the form was not built from the commit of the workflow's run."""
    (job,) = jobs_of(deliver("prod", "deploy", image=IMAGE))
    assert flag(job.commands[0], "--image") == IMAGE
    assert flag(job.commands[0], "--commit") == ""


def test_rollback_and_promote_get_their_field_of_the_form() -> None:
    """A second run of a promote passes no other pause, and goes on with no other release."""
    (rollback,) = jobs_of(deliver("prod", "rollback", to="7"))
    (promote,) = jobs_of(deliver("prod", "promote", to="4f0c2e6", step="7"))
    assert flag(rollback.commands[0], "--to") == "7"
    assert (flag(promote.commands[0], "--to"), flag(promote.commands[0], "--step")) == ("4f0c2e6", "7")


@pytest.mark.parametrize(("image", "rollback"), [("vllm:1", False), ("", True)])
def test_accessory_gets_every_field_of_the_form(image: str, rollback: bool) -> None:
    """Name, environment, image, direction and author arrive as flags."""
    (job,) = jobs_of(dispatch("accessory", name="vllm", environment="dev", image=image, rollback=rollback))
    assert job.environment == "dev"
    (command,) = job.commands
    assert command[1:5] == ["call", "accessory", "--name", "vllm"]
    assert command[5:9] == ["--env", "dev", "--image", image]
    assert command[9:] == [f"--rollback={str(rollback).lower()}", "--by", "octocat", "--format", "markdown"]


@pytest.mark.parametrize("chosen_verb", ["deploy", "promote", "abort", "rollback"])
def test_failed_rollout_fails_its_job_and_is_reported(chosen_verb: str) -> None:
    """The report is written after a failure too, and the job still fails."""
    (job,) = jobs_of(deliver("prod", chosen_verb), fails=lambda step: f"call {chosen_verb}" in step)
    rollout = ["publish", "deploy", "bill-of-materials"] if chosen_verb == "deploy" else [chosen_verb]
    assert [verb(command) for command in job.commands] == [*rollout, "report"]
    assert job.conclusion == "failure"


def test_image_that_was_pushed_is_attested_also_if_its_rollout_fails() -> None:
    """Provenance and bill of materials; a gate that fails has pushed nothing, and an older image was made elsewhere."""
    for failing in ("call deploy", "nothing"):
        (job,) = jobs_of(PUSH, fails=lambda step, failing=failing: failing in step)  # type: ignore[misc]
        assert job.actions[-2:] == ["actions/attest-build-provenance", "actions/attest"]
    for event, failing in ((PUSH, "call publish"), (deliver("prod", "deploy", image=IMAGE), "nothing")):
        (job,) = jobs_of(event, fails=lambda step, failing=failing: failing in step)  # type: ignore[misc]
        assert not [action for action in job.actions if "attest" in action]


def test_private_repository_attests_nothing() -> None:
    """GitHub stores attestations of private repositories for Enterprise Cloud alone."""
    (job,) = jobs_of(replace(PUSH, is_private=True))
    assert [verb(command) for command in job.commands] == ["publish", "deploy", "report"]
    assert not [action for action in job.actions if "attest" in action]


def test_failed_attestation_fails_the_job_after_the_rollout() -> None:
    """A signing service that is down stops no release, and is not overlooked."""
    (job,) = jobs_of(PUSH, fails=lambda step: "attest-build-provenance" in step)
    assert [verb(command) for command in job.commands][:2] == ["publish", "deploy"]
    assert job.conclusion == "failure"


def test_failed_report_does_not_fail_the_job() -> None:
    """The job of a successful rollout succeeds when its report fails."""
    (job,) = jobs_of(PUSH, fails=lambda step: "call report" in step)
    assert job.conclusion == "success"


@pytest.mark.parametrize("chosen_verb", ["plan", "deploy", "promote", "abort", "rollback"])
def test_no_rollout_starts_without_a_login(chosen_verb: str) -> None:
    """After a failed login only the report may run, and the job fails."""
    (job,) = jobs_of(deliver("prod", chosen_verb), fails=lambda step: "auth@" in step)
    assert [verb(command) for command in job.commands] in ([], ["report"])
    assert job.conclusion == "failure"


def test_no_pull_request_gets_credentials() -> None:
    """Jobs of pull requests have no GitHub environment, which the login needs."""
    for base in ("main", "dev"):
        for job in jobs_of(replace(TO_MAIN, branch=base)):
            assert job.environment == ""


def test_rollback_does_not_wait_for_a_deploy() -> None:
    """Each verb has its own group, because a run that waits for approval holds it (.github/workflows/README.md)."""
    groups = [
        jobs_of(deliver(environment, chosen_verb))[0].group
        for environment in ("dev", "prod")
        for chosen_verb in ("plan", "deploy", "promote", "abort", "rollback")
    ]
    assert len(set(groups)) == len(groups)
    assert jobs_of(PUSH)[0].group == jobs_of(deliver("prod", "deploy"))[0].group
