"""Edits of a group between preflight and PATCH are refused, and later edits are named as the cause."""

from typing import Any

import pytest

from deploy.errors import NotRestoredError, RefusedError, RolledBackError
from deploy.group.later_changes import changes_since_patch
from tests.integration.deploy.faulty import inject_fault, rig_without_bake, set_instance_rule
from tests.integration.deploy.rig import Rig
from tests.unit.deploy.values import GROUP

MASK = {"properties": {"metadata": {"startup-script": "echo masked"}}}
CHECK = "https://www.googleapis.com/compute/v1/projects/dojangkok-dev/global/healthChecks/neighbour"
EDITS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"updatePolicy": {"type": "OPPORTUNISTIC"}}, "OPPORTUNISTIC"),
    ({"updatePolicy": {"mostDisruptiveAllowedAction": "RESTART"}}, "mostDisruptiveAllowedAction is RESTART"),
    ({"allInstancesConfig": MASK}, "allInstancesConfig has a 'startup-script'"),
    ({"autoHealingPolicies": []}, "no autohealing health check"),
    ({"autoHealingPolicies": [{"healthCheck": CHECK, "initialDelaySec": 300}]}, "asks port 9100"),
    ({"instanceLifecyclePolicy": {"onFailedHealthCheck": "DO_NOTHING"}}, "ignores instances that fail"),
)
MOMENTS = ("instanceTemplates.insert", "instanceGroupManagers.patch")


def edit(body: dict[str, Any]) -> dict[str, Any]:
    return {"verb": "PATCH", "path": GROUP, "body": body}


@pytest.mark.parametrize(("body", "text"), EDITS, ids=lambda value: str(value)[:60])
@pytest.mark.parametrize("moment", MOMENTS)
def test_edit_between_preflight_and_patch_is_refused(moment: str, body: dict[str, Any], text: str) -> None:
    """The deploy is refused for an edit before its PATCH, and for an edit that makes its PATCH answer 412."""
    rig = rig_without_bake()
    neighbour = {"name": "neighbour", "type": "HTTP", "httpHealthCheck": {"port": 9100}}
    rig.control("POST", "projects/dojangkok-dev/global/healthChecks", neighbour)
    rig.emulator.environment.clock.move(5)
    inject_fault(rig, on=moment, nth=[1], request=edit(body))
    with pytest.raises(RefusedError, match=text) as error:
        rig.deploy("a")
    assert "was not when this rollout was planned. The group is unchanged." in str(error.value)
    assert ("instanceGroupManagers.patch", 200) not in own_writes(rig)
    for member, value in body.items():
        kept: Any = (rig.emulator.environment.view.get(GROUP) or {}).get(member) or []
        assert kept == value or value.items() <= kept.items()
    assert rig.serving() == ["latest"] * 3


def own_writes(rig: Rig) -> list[tuple[str, int]]:
    """Return the writes of deploy, which have a requestId; the edits of the tests have none."""
    entries = rig.emulator.environment.store.entries(kind="request")
    return [(entry["method"], entry["status"]) for entry in entries if "requestId" in str(entry)]


def test_harmless_edit_between_preflight_and_patch_is_no_obstacle() -> None:
    """An edit that preflight would accept does not end the deploy."""
    rig = rig_without_bake()
    inject_fault(rig, on="instanceTemplates.insert", nth=[1], request=edit({"description": "mine"}))
    rig.deploy("a")
    assert rig.serving() == ["a"] * 3


def test_typed_rollback_refuses_an_edit_too() -> None:
    """A typed rollback checks the document that it patches."""
    rig = rig_without_bake()
    rig.deploy("a")
    inject_fault(rig, on="instanceGroupManagers.patch", nth=[1], request=edit({"allInstancesConfig": MASK}))
    with pytest.raises(RefusedError, match="allInstancesConfig has a 'startup-script'"):
        rig.rollback()
    assert rig.serving() == ["a"] * 3


