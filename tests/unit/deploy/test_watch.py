"""The polls of a group: what is shown, what is printed, and how a watch ends."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from deploy.documents.group_state import Version
from deploy.errors import SupersededError
from deploy.group.health import Verdict
from deploy.rollout.result import Phase
from deploy.rollout.snapshot import Snapshot
from deploy.rollout.watch import Watch
from deploy.rollout.watch_errors import NotServedError
from deploy.rollout.watch_state import Goal
from tests.unit.deploy.scripted_compute import GROUP, ScriptedCompute, error, group_document
from tests.unit.deploy.test_cases import BASE
from tests.unit.deploy.values import CONFIG

NEW = Version("projects/dojangkok-dev/global/instanceTemplates/new", "v1")
VERSION = {"instanceTemplate": NEW.link, "name": NEW.name}
SERVING = group_document(versions=[VERSION])
UNSTABLE = SERVING | {"status": {"isStable": False, "versionTarget": {"isReached": True}}}
OTHER = group_document(versions=[{"instanceTemplate": "global/instanceTemplates/other", "name": "theirs"}])
DENIED = error(403, "", "denied.")
READ_ERROR = f"the group can't be read: GET {CONFIG.project}/{GROUP}: 403 denied"
GOAL = Goal(target=NEW, budget_s=300.0, bake_s=10.0, had_instances=True)
NAME = BASE["rows"][0]["name"]
READ, ROWS = f"GET {GROUP}", f"POST {GROUP}/listManagedInstances"
SERIAL_PORT = f"GET zones/{CONFIG.zone}/instances/{NAME}/serialPort"


def rows(*, is_late: bool = False) -> dict[str, Any]:
    """Return the rows of three instances of the new version, of which the first may not be healthy yet."""
    listed = [deepcopy(row) | {"version": VERSION} for row in BASE["rows"]]
    if is_late:
        listed[0] = {key: value for key, value in listed[0].items() if key != "instanceHealth"}
        listed[0]["currentAction"] = "VERIFYING"
    return {"managedInstances": listed}


class Polls:
    """A watch of scripted answers, with what it shows and prints; its clock begins at 1000 s."""

    def __init__(self, *groups: Any, listed: list[Any] | None = None, **answers: list[Any]) -> None:
        read: dict[str, list[Any]] = {
            f"GET {GROUP}": [*groups],
            f"POST {GROUP}/listManagedInstances": listed or [rows()],
        }
        self.compute = ScriptedCompute(read | answers, now_s=1_000.0)
        self.snapshots: list[Snapshot] = []
        self.lines: list[str] = []
        self.watch = Watch(self.compute.managed(), CONFIG, NEW, self.snapshots.append, self.lines.append)

    def states(self) -> list[tuple[float, str, str]]:
        """Return the time and the verdict of each snapshot."""
        return [(snapshot.at_s, snapshot.verdict.state, snapshot.verdict.text) for snapshot in self.snapshots]


def test_watch_of_a_release_shows_each_poll_and_bakes() -> None:
    """A failed read is printed once in a row and shown never; a poll without success begins the bake again."""
    polls = Polls(UNSTABLE, DENIED, DENIED, SERVING, UNSTABLE, DENIED, DENIED, SERVING, SERVING | {"targetSize": 3})
    assert polls.watch.until_served(GOAL) == ()
    done = ("done", "3 of 3 healthy")
    assert polls.states() == [
        (0.0, "waiting", "not stable"), (12.5, *done), (22.5, "waiting", "not stable"), (35.0, *done), (45.0, *done)
    ]  # fmt: skip
    assert polls.lines == [f"{READ_ERROR}."] * 2
    assert polls.watch.timeline.phases() == (
        Phase("first instance running", 0.0), Phase("first healthy", 0.0), Phase("all healthy", 0.0),
        Phase("old deleted", 0.0), Phase("settled", 35.0), Phase("baked", 10.0),
    )  # fmt: skip
    last = polls.snapshots[-1]
    assert (last.target, last.group, last.timeline.instances) == (
        NEW,
        polls.watch.group,
        polls.watch.timeline.instances,
    )


def test_group_that_only_has_to_settle_is_read_without_its_instances() -> None:
    """The group's document shows the end of a rollout earlier, and a poll decides."""
    polls = Polls(UNSTABLE, SERVING)
    polls.watch.until_served(replace(GOAL, bake_s=0.0))
    assert [at_s for at_s, _, _ in polls.states()] == [0.0, 2.5, 12.5]
    assert polls.compute.requests == [READ, ROWS, READ, READ, ROWS, READ, ROWS]


def test_other_version_ends_the_reads_without_instances() -> None:
    """A document with another fingerprint is judged by a poll at once, though the group is not stable."""
    polls = Polls(UNSTABLE, OTHER | {"fingerprint": "theirs=", "status": UNSTABLE["status"]})
    with pytest.raises(SupersededError):
        polls.watch.until_served(GOAL)
    assert [at_s for at_s, _, _ in polls.states()] == [0.0, 2.5]


