"""The history of a group, as a person and as a program reads it."""

import json
from dataclasses import replace

import pytest

from deploy.errors import RolledBackError
from deploy.report.releases import ReleaseRow, release_rows, releases_report
from tests.integration.deploy.rig import Rig, new_rig
from tests.unit.deploy.values import REPOSITORY, digest


def found(rig: Rig) -> tuple[ReleaseRow, ...]:
    return release_rows(rig.config, rig.observed(), rig.now())


def broken(rig: Rig, letter: str) -> None:
    image = f"{REPOSITORY}@{digest(letter)}"
    rig.control("POST", "emulator/instance-rules", {"image": image, "never_healthy": True})
    with pytest.raises(RolledBackError):
        rig.deploy(letter)


def test_good_unproven_and_serving_releases_are_told_apart() -> None:
    rig = new_rig()
    rig.deploy("a")
    rig.deploy("b")
    broken(rig, "c")
    assert [(row.digest[7:8], row.state, row.is_serving) for row in found(rig)] == [
        ("c", "unproven", False),
        ("b", "proven", True),
        ("a", "proven", False),
    ]
    first, second, third = found(rig)
    assert first.fallback == second.template
    assert second.fallback == third.template
    assert first.age_s < second.age_s < third.age_s


def test_release_stays_good_while_one_of_its_machines_is_not_well() -> None:
    rig = new_rig()
    rig.deploy("a")
    rig.emulator.environment.clock.move(10_000)
    observed = rig.observed()
    first, *others = observed.group.instances
    blinking = replace(observed.group, instances=(replace(first, health="UNHEALTHY"), *others))
    (row,) = release_rows(rig.config, replace(observed, group=blinking), rig.now())
    assert (row.state, row.is_serving) == ("proven", False)


def test_release_that_served_and_was_rolled_back_by_hand_is_not_said_to_have_failed() -> None:
    """No template tells how it ended: a release that failed looks the same."""
    rig = new_rig()
    rig.deploy("a")
    rig.deploy("b")
    rig.rollback()
    assert [(row.digest[7:8], row.state) for row in found(rig)] == [("b", "unproven"), ("a", "proven")]


def test_release_on_its_way_is_neither_good_nor_unproven() -> None:
    rig = new_rig()
    rig.deploy("a")
    rig.abandon("b")
    assert [(row.digest[7:8], row.state, row.is_serving) for row in found(rig)] == [
        ("b", "current", False),
        ("a", "proven", False),
    ]


def test_table_has_a_line_for_each() -> None:
    rig = new_rig()
    rig.deploy("a")
    rig.deploy("b")
    head, *lines = releases_report(found(rig), "text").splitlines()
    assert head.split() == ["age", "state", "digest", "commit", "by", "template"]
    assert lines[0].startswith("→  ")
    assert lines[1].startswith("   ")
    assert [line.split()[-4:-1] for line in lines] == [["b" * 12, "b" * 7, "-"], ["a" * 12, "a" * 7, "-"]]


def test_json_is_a_list_with_the_same_fields() -> None:
    rig = new_rig()
    rig.deploy("a")
    (row,) = json.loads(releases_report(found(rig), "json"))
    assert row.keys() == {
        "template", "state", "is_serving", "made_at", "age_s", "digest", "commit", "run", "by", "fallback",
        "endpoints",
    }  # fmt: skip
    assert (row["digest"], row["commit"], row["run"]) == (digest("a"), "a" * 40, "run1")


def test_markdown_is_a_table() -> None:
    rig = new_rig()
    rig.deploy("a")
    lines = releases_report(found(rig), "markdown").splitlines()
    assert lines[:2] == ["|  | age | state | digest | commit | by | template |", "| " + "--- | " * 6 + "--- |"]
    assert lines[2].startswith("| → | ")


def test_group_without_releases_says_so() -> None:
    rig = new_rig()
    assert releases_report(found(rig), "text") == "no release yet"
    assert releases_report(found(rig), "json") == "[]"
    assert release_rows(rig.config, replace(rig.observed(), templates=()), rig.now()) == ()
