"""The history of a group as text, Markdown and JSON."""

import json
import re
from dataclasses import replace

import pytest

from deploy.errors import RolledBackError
from deploy.report.formats import Format
from deploy.report.releases import ReleaseRow, release_rows, releases_report
from tests.integration.deploy.rig import Rig, new_rig
from tests.integration.deploy.stepped import stepped_rig
from tests.unit.deploy.values import REPOSITORY, digest


def listed(rig: Rig) -> tuple[ReleaseRow, ...]:
    return release_rows(rig.config, rig.observed(), rig.now())


def broken(rig: Rig, letter: str) -> None:
    image = f"{REPOSITORY}@{digest(letter)}"
    rig.control("POST", "emulator/instance-rules", {"image": image, "never_healthy": True})
    with pytest.raises(RolledBackError):
        rig.deploy(letter)


def test_states_of_releases() -> None:
    """A release is proven, unproven or current, and may be serving."""
    rig = new_rig()
    rig.deploy("a")
    rig.deploy("b")
    broken(rig, "c")
    assert [(row.digest[7:8], row.state, row.is_serving) for row in listed(rig)] == [
        ("c", "unproven", False),
        ("b", "proven", True),
        ("a", "proven", False),
    ]
    first, second, third = listed(rig)
    assert first.fallback == second.template
    assert second.fallback == third.template
    assert first.age_s < second.age_s < third.age_s


def test_release_stays_proven_while_an_instance_is_unhealthy() -> None:
    """A proven release with an unhealthy instance is proven, and not serving."""
    rig = new_rig()
    rig.deploy("a")
    rig.emulator.environment.clock.move(10_000)
    observed = rig.observed()
    first, *others = observed.group.instances
    unhealthy = replace(observed.group, instances=(replace(first, health="UNHEALTHY"), *others))
    (row,) = release_rows(rig.config, replace(observed, group=unhealthy), rig.now())
    assert (row.state, row.is_serving) == ("proven", False)


def test_release_that_was_rolled_back_by_hand_is_unproven() -> None:
    """No template shows whether a release failed or was rolled back."""
    rig = new_rig()
    rig.deploy("a")
    rig.deploy("b")
    rig.rollback()
    assert [(row.digest[7:8], row.state) for row in listed(rig)] == [("b", "unproven"), ("a", "proven")]


def test_release_of_a_running_rollout_is_current() -> None:
    """The release that the group is set to, and that does not serve yet, is current."""
    rig = new_rig()
    rig.deploy("a")
    rig.abandon("b")
    assert [(row.digest[7:8], row.state, row.is_serving) for row in listed(rig)] == [
        ("b", "current", False),
        ("a", "proven", False),
    ]


def test_table_has_a_row_for_each_release() -> None:
    """An arrow marks the release that serves."""
    rig = new_rig()
    rig.deploy("a")
    rig.deploy("b")
    rows = listed(rig)
    head, *lines = releases_report(rows, "text").splitlines()
    assert head.split() == ["age", "state", "digest", "commit", "by"]
    assert lines[0].startswith("→  ")
    assert lines[1].startswith("   ")
    assert [line.split()[-3:] for line in lines] == [["b" * 7, "b" * 7, "-"], ["a" * 7, "a" * 7, "-"]]
    long = releases_report(rows, "text", is_long=True).splitlines()
    assert max(map(len, long)) <= 80
    assert [row.template for row in rows] == [name for name in " ".join(long).split() if "-r-" in name]


@pytest.mark.parametrize("shape", ["text", "markdown"])
def test_unmanaged_template_that_serves_is_marked(shape: Format) -> None:
    """What serves is marked before the first release, and after a rollback to the template of Terraform."""
    rig = new_rig()
    first = releases_report(listed(rig), shape).splitlines()
    assert re.search(r"→.*unmanaged.*latest", first[-1])
    rig.deploy("a")
    assert "unmanaged" not in releases_report(listed(rig), shape)
    rig.rollback()
    release, seed = releases_report(listed(rig), shape).splitlines()[-2:]
    assert "→" not in release
    assert re.search(r"→.*unmanaged.*latest", seed)


