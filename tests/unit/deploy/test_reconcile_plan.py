"""Whole plans of reconciles: every member that a rollout or a report reads."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from deploy.documents.group_state import Version
from deploy.group.observation import Observation
from deploy.rollout.plan import (
    ForeignRollout,
    NothingToDo,
    UndoRollout,
    WaitForRollout,
)
from deploy.rollout.reconcile_plan import plan_reconcile
from tests.unit.deploy.observations import (
    B_DEADLINE,
    B_NAME,
    FALLBACK,
    NOW,
    SEED,
    SHORT_DELAY,
    SKEW_WARNING,
    observation,
    with_short_delay,
)
from tests.unit.deploy.values import CONFIG


@pytest.mark.parametrize(
    ("changes", "is_empty", "text"),
    [
        ({}, False, "'dojangkok-dev-ai-server-seed' serves from every instance"),
        (
            {"target_size": 0, "instances": ()},
            True,
            "no instances, nothing proven: the group is set to 'dojangkok-dev-ai-server-seed'",
        ),
    ],
)
def test_reconcile_of_an_idle_group(changes: dict[str, Any], is_empty: bool, text: str) -> None:
    """A reconcile of an idle group does nothing, and prints whether instances serve."""
    observed = replace(observation("reconcile-nothing", **changes), clock_ahead_s=90.0)
    assert plan_reconcile(CONFIG, observed, NOW) == NothingToDo(
        target=Version(SEED), is_empty=is_empty, text=text, warnings=(SKEW_WARNING,)
    )


@pytest.mark.parametrize(
    ("now", "text"),
    [
        (B_DEADLINE - timedelta(seconds=300), "deploy of bbbbbbbbbbbb, run run0 by alice, has 300 s left"),
        (B_DEADLINE - timedelta(seconds=1), "deploy of bbbbbbbbbbbb, run run0 by alice, has 1 s left"),
    ],
)
def test_reconcile_within_the_deadline(now: datetime, text: str) -> None:
    """A rollout that still has time is waited for until its deadline."""
    observed = with_short_delay(observation("reconcile-undo"))
    assert plan_reconcile(CONFIG, observed, now) == WaitForRollout(
        target=observed.group.versions[0],
        fallback=FALLBACK,
        is_empty=False,
        budget_s=(B_DEADLINE - now).total_seconds(),
        short_delay=SHORT_DELAY,
        text=text,
    )


def test_reconcile_of_a_rollout_whose_name_has_the_time_of_its_deadline() -> None:
    """A rollout that an earlier version of deploy began is waited for until its deadline, and then undone."""
    observed = observation("reconcile-undo")
    name = f"{B_NAME.rpartition('/')[0]}/{B_DEADLINE:%Y%m%dT%H%M%SZ}"
    version = replace(observed.group.versions[0], name=name)
    observed = replace(observed, group=replace(observed.group, versions=(version,)))
    waiting = plan_reconcile(CONFIG, observed, B_DEADLINE - timedelta(seconds=300))
    assert isinstance(waiting, WaitForRollout)
    assert waiting.text == "deploy of bbbbbbbbbbbb, run run0 by alice, has 300 s left"
    assert isinstance(plan_reconcile(CONFIG, observed, B_DEADLINE), UndoRollout)


@pytest.mark.parametrize("late_s", [0, 1200])
def test_reconcile_past_the_deadline(late_s: int) -> None:
    """From its deadline on, a rollout that is not on every instance is undone."""
    observed = with_short_delay(observation("reconcile-undo"))
    assert plan_reconcile(CONFIG, observed, B_DEADLINE + timedelta(seconds=late_s)) == UndoRollout(
        target=observed.group.versions[0],
        fallback=FALLBACK,
        group=observed.group,
        is_empty=False,
        short_delay=SHORT_DELAY,
        text=f"deploy of bbbbbbbbbbbb, run run0 by alice, is {late_s} s past its deadline",
    )


def unjudged_wait(target: Version, text: str) -> WaitForRollout:
    """Return the plan that waits, for the time of a whole rollout, for a version that no analysis judges."""
    return WaitForRollout(
        target=target, fallback=FALLBACK, is_empty=False, budget_s=840.0, short_delay=SHORT_DELAY, text=text,
        is_judged=False,
    )  # fmt: skip


def test_reconcile_of_a_release_on_every_instance() -> None:
    """A release that is on every instance has the time of a whole rollout, however late it is."""
    observed = with_short_delay(observation("reconcile-landed"))
    target = observed.group.versions[0]
    text = f"'{target.template}' is on every instance, and the group is not settled"
    assert plan_reconcile(CONFIG, observed, B_DEADLINE + timedelta(days=30)) == unjudged_wait(target, text)


@pytest.mark.parametrize("late_s", [0, 1, 1200])
def test_reconcile_of_a_rollback_that_has_not_settled(late_s: int) -> None:
    """A version that a record of this group names as its fallback is waited for from its own deadline on."""
    observed = with_short_delay(observation("reconcile-rollback"))
    target = observed.group.versions[0]
    text = f"the rollback to '{target.template}' has not settled"
    assert plan_reconcile(CONFIG, observed, B_DEADLINE + timedelta(seconds=late_s)) == unjudged_wait(target, text)


def test_reconcile_of_a_fallback_within_its_own_deadline() -> None:
    """A version that still has time is a rollout, although a record names it as its fallback."""
    plan = plan_reconcile(CONFIG, observation("reconcile-rollback"), B_DEADLINE - timedelta(seconds=1))
    assert isinstance(plan, WaitForRollout)
    assert plan.text == "deploy of bbbbbbbbbbbb, run run0 by alice, has 1 s left"


def test_fallback_of_another_group_is_no_rollback_of_this_group() -> None:
    """A record of another group does not make a version of this group a rollback."""
    observed = observation("reconcile-rollback")
    raw = {**observed.group.raw, "name": "another"}
    plan = plan_reconcile(CONFIG, replace(observed, group=replace(observed.group, raw=raw)), B_DEADLINE)
    assert isinstance(plan, WaitForRollout)
    assert plan.text == f"'{observed.group.versions[0].template}' is on every instance, and the group is not settled"


@pytest.mark.parametrize(
    ("versions", "template_name"),
    [
        ((Version(SEED),), "'dojangkok-dev-ai-server-seed'"),
        ((Version(SEED, "canary"),), "'dojangkok-dev-ai-server-seed' (version 'canary')"),
    ],
)
def test_reconcile_of_a_foreign_version(versions: tuple[Version, ...], template_name: str) -> None:
    """A version that deploy did not write is printed with its own name, if it has one."""
    observed = observation("reconcile-foreign", versions=versions)
    text = f"{template_name} was not rolled out by deploy"
    assert plan_reconcile(CONFIG, observed, NOW) == ForeignRollout(target=versions[0], text=text)


def test_reconcile_of_a_release_without_a_person() -> None:
    """A record without a person is printed without one."""
    observed = observation("reconcile-undo")
    document = json.loads(json.dumps(observed.template).replace("alice", ""))
    plan = plan_reconcile(CONFIG, replace(observed, template=document), B_DEADLINE)
    assert isinstance(plan, UndoRollout)
    assert plan.text == "deploy of bbbbbbbbbbbb, run run0, is 0 s past its deadline"


@pytest.mark.parametrize("case", ["reconcile-foreign", "reconcile-undo"])
def test_reconcile_needs_the_name_and_the_record_of_a_rollout(case: str) -> None:
    """A version name of deploy without a record is foreign, and so is a record under a name of another client."""
    name = "canary" if case == "reconcile-undo" else B_NAME
    observed = observation(case)
    version = replace(observed.group.versions[0], name=name)
    observed = replace(observed, group=replace(observed.group, versions=(version,)))
    text = f"'{version.template}' (version '{name}') was not rolled out by deploy"
    assert plan_reconcile(CONFIG, observed, B_DEADLINE) == ForeignRollout(target=version, text=text)


def with_surge(observed: Observation, fixed: int, **more: Any) -> Observation:
    """Return an observation whose group has a surge, and other values of its update policy."""
    policy = {**observed.group.raw["updatePolicy"], "maxSurge": {"fixed": fixed}, **more}
    return replace(observed, group=replace(observed.group, raw={**observed.group.raw, "updatePolicy": policy}))


def named(observed: Observation, kind: str) -> Observation:
    """Return an idle group whose version was written by a deploy or by a rollback."""
    name = f"{kind}/bbbbbbbbbbbb/run0/20261123T113000Z/600s"
    version = Version(SEED, name)
    instances = tuple(replace(instance, version=version) for instance in observed.group.instances)
    return replace(observed, group=replace(observed.group, versions=(version,), instances=instances))


@pytest.mark.parametrize(
    ("kind", "surge", "more", "expected"),
    [
        ("rollback", 3, {}, True),
        ("rollback", 1, {}, False),
        ("rollback", 3, {"type": "OPPORTUNISTIC"}, False),
        ("deploy", 3, {}, False),
    ],
)
def test_reconcile_of_an_idle_group_restores_the_policy_of_a_rollback(
    kind: str, surge: int, more: dict[str, Any], expected: bool
) -> None:
    """Only the surge that a rollback left is restored, and not what a person set on a deployed release."""
    plan = plan_reconcile(CONFIG, with_surge(named(observation("reconcile-nothing"), kind), surge, **more), NOW)
    assert isinstance(plan, NothingToDo)
    assert plan.restores_policy is expected


@pytest.mark.parametrize(
    ("name", "surge", "expected"), [("", 3, True), ("canary", 3, True), ("", 1, False), (B_NAME, 3, False)]
)
def test_reconcile_restores_the_policy_after_a_rollback_that_has_not_settled(
    name: str, surge: int, expected: bool
) -> None:
    """A typed rollback restores an unmanaged version under its own name; a deploy's name is that of a deploy."""
    observed = with_surge(observation("reconcile-rollback"), surge)
    version = Version(observed.group.versions[0].link, name)
    documents = json.dumps(observed.templates).replace(B_NAME, name)
    group = replace(observed.group, versions=(version,))
    plan = plan_reconcile(CONFIG, replace(observed, group=group, templates=tuple(json.loads(documents))), B_DEADLINE)
    assert isinstance(plan, WaitForRollout)
    assert plan.restores_policy is expected