def test_watch_of_a_rollback_reaches_no_milestone_of_the_release() -> None:
    """A rollback does not bake, and its success is not that of the release."""
    polls = Polls(SERVING)
    watch = replace(polls.watch, release=Version("projects/dojangkok-dev/global/instanceTemplates/failed", "v2"))
    assert watch.until_served(Goal(target=NEW, budget_s=None, is_rollback=True)) == ()
    assert watch.timeline.phases() == ()
    assert not any(times.is_new for times in watch.timeline.instances)


def test_change_of_the_target_size_during_a_watch_is_returned() -> None:
    """The warnings of a watch reach the report."""
    polls = Polls(UNSTABLE | {"targetSize": 2}, SERVING)
    (warning,) = polls.watch.until_served(GOAL)
    assert warning == "the target size changed from 2 to 3 during the rollout"


def test_answer_that_is_older_than_the_patch_decides_nothing() -> None:
    """A stale answer with another version is not another deploy."""
    polls = Polls(OTHER | {"fingerprint": "before="}, SERVING)
    polls.watch.replaced = "before="
    polls.watch.until_served(GOAL)
    assert polls.states()[0] == (0.0, "waiting", "the answer is older than the PATCH")


def test_version_of_another_deploy_ends_a_watch() -> None:
    """The error has the version that the group is set to, and no serial port is read for it."""
    polls = Polls(UNSTABLE, UNSTABLE, UNSTABLE, OTHER, listed=[rows(is_late=True)])
    with pytest.raises(SupersededError) as failure:
        polls.watch.until_served(GOAL)
    text = "the target version of the group is now other 'theirs'"
    assert str(failure.value) == f"group '{CONFIG.group}': {text}. Fix: see `status`."
    assert SERIAL_PORT not in polls.compute.requests


@pytest.mark.parametrize("is_rollback", [False, True])
def test_serial_output_ends_the_watch_of_a_release_only(is_rollback: bool) -> None:
    """A permanent failure in the output ends a rollout at once; a rollback has the time of its budget."""
    line = "docker: manifest unknown"
    polls = Polls(UNSTABLE, listed=[rows(is_late=True)], **{SERIAL_PORT: [{"contents": line}]})
    with pytest.raises(NotServedError) as failure:
        polls.watch.until_served(replace(GOAL, is_rollback=is_rollback))
    waited = "not done after 300 s: 1 verifying"
    expected = Verdict("failed", waited) if is_rollback else Verdict("failed", f"{NAME} printed: {line}", NAME)
    assert (failure.value.verdict, str(failure.value)) == (expected, expected.text)
    assert polls.compute.now_s == (1_300.0 if is_rollback else 1_030.0)
    assert polls.watch.serial_output(NAME) == ("" if is_rollback else line)
    assert polls.watch.serial_output("other") == ""


def test_reason_of_a_group_that_can_not_be_read_until_the_deadline() -> None:
    """The error of the deadline has the last read error, with one full stop."""
    polls = Polls(DENIED)
    with pytest.raises(NotServedError) as failure:
        polls.watch.until_served(GOAL)
    assert failure.value.verdict == Verdict("failed", f"not done after 300 s: {READ_ERROR}")
    assert (polls.snapshots, polls.lines, polls.watch.edits()) == ([], [f"{READ_ERROR}."], ())


def test_edits_since_the_patch_are_those_of_the_last_poll() -> None:
    """The settings that another client changed are named; without a PATCH of this process none is."""
    polls = Polls(SERVING)
    assert polls.watch.edits() == ()
    polls.watch.until_served(GOAL)
    assert polls.watch.edits() == ()
    polls.watch.patched = SERVING | {"statefulPolicy": {"a": 1}}
    assert polls.watch.edits() == ("statefulPolicy was removed",)


def test_group_that_settles_again_after_its_policy_was_restored_has_no_warning() -> None:
    """Without a PATCH there is nothing to wait for; after a PATCH the group is polled until it has settled."""
    polls = Polls(SERVING | {"fingerprint": "before="}, UNSTABLE, SERVING)
    assert polls.watch.until_settled_again(NEW, "") == ()
    assert polls.compute.requests == []
    assert polls.watch.until_settled_again(NEW, "before=") == ()
    assert polls.lines == ["the update policy of the environment file is restored"]
    assert [state for _, state, _ in polls.states()] == ["waiting", "waiting", "done", "done"]


def test_group_that_does_not_settle_again_is_a_warning() -> None:
    """The rollback has served, so the warning has what happened to the group since, and is no error."""
    polls = Polls(UNSTABLE)
    (warning,) = polls.watch.until_settled_again(NEW, "before=")
    policy = "after its update policy was restored"
    assert warning == f"the group has not settled again {policy}: not done after 60 s: not stable"
    assert 1_060.0 <= polls.compute.now_s < 1_060.0 + CONFIG.rollout.poll_s[1]
    (warning,) = Polls(OTHER).watch.until_settled_again(NEW, "before=")
    version = "the target version of the group is now other 'theirs'"
    assert warning == f"the version of the group was changed {policy}: {version}"