@pytest.mark.parametrize("moment", ["before", "during"])
def test_typed_rollback_sets_a_stopped_group_going(moment: str) -> None:
    """OPPORTUNISTIC, by which a person stops a bad rollout, prevents no rollback: one PATCH sets version and type."""
    rig = rig_without_bake()
    rig.deploy("a")
    stop = {"updatePolicy": {"type": "OPPORTUNISTIC"}}
    if moment == "before":
        rig.control("PATCH", GROUP, stop)
    else:
        inject_fault(rig, on="instanceGroupManagers.patch", nth=[1], request=edit(stop))
    rig.rollback()
    assert rig.serving() == ["latest"] * 3
    assert (rig.emulator.environment.view.get(GROUP) or {})["updatePolicy"]["type"] == "PROACTIVE"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"updatePolicy": {"type": "OPPORTUNISTIC"}}, "updatePolicy.type was changed from PROACTIVE to OPPORTUNISTIC"),
        ({"allInstancesConfig": MASK}, "allInstancesConfig was added"),
        ({"updatePolicy": {"maxSurge": {"fixed": 0}, "maxUnavailable": {"fixed": 1}}}, "updatePolicy.maxSurge was"),
    ],
    ids=str,
)
def test_error_of_a_failed_rollout_has_the_edits_of_the_group(body: dict[str, Any], text: str) -> None:
    """The edit is reported as a likely cause, and the release is rolled back."""
    rig = rig_without_bake(timeout_s=170.0)
    set_instance_rule(rig, "b", never_healthy=True)
    inject_fault(rig, when={"phase": "creating"}, nth=[1], request=edit(body))
    with pytest.raises(RolledBackError, match=rf"The group was edited during the rollout: .*{text}") as error:
        rig.deploy("b")
    assert "echo masked" not in str(error.value)
    assert rig.serving() == ["latest"] * 3


def test_error_of_a_rollout_that_an_edit_stopped_has_the_edit() -> None:
    """An update policy of OPPORTUNISTIC stops the replacements."""
    rig = rig_without_bake()
    inject_fault(rig, when={"phase": "creating"}, nth=[1], request=edit({"updatePolicy": {"type": "OPPORTUNISTIC"}}))
    with pytest.raises(RolledBackError, match=r"not done after 840 s: .*from PROACTIVE to OPPORTUNISTIC"):
        rig.deploy("a")
    assert rig.serving() == ["latest"] * 3


def test_autohealing_removed_during_the_rollout_is_the_cause_that_is_named() -> None:
    """Without autohealing no instance has a health, so neither the rollout nor its rollback can succeed."""
    rig = rig_without_bake()
    inject_fault(rig, when={"phase": "creating"}, nth=[1], request=edit({"autoHealingPolicies": []}))
    with pytest.raises(NotRestoredError, match="autoHealingPolicies was removed"):
        rig.deploy("a")
    document = rig.emulator.environment.view.get(GROUP)
    assert document is not None
    assert document["versions"][0]["instanceTemplate"].endswith("/dojangkok-dev-ai-server-seed")


def test_settings_that_count_as_edits() -> None:
    """Settings that a rollout depends on count, others do not."""
    policy = {"type": "PROACTIVE", "maxSurge": {"fixed": 1, "calculated": 1}}
    patched = {"updatePolicy": policy, "autoHealingPolicies": [1], "targetSize": 3, "fingerprint": "a"}
    assert (
        changes_since_patch(None, patched)
        == changes_since_patch(patched, None)
        == changes_since_patch(patched, patched)
        == ()
    )
    same = {**patched, "targetSize": 5, "fingerprint": "b", "allInstancesConfig": {}, "statefulPolicy": None}
    assert changes_since_patch(patched, same) == ()
    assert changes_since_patch(patched, {**same, "autoHealingPolicies": [2]}) == ("autoHealingPolicies was changed",)
