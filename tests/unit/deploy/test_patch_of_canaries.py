"""The PATCH of a step: two versions, of which the new one has a size."""

import pytest

from deploy.documents.canary import Canary
from deploy.documents.group_state import Version
from deploy.documents.instance_count import InstanceCount
from deploy.errors import SupersededError
from deploy.rollout.patch import patch_group
from tests.unit.deploy.observations import SEED
from tests.unit.deploy.scripted_compute import DONE, GROUP, ScriptedCompute, group_document, settled
from tests.unit.deploy.values import CONFIG

GET, PATCH = f"GET {GROUP}", f"PATCH {GROUP}"
BEFORE = Version(SEED)
TARGET = Version("projects/dojangkok-dev/global/instanceTemplates/new", "v1")
CANARY = Canary(BEFORE, TARGET, InstanceCount(50, is_percent=True))
AT_CANARY = group_document(
    versions=[
        {"instanceTemplate": SEED, "targetSize": {"calculated": 1}},
        {"instanceTemplate": TARGET.link, "name": "v1", "targetSize": {"percent": 50, "calculated": 2}},
    ],
    fingerprint="after=",
)


def test_canary_is_the_second_version_with_a_size() -> None:
    """The old entry stays as it was, without a size, so that it has all other instances."""
    compute = ScriptedCompute(settled() | {PATCH: [DONE]})
    patch_group(compute.managed(), CONFIG, CANARY, BEFORE)
    assert compute.bodies[0]["versions"] == [
        {"instanceTemplate": SEED},
        {"instanceTemplate": TARGET.link, "name": "v1", "targetSize": {"percent": 50}},
    ]


@pytest.mark.parametrize("target", [TARGET, BEFORE])
def test_canary_is_replaced_by_one_version(target: Version) -> None:
    """The last step and an abort leave one entry."""
    compute = ScriptedCompute(settled() | {GET: [AT_CANARY], PATCH: [DONE]})
    patch_group(compute.managed(), CONFIG, target, CANARY)
    [body] = compute.bodies
    assert (body["fingerprint"], len(body["versions"]), "targetSize" in body["versions"][0]) == ("after=", 1, False)


def test_canary_of_another_size_is_not_overwritten() -> None:
    """Another process has promoted the canary meanwhile."""
    compute = ScriptedCompute(settled() | {GET: [AT_CANARY]})
    smaller = Canary(BEFORE, TARGET, InstanceCount(1))
    with pytest.raises(SupersededError, match="is now set to 'dojangkok-dev-ai-server-seed', 'new' v1"):
        patch_group(compute.managed(), CONFIG, TARGET, smaller)
    assert compute.bodies == []


def test_step_that_is_set_already_is_not_patched_again() -> None:
    """A repeated write, such as one whose answer was lost, finds its effect."""
    compute = ScriptedCompute(settled() | {GET: [AT_CANARY]})
    assert patch_group(compute.managed(), CONFIG, CANARY, BEFORE, planned="x").replaced == ""
    assert compute.bodies == []
