"""What both workflows pass for a canary: how far a promote goes, and the token of the server of its checks."""

import pytest

from policy.test_events import IMAGE, PUSH, deliver, flag, verb
from policy.test_release_workflow import READS, ROLLOUTS, called
from policy.workflows import Event, JobRun, jobs_of


def delivered(event: Event) -> JobRun:
    """Return the job of deliver.yml."""
    (job,) = jobs_of(event)
    return job


@pytest.mark.parametrize("full", [False, True])
def test_promote_goes_on_by_one_pause_or_to_the_whole_group(full: bool) -> None:
    """The box or input `full` becomes the flag --full, which no other verb has."""
    for name in ("plan", *ROLLOUTS):
        event = deliver("prod", name, image=IMAGE, full=full)
        for job in (delivered(event), called(verb=name, image=IMAGE, full=full)):
            passed = [word for word in job.commands[0] if word.startswith("--full")]
            assert passed == ([f"--full={str(full).lower()}"] if name == "promote" else [])


def test_promote_without_a_field_passes_what_the_module_refuses() -> None:
    """No step at all would pass the next pause, and no release at all would go on with any."""
    for job in (delivered(deliver("prod", "promote")), called(verb="promote")):
        assert (flag(job.commands[0], "--step"), flag(job.commands[0], "--to")) == ("0", "not given")


@pytest.mark.parametrize(
    ("job", "verbs"),
    [
        (delivered(PUSH), ["deploy"]),
        *(
            (job, [] if name in ("abort", "rollback") else [name])
            for name in ("plan", *ROLLOUTS)
            for job in (delivered(deliver("dev", name, image=IMAGE)), called(verb=name))
        ),
        *((called(verb=name), [name]) for name in READS),
    ],
)
def test_verbs_that_read_metrics_get_the_token_of_prometheus(job: JobRun, verbs: list[str]) -> None:
    """A rollback and an abort read no metric."""
    given = [command for command in job.commands if "--prometheus-token" in command]
    assert [verb(command) for command in given] == verbs
    assert {flag(command, "--prometheus-token") for command in given} <= {"env:PROMETHEUS_TOKEN"}
