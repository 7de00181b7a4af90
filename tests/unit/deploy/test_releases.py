"""The history of a group, as a person and as a program reads it."""

import json
from dataclasses import replace

import pytest

from deploy.errors import RolledBackError
from deploy.report.releases import Row, rows, shown
from deploy.rollout.insert_template import insert
from deploy.rollout.patch import patch_group
from deploy.rollout.plan import Plan
from tests.unit.deploy.rig import REPOSITORY, Rig, digest, rig


def found(one: Rig) -> tuple[Row, ...]:
    return rows(one.config, one.observed(), one.wanted("0").now)


def broken(one: Rig, letter: str) -> None:
    image = f"{REPOSITORY}@{digest(letter)}"
    one.control("POST", "emulator/machines", {"image": image, "never_healthy": True})
    with pytest.raises(RolledBackError):
        one.deploy(letter)


def test_good_unproven_and_serving_releases_are_told_apart() -> None:
    one = rig()
    one.deploy("a")
    one.deploy("b")
    broken(one, "c")
    assert [(row.digest[7:8], row.state, row.is_serving) for row in found(one)] == [
        ("c", "unproven", False),
        ("b", "good", True),
        ("a", "good", False),
    ]
    first, second, third = found(one)
    assert first.back_to == second.template
    assert second.back_to == third.template
    assert first.age_s < second.age_s < third.age_s


def test_release_stays_good_while_one_of_its_machines_is_not_well() -> None:
    one = rig()
    one.deploy("a")
    one.api.world.clock.move(10_000)
    observed = one.observed()
    first, *others = observed.group.machines
    blinking = replace(observed.group, machines=(replace(first, health="UNHEALTHY"), *others))
    (row,) = rows(one.config, replace(observed, group=blinking), one.wanted("0").now)
    assert (row.state, row.is_serving) == ("good", False)


def test_release_that_served_and_was_rolled_back_by_hand_is_not_said_to_have_failed() -> None:
    """No template tells how it ended: a release that failed looks the same."""
    one = rig()
    one.deploy("a")
    one.deploy("b")
    one.roll_back()
    assert [(row.digest[7:8], row.state) for row in found(one)] == [("b", "unproven"), ("a", "good")]


def test_release_on_its_way_is_neither_good_nor_unproven() -> None:
    one = rig()
    one.deploy("a")
    rolling: Plan = one.plan("b")
    compute = one.compute()
    assert rolling.template is not None
    insert(compute, one.config, rolling.template)
    patch_group(compute, one.config, rolling.version, rolling.before)
    assert [(row.digest[7:8], row.state, row.is_serving) for row in found(one)] == [
        ("b", "other", False),
        ("a", "good", False),
    ]


def test_table_has_a_line_for_each() -> None:
    one = rig()
    one.deploy("a")
    one.deploy("b")
    head, *lines = shown(found(one), "text").splitlines()
    assert head.split() == ["age", "state", "digest", "commit", "by", "template"]
    assert lines[0].startswith("→  ")
    assert lines[1].startswith("   ")
    assert [line.split()[-4:-1] for line in lines] == [["b" * 12, "b" * 7, "-"], ["a" * 12, "a" * 7, "-"]]


def test_json_is_a_list_with_the_same_fields() -> None:
    one = rig()
    one.deploy("a")
    (row,) = json.loads(shown(found(one), "json"))
    assert row.keys() == {
        "template", "state", "is_serving", "made_at", "age_s", "digest", "commit", "run", "by", "back_to",
        "endpoints",
    }  # fmt: skip
    assert (row["digest"], row["commit"], row["run"]) == (digest("a"), "a" * 40, "run1")


def test_markdown_is_a_table() -> None:
    one = rig()
    one.deploy("a")
    lines = shown(found(one), "markdown").splitlines()
    assert lines[:2] == ["|  | age | state | digest | commit | by | template |", "| " + "--- | " * 6 + "--- |"]
    assert lines[2].startswith("| → | ")


def test_group_without_releases_says_so() -> None:
    one = rig()
    assert shown(found(one), "text") == "no release yet"
    assert shown(found(one), "json") == "[]"
    assert rows(one.config, replace(one.observed(), templates=()), one.wanted("0").now) == ()
