"""The status of a group as text, Markdown and JSON."""

import json
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from deploy.documents.group_state import parse_group
from deploy.report import durations, table
from deploy.report.status import status, status_report
from tests.integration.deploy.rig import new_rig
from tests.support.reports import unwrapped
from tests.unit.deploy.values import CONFIG, REPOSITORY, digest

SEED = "dojangkok-dev-ai-server-seed"


def test_status_has_the_release_and_its_origin() -> None:
    """The text has image, commit, run, age, flags and a row for each instance."""
    rig = new_rig()
    rig.deploy("a")
    rig.deploy("b")
    observed = rig.observed()
    now = rig.now()
    result = status(rig.config, observed, now + timedelta(hours=1))
    assert result.release.digest == digest("b")
    text = unwrapped(status_report(result, "text")).splitlines()
    name = observed.template["name"]
    assert text[0] == f"{CONFIG.group}: '{name}' serves from every instance"
    assert text[1] == "  serves ai-server bbbbbbb (bbbbbbb)"
    assert text[2].startswith(f"  commit {'b' * 12} · run 19000000002 · 1 h ")
    assert text[3] == "  target 3 · stable yes · reached yes"
    assert text[4].split() == ["instance", "status", "action", "health"]
    assert [line.split()[1:] for line in text[5:]] == [["RUNNING", "NONE", "HEALTHY"]] * 3


def test_long_status_has_the_full_image_and_the_template_of_every_instance() -> None:
    """A reference that is longer than a line has one of its own; a column that does not fit follows in a second."""
    rig = new_rig()
    rig.deploy("a")
    text = status_report(status(rig.config, rig.observed(), rig.now()), "text", is_long=True)
    lines = text.splitlines()
    assert f"    {REPOSITORY}@{digest('a')}" in lines
    assert [line for line in lines if len(line) > 80 and len(line.split()) > 1] == []
    assert lines.count(f"    {rig.observed().template['name']}") == 3


def test_status_of_two_templates_has_the_template_of_every_instance() -> None:
    """While a rollout replaces instances their templates differ."""
    rig = new_rig()
    rig.abandon("a")
    text = unwrapped(status_report(status(rig.config, rig.observed(), rig.now()), "text"))
    assert re.search(r"(?m)^  instance +status +action +health +template$", text)
    assert re.search(rf"(?m) {SEED}$", text)


def test_status_has_drift_and_the_unsettled_state() -> None:
    """A group that is not settled is described with its autoscaler and its drift."""
    rig = new_rig()
    observed = rig.observed()
    going = replace(observed, autoscaler="s", group=replace(observed.group, is_stable=False))
    text = unwrapped(status_report(status(rig.config, going, rig.now()), "text"))
    assert "was not rolled out by deploy" in text
    assert "  target 3 · stable no · reached yes · autoscaler s\n" in text
    assert "  drift: the template refers to the tag 'latest'" in text


def test_json_has_every_field() -> None:
    """JSON has the release, the digest and the health of each instance."""
    rig = new_rig()
    result = json.loads(status_report(status(rig.config, rig.observed(), rig.now()), "json"))
    assert (result["template"], result["image"], result["commit"]) == (SEED, f"{REPOSITORY}:latest", "")
    assert result["digest"] == ""
    assert [instance["health"] for instance in result["instances"]] == ["HEALTHY"] * 3
    assert result["age_s"] > 0
    assert len(result["drift"]) == 1


def test_markdown_is_a_table() -> None:
    """A job summary shows the instances as a table."""
    rig = new_rig()
    text = status_report(status(rig.config, rig.observed(), rig.now()), "markdown")
    assert text.startswith(f"### {CONFIG.group}: '{SEED}' serves from every instance\n\n- serves {REPOSITORY}:latest\n")
    assert text.count("| RUNNING | NONE | HEALTHY |") == 3
    assert "| instance | status | action | health | template |\n| --- | --- | --- | --- | --- |" in text


def test_group_without_instances_or_template_has_a_status() -> None:
    """A status needs neither instances nor the group's template."""
    rig = new_rig()
    observed = rig.observed()
    empty = replace(observed, template={}, group=parse_group({**observed.group.raw, "versions": []}, []))
    text = status_report(status(rig.config, empty, rig.now()), "text")
    assert "instance  status" not in text
    assert "target 3" in text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"), (59.9, "59 s"), (60, "1 min"), (61, "1 min 1 s"), (3_600, "1 h"), (11_520, "3 h 12 min"),
        (86_400, "1 d"), (90_000, "1 d 1 h"), (-5, "0 s"),
    ],
)  # fmt: skip
def test_age_has_two_units(seconds: float, text: str) -> None:
    """An age is printed in its two largest units."""
    assert durations.age(seconds) == text


def test_tables_line_up_and_escape() -> None:
    """Columns have equal widths, and cells hold no Markdown."""
    assert table.text(("a", "bb"), [("ccc", "d")]) == ["a    bb", "ccc  d"]
    assert table.markdown(("a",), [("x|y",)]) == ["| a |", "| --- |", r"| x\|y |"]
