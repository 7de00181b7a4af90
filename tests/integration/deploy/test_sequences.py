"""Sequences of deploys, failures and rollbacks: the serving release and its fallback."""

import pytest

from deploy.errors import DeployError, NotRestoredError, RefusedError, RolledBackError, SupersededError
from deploy.rollout.pruning import prune_templates
from tests.integration.deploy.clients import Client
from tests.integration.deploy.rig import Rig, new_rig
from tests.unit.deploy.values import CONFIG, GROUP, REPOSITORY, digest

SEED = "dojangkok-dev-ai-server-seed"
QUICK = CONFIG.rollout.model_copy(update={"bake_s": 20.0, "poll_s": (20.0, 20.0)})


def new_group(broken: str = "") -> Rig:
    """A settled group; instances of the broken releases are never healthy."""
    rig = new_rig()
    rig.config = CONFIG.model_copy(update={"rollout": QUICK})
    for letter in broken:
        rig.control(
            "POST", "emulator/instance-rules", {"image": f"{REPOSITORY}@{digest(letter)}", "never_healthy": True}
        )
    return rig


def client(rig: Rig, letter: str) -> Client:
    return Client(rig.emulator, rig.config.project, "client", lambda compute: rig.deploy(letter, compute))


def until_patched(rig: Rig, letter: str) -> Client:
    """Return a deploy that has stopped right after its PATCH."""
    running = client(rig, letter)
    while not [entry for entry in rig.writes() if entry == ("instanceGroupManagers.patch", 200)]:
        running.go(1)
    return running


def fail_without_a_rollback(rig: Rig, letter: str) -> None:
    """Deploy a release that fails, and whose rollback fails too because no later PATCH is accepted."""
    patches = {"on": "instanceGroupManagers.patch", "nth": list(range(2, 200)), "status": 503}
    plan = rig.control("POST", "emulator/faults", {"faults": [patches]})
    with pytest.raises(NotRestoredError):
        rig.deploy(letter)
    rig.control("DELETE", f"emulator/faults/{plan['id']}")
    assert letter in rig.serving()


def test_fix_after_a_failed_rollback() -> None:
    """A fix deploys after a release whose rollback failed."""
    rig = new_group(broken="b")
    rig.deploy("a")
    fail_without_a_rollback(rig, "b")
    assert rig.deploy("c").changed
    assert rig.serving() == ["c"] * 3
    assert rig.never_fewer_than(3)


def test_failed_fix_after_a_failed_rollback_restores_the_proven_release() -> None:
    """The fallback of a fix is the proven release, not the broken one that the group has."""
    rig = new_group(broken="bc")
    rig.deploy("a")
    fail_without_a_rollback(rig, "b")
    with pytest.raises(RolledBackError):
        rig.deploy("c")
    assert rig.serving() == ["a"] * 3
    assert rig.never_fewer_than(3)


def test_broken_release_again_after_a_failed_rollback_restores_the_proven_release() -> None:
    """A second attempt of the broken release has the same fallback."""
    rig = new_group(broken="b")
    rig.deploy("a")
    fail_without_a_rollback(rig, "b")
    with pytest.raises(RolledBackError):
        rig.deploy("b")
    assert rig.serving() == ["a"] * 3


def replaced_by_hand(rig: Rig, action: str) -> None:
    """Let a release serve for weeks, then recreate an instance by hand until it has this action."""
    rig.emulator.environment.clock.move(2_000_000)
    name = rig.observed().group.instances[0].name
    instance = f"projects/dojangkok-dev/zones/asia-northeast3-a/instances/{name}"
    rig.control("POST", f"{GROUP}/recreateInstances", {"instances": [instance]})
    while action not in [instance.action for instance in rig.observed().group.instances]:
        rig.emulator.environment.clock.move(1)


def test_unhealthy_instance_does_not_change_the_fallback() -> None:
    """A proven release with an instance that is unhealthy for a moment stays the fallback."""
    rig = new_group(broken="c")
    rig.deploy("0")
    rig.deploy("a")
    replaced_by_hand(rig, "VERIFYING")
    with pytest.raises(RolledBackError):
        rig.deploy("c")
    assert rig.serving() == ["a"] * 3


def test_rollback_after_an_older_release_restores_the_newest() -> None:
    """A rollback restores the last proven release before the serving release."""
    rig = new_group()
    for letter in "abcb":
        rig.deploy(letter)
        assert rig.serving() == [letter] * 3
    rig.rollback()
    assert rig.serving() == ["c"] * 3


