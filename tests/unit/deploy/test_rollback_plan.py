"""Whole plans of rollbacks, and the releases that they restore."""

from dataclasses import replace

import pytest

from deploy.documents.resource import Document
from deploy.errors import RefusedError
from deploy.group.quotas import Quota
from deploy.group.update_policy import rollout_policy
from deploy.group.warnings import unchecked_quotas
from deploy.release.record import Fallback
from deploy.rollout.plan import (
    NothingToDo,
    RestoreRelease,
)
from deploy.rollout.rollback_plan import RollbackTarget, choose_rollback_target, plan_rollback
from lib.image_reference import Reference
from tests.unit.deploy.observations import (
    FALLBACK,
    NOW,
    SHORT_DELAY_WARNING,
    emptied,
    observation,
    with_short_delay,
)
from tests.unit.deploy.values import CONFIG, REPOSITORY, digest


def test_target_and_plan_of_a_rollback() -> None:
    """A rollback restores the proven release before, with as many instances at once as the quota has room for."""
    observed = with_short_delay(observation("rollback"))
    chosen = choose_rollback_target(CONFIG, observed, NOW)
    restored = Fallback(chosen.restored.link, "401510791")
    assert chosen == RollbackTarget(
        restored=restored,
        reference=Reference(REPOSITORY, digest=digest("0")),
        image_entries=("startup-script",),
        commit="0" * 40,
    )
    expected = RestoreRelease(
        restored=replace(restored, name="rollback/000000000000/run1/20261123T120000Z/840s"),
        image_entries=("startup-script",),
        before=observed.group.versions[0],
        fingerprint="FTGK3z2GXCs=",
        surge=3,
        is_empty=False,
        budget_s=840.0,
        warnings=(SHORT_DELAY_WARNING,),
    )
    assert plan_rollback(CONFIG, observed, chosen, "run1", NOW) == expected
    two_fit = replace(observed, quotas=(Quota("INSTANCES", 5.0, 3.0),))
    warnings = (SHORT_DELAY_WARNING, *unchecked_quotas(two_fit))
    assert plan_rollback(CONFIG, two_fit, chosen, "run1", NOW) == replace(expected, surge=2, warnings=warnings)
    assert "quota not checked: N2D_CPUS, because the region has no such quota" in warnings
    as_it_was = plan_rollback(CONFIG, observed, replace(chosen, keeps_version=True), "run1", NOW)
    assert as_it_was == replace(expected, restored=restored)
    size_0 = emptied(observed)
    plan = plan_rollback(CONFIG, size_0, chosen, "run1", NOW)
    assert isinstance(plan, RestoreRelease)
    assert (plan.is_empty, plan.surge, plan.budget_s) == (True, None, CONFIG.rollout.budget_s(0))


def test_rollback_to_the_release_that_the_group_is_set_to() -> None:
    """A rollback to the current release does nothing if the group is idle, and applies the release again if not."""
    observed = with_short_delay(observation("rollback"))
    target = observed.group.versions[0]
    chosen = choose_rollback_target(CONFIG, observed, NOW, target.template)
    assert chosen.is_current
    assert plan_rollback(CONFIG, observed, chosen, "run1", NOW) == NothingToDo(
        target=target, is_empty=False, warnings=(SHORT_DELAY_WARNING,)
    )
    assert plan_rollback(CONFIG, emptied(observed), chosen, "run1", NOW) == NothingToDo(
        target=target, is_empty=True, warnings=(SHORT_DELAY_WARNING,)
    )
    unsettled = replace(observed, group=replace(observed.group, is_stable=False))
    assert isinstance(plan_rollback(CONFIG, unsettled, chosen, "run1", NOW), RestoreRelease)


@pytest.mark.parametrize(
    ("kind", "surge", "expected"), [("rollback", 3, True), ("rollback", 1, False), ("deploy", 3, False)]
)
def test_rollback_to_a_release_that_was_rolled_back_to_restores_the_policy(
    kind: str, surge: int, expected: bool
) -> None:
    """A rollback that was killed before its second PATCH has left its surge; a deploy has none of its own."""
    observed = observation("rollback")
    target = replace(observed.group.versions[0], name=f"{kind}/bbbbbbbbbbbb/run0/20261123T113000Z/600s")
    instances = tuple(replace(instance, version=target) for instance in observed.group.instances)
    policy = rollout_policy(CONFIG.rollout, 1, surge)
    group = replace(
        observed.group, versions=(target,), instances=instances, raw={**observed.group.raw, "updatePolicy": policy}
    )
    observed = replace(observed, group=group)
    chosen = choose_rollback_target(CONFIG, observed, NOW, target.template)
    plan = plan_rollback(CONFIG, observed, chosen, "run1", NOW)
    assert plan == NothingToDo(target=target, is_empty=False, restores_policy=expected)


def test_unproven_release_is_restored_by_force_only() -> None:
    """A release that the group was set to and that never served is no target of a rollback without `force`."""
    observed = observation("rollback")
    unhealthy = tuple(replace(instance, health="UNHEALTHY") for instance in observed.group.instances)
    failing = replace(observed, group=replace(observed.group, instances=unhealthy))
    name = observed.group.versions[0].template
    assert choose_rollback_target(CONFIG, observed, NOW, name).is_current
    with pytest.raises(RefusedError, match="--force"):
        choose_rollback_target(CONFIG, failing, NOW, name)
    assert choose_rollback_target(CONFIG, failing, NOW, name, force=True).is_current


@pytest.mark.parametrize(
    ("seeds", "text"),
    [
        ([], "was deleted."),
        ([{"id": "2"}], "was deleted and created again: its id was 1, and is 2."),
    ],
)
def test_missing_template_of_a_rollback_is_refused(seeds: list[Document], text: str) -> None:
    """The error of a template that was deleted, or created again, has the way to choose another release."""
    observed = observation("reconcile-landed")
    template_of_seed = observation("roll").template
    observed = replace(observed, templates=(*observed.templates, *({**template_of_seed, **seed} for seed in seeds)))
    with pytest.raises(RefusedError) as error:
        choose_rollback_target(CONFIG, observed, NOW)
    assert error.value.message == f"rollback: template 'dojangkok-dev-ai-server-seed', which served before, {text}"
    assert error.value.fix == "name a release: `rollback --to TEMPLATE`"


def test_first_release_is_rolled_back_to_the_version_before_as_it_was() -> None:
    """The unmanaged version that the first release replaced is restored whole, with its image by tag."""
    observed = observation("reconcile-landed")
    observed = replace(observed, templates=(*observed.templates, {**observation("roll").template, "id": "1"}))
    chosen = choose_rollback_target(CONFIG, observed, NOW)
    assert chosen == RollbackTarget(
        restored=FALLBACK,
        reference=Reference(REPOSITORY, tag="latest"),
        image_entries=("startup-script",),
        keeps_version=True,
    )
