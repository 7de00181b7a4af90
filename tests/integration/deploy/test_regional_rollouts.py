"""Rollouts of a regional group on the emulator: instances in three zones, regional operations and templates."""

from collections.abc import Callable
from typing import Any

import pytest

from deploy.documents.resource import name_of
from deploy.errors import RefusedError, RolledBackError
from deploy.group.drift import drift
from deploy.group.health import is_settled
from deploy.release import history
from deploy.rollout.pruning import prune_templates
from deploy.rollout.result import PruneResult
from tests.integration.deploy.doctor_rig import findings
from tests.integration.deploy.faulty import rig_without_bake, set_instance_rule, set_quotas
from tests.integration.deploy.regional import REGIONAL_SEED, SEED, ZONES, regional_rig, settings, zones_of_instances
from tests.integration.deploy.rig import Rig

FEW = (
    "of the environment file is {}, and a regional group allows 0, or at least the number of its zones, which is 3"
    f" ({', '.join(ZONES)})"
)
SMALL = "of the environment file is 20%, and a percentage needs a target size of at least 10; the group's is 9"


def on_regional_template(rig: Rig) -> Rig:
    """Set a group to a regional template of the seed's content."""
    seed = rig.control("GET", f"projects/dojangkok-dev/global/instanceTemplates/{SEED}")
    body = {key: seed[key] for key in ("name", "description", "properties")}
    rig.control("POST", REGIONAL_SEED.rpartition("/")[0], body)
    rig.emulator.environment.clock.move(60)
    rig.control("PATCH", rig.group, {"versions": [{"instanceTemplate": REGIONAL_SEED}]})
    rig.emulator.environment.clock.move(600)
    assert is_settled(rig.observed().group)
    return rig


def collections(rig: Rig) -> tuple[list[str], list[str]]:
    """Return the names of the global templates, and of those of the region."""
    view = rig.emulator.environment.view.collections
    return tuple(
        sorted(view.get(f"projects/dojangkok-dev/{scope}/instanceTemplates", {}))
        for scope in ("global", "regions/asia-northeast3")
    )  # type: ignore[return-value]


def test_release_is_rolled_out_in_every_zone() -> None:
    """One instance serves in each zone, all were served all the time, and redistribution keeps its setting."""
    rig = regional_rig(instanceRedistributionType="NONE")
    result = rig.deploy("a")
    assert result.changed
    assert (rig.serving(), zones_of_instances(rig)) == (["a"] * 3, list(ZONES))
    assert rig.never_fewer_than(3)
    assert rig.writes() == [("instanceTemplates.insert", 200), ("regionInstanceGroupManagers.patch", 200)]
    policy = rig.control("GET", rig.group)["updatePolicy"]
    assert (policy["instanceRedistributionType"], policy["maxSurge"]["fixed"]) == ("NONE", 3)
    assert drift(rig.config, rig.observed()) == ()


def test_failing_release_is_rolled_back_with_the_output_of_its_zone() -> None:
    """The serial port is read in the zone of the instance that fails, and the release before serves in every zone."""
    rig = regional_rig()
    set_instance_rule(rig, "b", never_healthy=True, serial=["docker: pull access denied for x"])
    with pytest.raises(RolledBackError, match="pull access denied for x"):
        rig.deploy("b")
    assert (rig.serving(), zones_of_instances(rig)) == (["latest"] * 3, list(ZONES))
    assert rig.never_fewer_than(3)


def test_rollback_restores_release_and_policy() -> None:
    """A typed rollback replaces all six instances at once, and leaves the surge of the environment file."""
    rig = regional_rig(size=6)
    set_quotas(rig, N2D_CPUS=100.0, SSD_TOTAL_GB=2_000.0)
    first = rig.deploy("a").target.template
    rig.deploy("b")
    plan: Any = rig.plan_rollback()
    assert plan.surge == 6
    assert rig.perform(plan).target.template == first
    assert rig.serving() == ["a"] * 6
    assert rig.control("GET", rig.group)["updatePolicy"]["maxSurge"]["fixed"] == 3


def test_rollback_keeps_the_surge_if_the_quota_has_less_room_than_zones() -> None:
    """A surge between 1 and the number of zones would be refused by Compute Engine."""
    rig = regional_rig()
    rig.deploy("a")
    rig.deploy("b")
    set_quotas(rig, INSTANCES=5)
    plan: Any = rig.plan_rollback()
    assert plan.surge is None


@pytest.mark.parametrize("is_broken", [False, True])
def test_rollout_of_a_killed_process_is_reconciled(is_broken: bool) -> None:
    """A reconcile finishes a release that serves, and rolls back one that does not by its deadline."""
    rig = regional_rig()
    if is_broken:
        set_instance_rule(rig, "a", never_healthy=True)
    rig.abandon("a")
    if is_broken:
        rig.emulator.environment.clock.move(900)
        with pytest.raises(RolledBackError):
            rig.reconcile()
    else:
        rig.reconcile()
    assert rig.serving() == [("latest" if is_broken else "a")] * 3


