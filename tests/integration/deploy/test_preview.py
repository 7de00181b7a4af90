"""The preview of a plan has every field that the plan changes, and no other field."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.group.observation import Observation
from deploy.release import template
from deploy.report.preview import Preview, estimated_s, preview, preview_report
from deploy.report.template_changes import Change
from deploy.rollout.deploy_plan import plan_deploy
from deploy.rollout.plan import DeployRelease
from tests.integration.deploy.rig import Rig, new_rig
from tests.support.reports import unwrapped
from tests.unit.deploy.values import CONFIG, REPOSITORY, digest

SEED = "dojangkok-dev-ai-server-seed"


def of(rig: Rig, letter: str, observed: Observation | None = None) -> Preview:
    observed = observed or rig.observed()
    return preview(rig.config, observed, plan_deploy(rig.config, rig.request(letter), observed))


def test_first_release_shows_every_field_of_the_template() -> None:
    """The name, the description, the line of the script and the release record differ."""
    rig = new_rig()
    shown = of(rig, "a")
    changes = {change.field: (change.before, change.after) for change in shown.template}
    assert changes["name"] == (SEED, shown.target)
    assert changes["startup-script line 8"] == (
        f"image: {REPOSITORY}:latest", f"image: {REPOSITORY}@{digest('a')}",
    )  # fmt: skip
    assert changes["metadata release.digest"] == ("", digest("a"))
    assert [field for field in changes if not field.startswith("metadata release.")] == [
        "name", "description", "startup-script line 8",
    ]  # fmt: skip
    assert all(before != after for before, after in changes.values())
    assert (shown.update_policy, len(shown.instances), shown.fallback) == ((), 3, SEED)


def test_next_release_shows_script_line_and_record_only() -> None:
    """Members of the release record that stay equal are not shown."""
    rig = new_rig()
    rig.deploy("a")
    changes = {change.field: (change.before, change.after) for change in of(rig, "b").template}
    assert changes["metadata release.digest"] == (digest("a"), digest("b"))
    assert changes["metadata release.base"][0].rpartition("/")[2] == SEED
    assert "metadata release.repository" not in changes
    before, after = changes["metadata release.fallback"]
    assert (before, after) == (SEED, rig.observed().group.versions[0].template)


def test_update_policy_is_compared_field_by_field() -> None:
    """Each field that a deploy would change is shown with both values; an absent most disruptive action is none."""
    rig = new_rig()
    observed = rig.observed()
    policy = {"type": "PROACTIVE", "minimalAction": "REFRESH", "maxSurge": {"percent": 20}}
    raw = {**observed.group.raw, "updatePolicy": policy}
    shown = of(rig, "a", replace(observed, group=replace(observed.group, raw=raw)))
    assert shown.update_policy == (
        Change("minimalAction", "REFRESH", "REPLACE"),
        Change("replacementMethod", "None", "SUBSTITUTE"),
        Change("maxSurge", "20%", "1"),
        Change("maxUnavailable", "None", "0"),
    )
    assert "@ update policy: maxSurge\n  - 20%\n  + 1\n" in preview_report(shown, "text")


def test_text_has_instances_duration_and_fallback() -> None:
    """The text has the instances to replace, the duration, the fallback and the bill of materials."""
    rig = new_rig()
    text = unwrapped(preview_report(of(rig, "a"), "text"))
    assert text.startswith(f"{CONFIG.group}: {SEED} → {SEED}-r-")
    names = ", ".join(instance.name for instance in rig.observed().group.instances)
    assert f"\n  replaces 3 instances: {names}\n" in text
    assert "\n  about 4 to 13 minutes; failed after 14\n" in text
    assert text.endswith(f"\n  restores {SEED} on a failure\n  bill of materials none in the registry")


@pytest.mark.parametrize(
    ("timeout_s", "line", "estimated_s"),
    [
        (751.0, "about 4 to 13 minutes; failed after 13", [210.0, 750.0]),
        (750.0, "at most 13 minutes, its timeout", [210.0, 750.0]),
        (300.0, "at most 5 minutes, its timeout", [210.0, 300.0]),
        (120.0, "at most 2 minutes, its timeout", [120.0, 120.0]),
        (60.0, "at most 1 minute, its timeout", [60.0, 60.0]),
    ],
)
def test_estimate_never_exceeds_the_timeout(timeout_s: float, line: str, estimated_s: list[float]) -> None:
    """The estimate ends at the timeout, and a timeout that no rollout keeps is warned of."""
    rig = new_rig()
    rig.config = rig.config.with_timeout(timeout_s)
    shown = of(rig, "a")
    text = unwrapped(preview_report(shown, "text"))
    assert [row.strip() for row in text.splitlines() if "minute" in row] == [line]
    assert list(shown.estimated_s) == estimated_s
    warning = f"warning: the timeout of {timeout_s:.0f} s is shorter than the 210 s that this rollout usually takes"
    assert (warning in text) == (timeout_s < 210)
    rig.config = rig.config.model_copy(update={"compute_url": "http://emulator:8080/compute/v1"})
    assert "shorter than" not in preview_report(of(rig, "a"), "text"), "an emulator may be faster"


def test_markdown_has_the_changes_as_a_diff() -> None:
    """A job summary shows the changes as a diff."""
    text = preview_report(of(new_rig(), "a"), "markdown")
    assert f"```diff\n@ template: name\n- {SEED}\n+ {SEED}-r-" in text
    assert text.endswith("\n```")


def test_json_has_every_field() -> None:
    """JSON has the plan, the instances, the changes and the estimate."""
    shown = json.loads(preview_report(of(new_rig(), "a"), "json"))
    assert (shown["action"], shown["before"], len(shown["instances"])) == ("roll", SEED, 3)
    assert shown["template"][0] == {"field": "name", "before": SEED, "after": shown["target"]}
    assert shown["estimated_s"] == [210.0, 750.0]


def test_release_that_serves_changes_nothing() -> None:
    """The preview of a release that the group has already lists no change."""
    rig = new_rig()
    rig.deploy("a")
    assert preview_report(of(rig, "a"), "text").splitlines() == [f"{CONFIG.group}: nothing to do, it serves already"]
    rig.emulator.environment.clock.move(900)
    shown = of(rig, "a")
    assert (shown.template, shown.update_policy, shown.instances, shown.estimated_s) == ((), (), (), (0.0, 0.0))
    assert preview_report(shown, "text") == f"{CONFIG.group}: nothing to do, it serves already"
    unsettled = rig.observed()
    unsettled = replace(unsettled, group=replace(unsettled.group, is_stable=False))
    assert "a rollout of this release has begun already; deploy would wait for it" in preview_report(
        of(rig, "a", unsettled), "markdown"
    )


def test_heading_of_no_work_is_the_one_that_daggerw_reads() -> None:
    """`./daggerw call plan --exit-code` ends with 0 for a plan whose heading says so, in any format, else with 2."""
    [pattern] = re.findall(r"grep -qE '(.+)'", Path("daggerw_exit_codes.sh").read_text())
    rolling, serving, waiting, empty = new_rig(), new_rig(), new_rig(), new_rig(targetSize=0)
    serving.deploy("a")
    waiting.abandon("a")
    empty.deploy("a")
    for rig, action in ((rolling, "roll"), (serving, "nothing"), (waiting, "wait"), (empty, "nothing")):
        shown = of(rig, "a")
        texts = [preview_report(shown, format_) for format_ in ("text", "markdown", "json")]
        read = [re.search(pattern, text, re.MULTILINE) is not None for text in texts]
        assert (shown.action, read) == (action, [action == "nothing"] * 3)


def test_field_that_must_not_differ_would_be_shown() -> None:
    """The preview would show a field that a copy must not change."""
    rig = new_rig()
    observed = rig.observed()
    plan = plan_deploy(rig.config, rig.request("a"), observed)
    assert isinstance(plan, DeployRelease)
    plan.template["properties"]["machineType"] = "other"
    assert Change("properties.machineType", "", "differs") in preview(rig.config, observed, plan).template
    assert template.differences(observed.template, plan.template, plan.image_entries) == ["properties.machineType"]


@pytest.mark.parametrize(
    ("instances", "at_once", "bake_s", "expected"),
    [
        (1, 1, 0, (60.0, 240.0)),
        (3, 1, 30, (210.0, 750.0)),
        (5, 2, 0, (180.0, 720.0)),
        (0, 1, 30, (30.0, 30.0)),
    ],
)
def test_estimate_is_of_replacements_in_turns(
    instances: int, at_once: int, bake_s: float, expected: tuple[float, float]
) -> None:
    """The estimate grows with the number of turns, and the bake follows the last one."""
    assert estimated_s(instances, at_once, bake_s) == expected


def test_bill_of_materials_is_named_by_its_digest() -> None:
    """The preview has the digest of the image's bill of materials."""
    rig = new_rig()
    observed = rig.observed()
    shown = preview(rig.config, observed, plan_deploy(rig.config, rig.request("a"), observed), digest("b"))
    assert unwrapped(preview_report(shown, "text")).endswith(f"\n  bill of materials {digest('b')}")
    assert json.loads(preview_report(shown, "json"))["bill_of_materials"] == digest("b")
