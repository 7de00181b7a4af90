"""Rollouts with the startup scripts of the fleet, against the emulator."""

from dataclasses import replace

import pytest

from deploy.errors import RefusedError
from deploy.release import template
from deploy.rollout.plan import DeployRelease, NothingToDo
from tests.integration.deploy.rig import Rig, new_rig
from tests.unit.deploy.startup_scripts import DESIGN, LATER, LATEST, NEW, SHAPES
from tests.unit.deploy.values import REPOSITORY, digest


def rig_that_allows_keys(script: str) -> Rig:
    """The script of the design has two keys in its compose file, which its environment allows."""
    known = new_rig(script)
    allowed = {"startup-script": ("VLLM_API_KEY", "OCR_API")}
    return replace(known, config=known.config.model_copy(update={"allowed_secrets": allowed}))


def script_of(rig: Rig, name: str) -> str:
    documents = rig.emulator.environment.view.collections["projects/dojangkok-dev/global/instanceTemplates"]
    return template.metadata(documents[name])["startup-script"]


@SHAPES
def test_real_script_goes_through_plan_deploy_and_rollback(script: str) -> None:
    """Two deploys change only the image reference of a startup script; a rollback restores the first template."""
    rig = rig_that_allows_keys(script)
    planned = rig.plan("a")
    assert isinstance(planned, DeployRelease)
    first = rig.deploy("a").target.template
    assert script_of(rig, first) == script.replace(LATEST, f"{REPOSITORY}@{digest('a')}")
    second = rig.deploy("b").target.template
    assert script_of(rig, second) == script.replace(LATEST, f"{REPOSITORY}@{digest('b')}")
    assert rig.rollback().target.template == first
    assert rig.serving() == ["a"] * 3
    assert rig.never_fewer_than(3)


def test_keys_in_a_script_are_refused_and_reads_of_secret_manager_are_accepted() -> None:
    """Keys in a compose file are refused; a script that reads the keys from Secret Manager is accepted."""
    with pytest.raises(
        RefusedError, match=r"'startup-script' line 16 \(VLLM_API_KEY\), 'startup-script' line 20 \(OCR_API\)\. Fix"
    ):
        new_rig(DESIGN).plan("a")
    assert isinstance(new_rig(LATER).plan("a"), DeployRelease)


def test_script_with_the_digest_of_the_release_needs_no_rollout() -> None:
    """A startup script that contains the digest of the release already needs no rollout."""
    rig = new_rig(DESIGN.replace(LATEST, f"{REPOSITORY}@{digest('a')}"))
    assert isinstance(rig.plan("a"), NothingToDo)
    assert not rig.deploy("a").changed
    assert rig.writes() == []


@pytest.mark.parametrize(("more", "fits"), [(0, True), (1, False)])
def test_size_limit_is_met_to_the_byte_before_anything_is_written(more: int, fits: bool) -> None:
    """A value of metadata has at most 262,144 bytes; the digest is longer than the tag that it takes the place of."""
    room = 262_144 - len(DESIGN.encode()) - (len(NEW) - len(LATEST))
    rig = rig_that_allows_keys(f"{DESIGN}#{'x' * (room - 2 + more)}\n")
    if fits:
        assert rig.plan_release("1").template
        return
    with pytest.raises(RefusedError, match="has 262145 bytes, at most 262144 are allowed"):
        rig.deploy("1")
    assert rig.writes() == []