@pytest.mark.parametrize(
    ("rollout", "size", "text"),
    [
        (settings(surge=1), 3, f"`rollout.surge` {FEW.format(1)}. Fix: set `surge: 3`, or leave it out."),
        (settings(unavailable=2), 3, f"`rollout.unavailable` {FEW.format(2)}. Fix: set `unavailable: 3` or 0."),
        (settings(surge="20%"), 9, f"`rollout.surge` {SMALL}. Fix: set a number of instances: 0, or at least 3."),
    ],
)
def test_numbers_that_compute_engine_refuses_are_refused_first(rollout: Any, size: int, text: str) -> None:
    """The refusal has the number of the file, that of the zones, and the number to set; nothing is written."""
    rig = regional_rig(size=size, rollout=rollout)
    with pytest.raises(RefusedError) as error:
        rig.deploy("a")
    assert text in str(error.value)
    assert rig.writes() == []


def test_regional_template_is_copied_within_its_region() -> None:
    """Release, failing release and rollback use regional templates; the global ones stay as they were."""
    rig = on_regional_template(regional_rig())
    before, _ = collections(rig)
    first = rig.deploy("a").target
    assert first.link.startswith("projects/dojangkok-dev/regions/asia-northeast3/instanceTemplates/")
    set_instance_rule(rig, "b", never_healthy=True)
    with pytest.raises(RolledBackError):
        rig.deploy("b")
    rig.deploy("c")
    assert rig.rollback().target.link == first.link
    assert rig.serving() == ["a"] * 3
    global_templates, regional_templates = collections(rig)
    assert (global_templates, len(regional_templates)) == (before, 4)
    assert drift(rig.config, rig.observed()) == ()


@pytest.mark.parametrize("make_rig", [regional_rig, rig_without_bake])
def test_releases_of_both_kinds_of_templates_stay_in_the_history(make_rig: Callable[[], Rig]) -> None:
    """A group that is set from regional templates to global ones keeps its releases: to roll back to, and to prune."""
    rig = on_regional_template(make_rig())
    regional = [rig.deploy(letter).target for letter in "ab"]
    rig.control("PATCH", rig.group, {"versions": [{"instanceTemplate": f"global/instanceTemplates/{SEED}"}]})
    rig.emulator.environment.clock.move(600)
    observed = rig.observed(reads_region=True)
    releases = history.releases(observed.templates, rig.config.repository, observed.group.qualified_name, "")
    assert {version.link for version in regional} <= {release.link for release in releases}
    first = rig.deploy("c").target
    assert "/global/" in first.link
    assert rig.rollback(to=regional[0].template).target.link == regional[0].link
    assert rig.serving() == ["a"] * 3


def test_regional_releases_are_pruned_when_the_group_has_a_global_template() -> None:
    """Old releases in the region's templates are deleted, and the five newest proven ones of both kinds stay."""
    rig = on_regional_template(regional_rig())
    links = [rig.deploy(letter).target.link for letter in "0123456"]
    rig.control("PATCH", rig.group, {"versions": [{"instanceTemplate": f"global/instanceTemplates/{SEED}"}]})
    rig.emulator.environment.clock.move(600)
    before = set(collections(rig)[1])
    for letter in "cde":
        rig.deploy(letter)
    assert before - set(collections(rig)[1]) == {name_of(links[1]), name_of(links[2])}


@pytest.mark.parametrize("cut", ["before", "after"])
def test_every_connection_cut_once_changes_nothing(cut: str) -> None:
    """A deploy in a region ends well if every regional method's connection is cut once, before or after its effect."""
    rig = on_regional_template(regional_rig())
    methods = ("Autoscalers.list", "InstanceGroupManagers", "InstanceTemplates", "Operations")
    faults = [{"on": f"region{name}*", "nth": [1], "cut": cut} for name in methods]
    rig.control("POST", "emulator/faults", {"faults": [{"on": "regions.get", "nth": [1], "cut": cut}, *faults]})
    rig.deploy("a")
    assert rig.serving() == ["a"] * 3
    assert rig.control("GET", "emulator/faults")[0]["fired"] == [1] * 5
    assert len(collections(rig)[1]) == 2


def test_zonal_group_uses_a_template_of_its_region() -> None:
    """A zonal group that has a regional template gets a regional copy."""
    rig = on_regional_template(rig_without_bake())
    assert rig.deploy("a").target.link.startswith(REGIONAL_SEED.rpartition("/")[0])
    assert rig.serving() == ["a"] * 3


def test_old_regional_templates_are_pruned() -> None:
    """Of the releases that no instance has, those beyond the kept ones are deleted in the region."""
    rig = on_regional_template(regional_rig())
    for letter in "01234567":
        rig.deploy(letter)
    _, kept = collections(rig)
    assert len(kept) == 7  # the template of Terraform, five proven releases, and the fallback of the oldest of them
    assert SEED in kept
    assert prune_templates(rig.managed(), rig.config) == PruneResult()


def test_doctor_reads_every_zone_of_a_regional_group() -> None:
    """A sound regional group has no wrong finding; a surge below the number of its zones is one finding."""
    sound = {finding.check: finding for finding in findings(regional_rig())}
    assert {check for check, finding in sound.items() if finding.state == "wrong"} <= {"repository", "secrets"}
    assert sound["group"].text == (
        "'dojangkok-dev-ai-server-mig' is regional, in 3 zones, and stateless, with one version and target size 3"
    )
    assert sound["machine type"].text == f"zones {', '.join(ZONES)} have 'n2d-standard-2'"
    refused = findings(regional_rig(rollout=settings(surge=2)))
    [finding] = [finding for finding in refused if finding.check == "update policy"]
    assert (finding.state, finding.text.endswith("Fix: set `surge: 3`, or leave it out")) == ("wrong", True)
    assert "--project dojangkok-dev --region asia-northeast3" in finding.command
