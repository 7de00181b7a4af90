"""
Rollouts with steps that are killed or spoilt at each HTTP exchange, in deploy, promote and abort.

After the fault, the run itself or the next process brings the group to a pause, to the release, or to the version
before; and without `promote` no canary ever has more instances than the step that the group is set to. The tests use
every 16th exchange, beginning at another one for each case; with `CUTS=all` (.ci/run) each exchange has its kills, and
every fourth one is broken.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from deploy.documents.canary import Canary
from deploy.documents.group_state import Version
from deploy.rollout.result import RolloutResult
from tests.integration.deploy.clients import Client
from tests.integration.deploy.counts import LINES
from tests.integration.deploy.cut_runs import CutRuns
from tests.integration.deploy.rig import Rig, closed_stderr
from tests.integration.deploy.stepped import share, stepped_rig, target
from tests.unit.deploy.values import GROUP
from tests.unit.lib.depth import ALL_CUTS

STEPS: tuple[dict[str, Any], ...] = ({"instances": 1}, {"pause": True}, {"instances": 2})
VERBS = ("deploy", "promote", "abort")
STRIDE = 1 if ALL_CUTS else 16
FAULTS: tuple[dict[str, Any], ...] = ({"status": 503}, {"cut": "after"})
FAULT_STRIDE = 4 if ALL_CUTS else 16


@pytest.fixture(scope="module", autouse=True)
def counted() -> Iterator[None]:
    """Print the number of cases at the end."""
    RUNS.cases.clear()
    yield
    each = {verb: RUNS.exchanges(verb) for verb in VERBS}
    LINES.append(f"exchanges of steps: {each}; {len(RUNS.cases)} cases, {len(FAULTS)} faults, 3 kills, 0 violations")


def new_rig_for(verb: str) -> Rig:
    """Return a rig in the state before a verb: the seed's release serves, or release a is a canary at its pause."""
    rig = stepped_rig(*STEPS, bake_s=0.0, poll_s=(20.0, 20.0))
    rig.stderr = closed_stderr()
    if verb != "deploy":
        assert rig.deploy("a").pause is not None
    return rig


def started(rig: Rig, verb: str) -> Client:
    """Return a process that runs a verb, and whose exchanges are watched."""
    work: dict[str, Callable[[Any], RolloutResult]] = {
        "deploy": lambda compute: rig.deploy("a", compute),
        "promote": rig.promote,
        "abort": rig.abort,
        "reconcile": rig.reconcile,
    }
    return Client(rig.emulator, rig.config.project, verb, work[verb], lambda *_: assert_canary_is_kept(rig))


RUNS = CutRuns(new_rig_for, started)


def assert_canary_is_kept(rig: Rig) -> None:
    """Check that no more instances are on the release than the group is set to."""
    current = target(rig)
    assert current is not None
    if isinstance(current, Canary):
        group = rig.emulator.environment.view.groups[GROUP]
        staying = [instance.intended.template for instance in group.instances if not instance.is_leaving]
        count = sum("-r-" in template for template in staying)
        assert count <= current.size.number, f"{count} instances on a canary of {current.size}"


def assert_settled(rig: Rig, *expected: str) -> None:
    """Check that the group is at a step, on the release, or on the version before, with full capacity throughout."""
    rig.emulator.environment.clock.move(600)
    rig.emulator.environment.advance()
    current, document = target(rig), rig.emulator.environment.view.get(GROUP) or {}
    shares = {"paused": 1, "step 2": 2, "a": 3, "latest": 0}
    assert share(rig, "a") in [shares[state] for state in expected]
    assert isinstance(current, Canary if share(rig, "a") in (1, 2) else Version)
    assert document["targetSize"] == 3
    assert len({instance.name for instance in rig.emulator.environment.view.groups[GROUP].instances}) == 3
    assert len(rig.templates()) <= 2
    assert rig.never_fewer_than(3)


@pytest.mark.parametrize("next_verb", ["again", "reconcile", "other"])
@pytest.mark.parametrize("verb", VERBS)
def test_next_process_continues_after_a_kill_at_any_exchange(verb: str, next_verb: str) -> None:
    """The same verb completes the run or is refused, reconcile completes or undoes it, and abort undoes it."""
    done = {"deploy": "paused", "promote": "a", "abort": "latest"}[verb]
    before = "latest" if verb == "deploy" else "paused"
    other = "deploy" if verb == "abort" else "abort"
    for number in range(len(next_verb) % STRIDE, RUNS.exchanges(verb), STRIDE):
        rig, following = RUNS.killed_and_followed(verb, number, next_verb, other)
        expected = {done, before, "step 2"} if following.code else {done} if next_verb == "again" else {done, before}
        if next_verb == "other":
            expected |= {"paused"} if other == "deploy" else {"latest"}
        assert_settled(rig, *expected)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
@pytest.mark.parametrize("verb", VERBS)
def test_one_spoilt_exchange_changes_nothing(verb: str, fault: dict[str, Any]) -> None:
    """A run with one spoilt exchange ends as a clean run does."""
    for number in range(1 + FAULTS.index(fault), RUNS.exchanges(verb) + 1, FAULT_STRIDE):
        rig = RUNS.spoilt(verb, number, fault)
        assert_settled(rig, {"deploy": "paused", "promote": "a", "abort": "latest"}[verb])


def test_without_promote_no_process_raises_the_canary() -> None:
    """After a kill at any exchange of a deploy, processes that deploy and reconcile keep the canary at its pause."""
    for number in range(5 % STRIDE, RUNS.exchanges("deploy"), STRIDE):
        rig = RUNS.killed("deploy", number)
        for verb in ("reconcile", "deploy", "reconcile"):
            following = started(rig, verb)
            following.go()
            assert following.code == 0, f"exchange {number}: {following.error}"
            assert share(rig, "a") <= 1
        assert_settled(rig, "paused")
        RUNS.cases.append(f"deploy {number} killed, without promote")
