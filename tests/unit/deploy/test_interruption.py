"""What an interrupted rollout leaves, and reads that end in time."""

import threading
from dataclasses import replace
from queue import SimpleQueue

import httpx
import pytest

from deploy.documents.group_state import Version
from deploy.rollout import interruption
from deploy.rollout.bounded_read import result_within
from deploy.rollout.interruption import NOT_BEGUN, Interruption, read_interruption
from deploy.rollout.result import RolloutResult
from tests.unit.deploy.observations import SEED
from tests.unit.deploy.scripted_compute import GROUP, ScriptedCompute, error, group_document, settled

NEW = Version("projects/dojangkok-dev/global/instanceTemplates/new", "v1")
RESULT = RolloutResult(changed=False, target=NEW, before=Version(SEED))
ON_NEW = group_document(versions=[{"instanceTemplate": NEW.link, "name": NEW.name}])
UNKNOWN = Interruption("The group can't be read: its target version is not known.", is_applied=True)


@pytest.mark.parametrize(
    ("result", "document", "expected"),
    [
        (None, ON_NEW, Interruption("Nothing was written.", is_applied=False)),
        (
            RESULT,
            group_document(),
            Interruption("The group is unchanged, and continues to serve.", is_applied=False),
        ),
        (
            replace(RESULT, changed=True),
            group_document(),
            Interruption(
                "The target version of the group is 'dojangkok-dev-ai-server-seed', and the group has no instance left"
                " to replace.",
                is_applied=True,
            ),
        ),
        (
            RESULT,
            ON_NEW,
            Interruption(
                "Compute Engine continues with 'new': it replaces 3 more instances, and no process would roll back a"
                " failure.",
                is_applied=True,
            ),
        ),
        (
            replace(RESULT, restored_policy=True),
            group_document(),
            Interruption(
                "The target version of the group is unchanged, and the update policy of the environment file is"
                " restored.",
                is_applied=False,
            ),
        ),
        (RESULT, error(403), UNKNOWN),
    ],
)
def test_state_that_an_interrupted_rollout_leaves(
    result: RolloutResult | None, document: object, expected: Interruption
) -> None:
    """The group is read if a rollout began; a group that can't be read may have been changed."""
    compute = ScriptedCompute(settled() | {f"GET {GROUP}": [document]})
    assert read_interruption(compute.managed(), result) == expected
    assert (compute.requests == []) is (result is None)
    assert Interruption("Nothing was written.", is_applied=False) == NOT_BEGUN


def test_read_after_an_interruption_is_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read that ends too late leaves the target version unknown."""
    monkeypatch.setattr(interruption, "_READ_S", 0.05)
    never = threading.Event()

    class Slow(ScriptedCompute):
        """A Compute Engine that answers late."""

        def answer(self, request: httpx.Request) -> httpx.Response:
            """Answer later than the reader waits."""
            never.wait(20)
            return super().answer(request)

    assert read_interruption(Slow(settled()).managed(), RESULT) == UNKNOWN
    never.set()


def test_bounded_read_returns_raises_or_is_abandoned() -> None:
    """A read in time gives its result or its error; a late read continues in a thread that ends with the process."""
    threads: SimpleQueue[threading.Thread] = SimpleQueue()
    never = threading.Event()

    def wait() -> str:
        threads.put(threading.current_thread())
        never.wait(20)
        return "late"

    assert result_within(20.0, lambda: "in time") == "in time"
    with pytest.raises(ValueError, match="no number"):
        result_within(20.0, lambda: int("no number"))
    assert result_within(0.05, wait) is None
    assert threads.get(timeout=20).daemon
    never.set()