def test_second_deploy_supersedes_the_first() -> None:
    """The first of two deploys ends with exit code 5."""
    rig = new_group()
    first = until_patched(rig, "a")
    rig.deploy("b")
    first.go()
    assert isinstance(first.error, SupersededError)
    assert rig.serving() == ["b"] * 3
    assert rig.never_fewer_than(3)


def test_second_deploy_of_the_same_release_waits() -> None:
    """Two deploys of one release end well, with one PATCH."""
    rig = new_group()
    first = until_patched(rig, "a")
    assert not [entry for entry in rig.writes()[2:] if rig.deploy("a") and entry]
    assert first.go()
    assert (first.code, rig.serving()) == (0, ["a"] * 3)
    assert [method for method, _ in rig.writes()] == ["instanceTemplates.insert", "instanceGroupManagers.patch"]


@pytest.mark.parametrize("at", range(1, 24))
def test_concurrent_deploys_end_like_consecutive_deploys(at: int) -> None:
    """A second deploy begins after any exchange of the first: both end with 0 or 5, and a release with 0 serves."""
    rig = new_group()
    first, second = client(rig, "a"), client(rig, "b")
    first.go(at)
    second.go(12)
    first.go()
    second.go()
    rig.emulator.environment.clock.move(3_600)
    codes = {"a": first.code, "b": second.code}
    assert set(codes.values()) <= {0, 5}
    (serving,) = set(rig.serving())
    assert codes[serving] == 0
    assert rig.never_fewer_than(3)


def test_rollback_to_a_after_a_proven_c_stays_on_a() -> None:
    """The fallback of the next release is a, not the newest proven release."""
    rig = new_group(broken="d")
    for letter in "abc":
        rig.deploy(letter)
    rig.rollback("a" * 40)
    assert rig.serving() == ["a"] * 3
    with pytest.raises(RolledBackError):
        rig.deploy("d")
    assert rig.serving() == ["a"] * 3
    with pytest.raises(RefusedError, match="is unproven: it failed, or was rolled back"):
        rig.rollback("c" * 40)
    rig.rollback("c" * 40, force=True)
    assert rig.serving() == ["c"] * 3


def test_reconcile_finishes_an_abandoned_rollback() -> None:
    """A reconcile waits for the rollback to a, whose process died, and undoes nothing of a."""
    rig = new_group(broken="b")
    rig.deploy("a")
    rig.emulator.environment.clock.move(10_000)
    dying = client(rig, "b")
    while rig.writes().count(("instanceGroupManagers.patch", 200)) < 3:
        dying.go(1)
    dying.kill()
    rig.reconcile()
    assert rig.serving() == ["a"] * 3


DAY = ["a", "b", "x", "c", "back", "d", "y", "e"]


@pytest.mark.parametrize("at", range(1, len(DAY)))
def test_prune_between_deploys_deletes_no_needed_template(at: int) -> None:
    """A prune between any two deploys leaves every fallback and every serving template."""
    rig = new_group(broken="9")
    for number, verb in enumerate(DAY):
        if number == at:
            assert prune_templates(rig.managed(), rig.config).error is None
        if verb == "back":
            rig.rollback()
        elif verb in "xy":
            with pytest.raises(DeployError):
                rig.deploy("9")
        else:
            rig.deploy(verb)
    assert rig.serving() == ["e"] * 3
    rig.rollback()
    assert rig.serving() == ["d"] * 3


def test_prune_during_a_deploy_deletes_no_needed_template() -> None:
    """A prune between any two exchanges leaves the template of the deploy."""
    rig = new_group(broken="b")
    for letter in "01234567":
        rig.deploy(letter)
    for letter, code in (("a", 0), ("b", 7)):
        running = client(rig, letter)
        while not running.go(1):
            assert prune_templates(rig.managed(), rig.config).error is None
        assert running.code == code
    assert rig.serving() == ["a"] * 3
    rig.rollback()
    assert rig.serving() == ["7"] * 3


def test_group_with_a_write_before_every_patch_is_left_unchanged() -> None:
    """After 20 fenced writes the deploy is refused."""
    rig = new_group()
    rig.control("POST", "emulator/faults", {"faults": [{"on": "*.patch", "status": 412, "reason": "conditionNotMet"}]})
    with pytest.raises(
        RefusedError, match="was not patched: another client changed the group before each of 20 writes"
    ):
        rig.deploy("a")
    assert rig.serving() == ["latest"] * 3