def shares(rig: Rig) -> list[tuple[str, bool, int, int]]:
    return [(row.state, row.is_serving, row.instances, row.target_size) for row in listed(rig)]


def test_first_canary_has_the_unmanaged_release_beside_it() -> None:
    """In each format, what serves from most instances has a row, with its share and the tag of its image."""
    rig = stepped_rig()
    rig.deploy("a")
    assert shares(rig) == [("canary", False, 1, 3), ("unmanaged", False, 2, 3)]
    canary, seed = releases_report(listed(rig), "text").splitlines()[1:]
    assert re.match(r"1/3  .* canary  +aaaaaaa", canary)
    assert re.match(r"2/3  .* unmanaged  +latest", seed)
    canary, seed = releases_report(listed(rig), "markdown").splitlines()[2:]
    assert re.match(r"\| 1/3 \| .* \| canary \| aaaaaaa \|", canary)
    assert re.match(r"\| 2/3 \| .* \| unmanaged \| latest \|", seed)
    canary, seed = json.loads(releases_report(listed(rig), "json"))
    assert (canary["state"], canary["tag"], canary["instances"]) == ("canary", "", 1)
    assert (seed["state"], seed["digest"], seed["tag"], seed["instances"]) == ("unmanaged", "", "latest", 2)


def test_rows_follow_the_instances_of_a_rollout_from_an_unmanaged_template() -> None:
    """While a group changes, the template from which instances still serve has a row; it leaves with its instances."""
    rig = new_rig()
    rig.abandon("a")
    assert shares(rig) == [("current", False, 0, 3), ("unmanaged", False, 3, 3)]
    rig.deploy("a")
    assert shares(rig) == [("proven", True, 3, 3)]


def test_unmanaged_template_of_an_unsettled_group_serves_from_some_instances() -> None:
    """A group that is not settled serves nothing for sure from every instance."""
    rig = new_rig()
    observed = rig.observed()
    first, *others = observed.group.instances
    group = replace(observed.group, instances=(replace(first, health="UNHEALTHY"), *others), is_stable=False)
    (row,) = release_rows(rig.config, replace(observed, group=group), rig.now())
    assert (row.state, row.is_serving, row.instances) == ("unmanaged", False, 2)


def test_json_is_a_list_of_releases() -> None:
    """Each release has all its fields."""
    rig = new_rig()
    rig.deploy("a")
    (row,) = json.loads(releases_report(listed(rig), "json"))
    assert row.keys() == {
        "template", "state", "is_serving", "instances", "target_size", "made_at", "age_s", "digest", "tag", "commit",
        "run", "by", "fallback", "endpoints",
    }  # fmt: skip
    assert (row["digest"], row["commit"], row["run"]) == (digest("a"), "a" * 40, "19000000001")


def test_markdown_is_a_table() -> None:
    """A job summary shows the releases as a table."""
    rig = new_rig()
    rig.deploy("a")
    lines = releases_report(listed(rig), "markdown").splitlines()
    head = "| serves | age | state | digest | commit | by | template |"
    assert lines[:2] == [head, "| " + "--- | " * 6 + "--- |"]
    assert lines[2].startswith("| → | ")


def test_group_without_releases() -> None:
    """A group that deploy never changed, and that serves nothing, has an empty history."""
    rig = new_rig()
    observed = rig.observed()
    rows = release_rows(rig.config, replace(observed, group=replace(observed.group, instances=())), rig.now())
    assert releases_report(rows, "text") == "no release yet"
    assert releases_report(rows, "json") == "[]"
    assert release_rows(rig.config, replace(rig.observed(), templates=()), rig.now()) == ()
