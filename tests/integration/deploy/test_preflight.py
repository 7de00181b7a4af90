"""Refusals with their whole texts, before the first write."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from deploy.documents.group_state import parse_group
from deploy.errors import DeployError
from deploy.group.observation import Observation
from deploy.rollout.deploy_plan import plan_deploy
from tests.integration.deploy.rig import Rig, new_rig
from tests.unit.deploy.values import CONFIG, REPOSITORY

WHERE = "group 'dojangkok-dev-ai-server-mig'"
TEMPLATE = "template 'dojangkok-dev-ai-server-seed'"
CHECK = "dojangkok-dev-ai-server"


def managed(verb: str) -> str:
    """The commands of the fixes; tests/system/gcloud/test_gcloud.py runs the same commands."""
    scope = f"--project {CONFIG.project} --zone {CONFIG.zone}"
    return f"gcloud compute instance-groups managed {verb} {CONFIG.group} {scope}"


def changed(observed: Observation, **raw: Any) -> Observation:
    """Return the group with other members in its document."""
    document = {**observed.group.raw, **raw}
    return replace(observed, group=replace(parse_group(document, []), instances=observed.group.instances))


def with_metadata(observed: Observation, **entries: str | None) -> Observation:
    """Return the template with other metadata; None removes an entry."""
    base = copy.deepcopy(observed.template)
    kept = [item for item in base["properties"]["metadata"]["items"] if item["key"].replace("-", "_") not in entries]
    new = [{"key": key.replace("_", "-"), "value": value} for key, value in entries.items() if value is not None]
    base["properties"]["metadata"]["items"] = kept + new
    return replace(observed, template=base)


def refusal(rig: Rig, observed: Observation) -> DeployError:
    with pytest.raises(DeployError) as error:
        plan_deploy(rig.config, rig.request("a"), observed)
    assert rig.writes() == []
    return error.value


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (
            {"statefulPolicy": {"x": 1}},
            "is stateful, so its instances can't be replaced by new ones. Fix: remove its stateful policy.",
        ),
        (
            {"status": {"stateful": {"hasStatefulConfig": True}}},
            "is stateful, so its instances can't be replaced by new ones. Fix: remove its stateful policy.",
        ),
        (
            {"versions": [{"instanceTemplate": "x/a", "targetSize": {"fixed": 1}}, {"instanceTemplate": "x/b"}]},
            (
                f"has 2 versions: 'a', 'b'. Fix: run '{managed('rolling-action start-update')} --version template=b'"
                " to keep that version."
            ),
        ),
        (
            {"versions": [], "instanceTemplate": ""},
            "has 0 versions: none. Fix: set its instance template.",
        ),
        (
            {"updatePolicy": {"type": "OPPORTUNISTIC"}},
            (
                "the type of its update policy is OPPORTUNISTIC, and a release needs PROACTIVE."
                f" Fix: run '{managed('update')} --update-policy-type proactive'."
            ),
        ),
        *(
            (
                {"updatePolicy": policy},
                (
                    "its update policy has no type, and a release needs PROACTIVE."
                    f" Fix: run '{managed('update')} --update-policy-type proactive'."
                ),
            )
            for policy in (None, {}, {"minimalAction": "REPLACE"}, {"type": ""})
        ),
        *(
            (
                {"updatePolicy": {"type": "PROACTIVE", "mostDisruptiveAllowedAction": action}},
                (
                    f"mostDisruptiveAllowedAction is {action}, and a release replaces instances."
                    f" Fix: run '{managed('update')} --update-policy-most-disruptive-action replace'."
                ),
            )
            for action in ("NONE", "REFRESH", "RESTART")
        ),
        (
            {"instanceLifecyclePolicy": {"defaultActionOnFailure": "DO_NOTHING"}},
            (
                "ignores instances that fail their health check: defaultActionOnFailure is DO_NOTHING."
                f" Fix: run '{managed('update')} --default-action-on-vm-failure repair'."
            ),
        ),
        (
            {"instanceLifecyclePolicy": {"onFailedHealthCheck": "DO_NOTHING"}},
            (
                "ignores instances that fail their health check: onFailedHealthCheck is DO_NOTHING."
                " Fix: set onFailedHealthCheck to REPAIR."
            ),
        ),
        (
            {"autoHealingPolicies": []},
            (
                "no autohealing health check, so an instance counts as healthy as soon as it runs."
                f" Fix: run '{managed('update')} --health-check CHECK --initial-delay 300' with a CHECK that asks the"
                " application."
            ),
        ),
        *(
            (
                {"allInstancesConfig": {"properties": {"metadata": {key: "x"}}}},
                (
                    f"allInstancesConfig has a '{key}', which hides the template's."
                    f" Fix: run '{managed('all-instances-config delete')} --metadata {key}'."
                ),
            )
            for key in ("startup-script", "startup-script-url")
        ),
    ],
)
def test_unsuitable_group_is_refused(raw: dict[str, Any], text: str) -> None:
    """A deploy to a group with an unsuitable setting is refused with the cause and a fix."""
    rig = new_rig()
    error = refusal(rig, changed(rig.observed(), **raw))
    assert (str(error), error.exit_code) == (f"{WHERE}: {text}", 3)


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (None, f"its health check '{CHECK}' is absent. Fix: create it, or name another one."),
        (
            {"type": "TCP", "tcpHealthCheck": {"port": 22}},
            (
                f"its health check '{CHECK}' asks port 22, where sshd answers whether or not the application does."
                " Fix: let it ask the application."
            ),
        ),
        (
            {"type": "HTTP", "httpHealthCheck": {"port": 9100, "requestPath": "/metrics"}},
            (
                f"its health check '{CHECK}' asks port 9100, where node-exporter answers whether or not the application"
                " does. Fix: let it ask the application."
            ),
        ),
        (
            {"port": 9080, "requestPath": "/ready"},
            (
                f"its health check '{CHECK}' asks port 9080, where promtail answers whether or not the application"
                " does. Fix: let it ask the application."
            ),
        ),
        (
            {"type": "HTTP", "httpHealthCheck": {"port": 12345, "requestPath": "/-/ready"}},
            (
                f"its health check '{CHECK}' asks port 12345, where alloy answers whether or not the application"
                " does. Fix: let it ask the application."
            ),
        ),
    ],
)
def test_a_health_check_that_cannot_fail_proves_nothing(check: dict[str, Any] | None, text: str) -> None:
    """A deploy is refused if the health check is absent or probes another program than the application."""
    rig = new_rig()
    assert str(refusal(rig, replace(rig.observed(), health_check=check))) == f"{WHERE}: {text}"


def test_deleted_health_check_is_refused() -> None:
    """A deploy is refused if the health check of the group was deleted."""
    rig = new_rig()
    del rig.emulator.environment.view.collections["projects/dojangkok-dev/global/healthChecks"][CHECK]
    assert f"its health check '{CHECK}' is absent" in str(refusal(rig, rig.observed()))


@pytest.mark.parametrize(
    ("entries", "text"),
    [
        (
            {"startup_script": None},
            f"{TEMPLATE}: no 'startup-script' in its metadata (keys: enable-oslogin). Fix: add one.",
        ),
        (
            {"startup_script_url": "gs://bucket/script"},
            (
                f"{TEMPLATE}: 'startup-script-url' points to a script outside the template."
                " Fix: put the script itself into the metadata entry 'startup-script'."
            ),
        ),
        (
            {"startup_script": "docker run busybox:1\n"},
            (
                f"startup-script: no reference of '{REPOSITORY}'."
                " Fix: write it once in full, HOST/PATH:TAG, or correct `repository` in the environment file."
            ),
        ),
        (
            {"startup_script": f"# {REPOSITORY}:v1\n"},
            (
                f"startup-script: no reference of '{REPOSITORY}'. Mentions that start nothing:"
                f" 'startup-script' line 1 '{REPOSITORY}:v1' (comment). Fix: write it once in full, HOST/PATH:TAG,"
                " or correct `repository` in the environment file."
            ),
        ),
        (
            {"startup_script": f"run {REPOSITORY}:v1\nrun {REPOSITORY}:v2\n"},
            (
                f"startup-script: 2 references of '{REPOSITORY}': line 1 '{REPOSITORY}:v1', line 2 '{REPOSITORY}:v2'."
                " Fix: leave one, and let the others use a shell variable that it sets."
            ),
        ),
        (
            {"big": "x" * 262_145},
            "metadata 'big' has 262145 bytes, at most 262144 are allowed. Fix: make it shorter.",
        ),
        (
            {"one": "x" * 262_144, "two": "x" * 262_144},
            "bytes, 524288 are too many. Fix: make it shorter.",
        ),
    ],
)
def test_unsuitable_template_is_refused(entries: dict[str, str | None], text: str) -> None:
    """A deploy from a template with unsuitable metadata is refused with the cause and a fix."""
    rig = new_rig()
    error = refusal(rig, with_metadata(rig.observed(), **entries))
    assert str(error).endswith(text)
    assert error.exit_code == 3


def test_template_of_another_project_or_region_is_refused() -> None:
    """A deploy is refused if the template of the group is neither a global one of the project nor one of its region."""
    rig = new_rig()
    assert str(refusal(rig, replace(rig.observed(), template={}))) == (
        f"{WHERE}: its template 'projects/dojangkok-dev/global/instanceTemplates/dojangkok-dev-ai-server-seed' is"
        " neither a global one of project 'dojangkok-dev' nor one of its region asia-northeast3. Fix: use a"
        " template of that project."
    )
