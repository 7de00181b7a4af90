"""Instance rules: which rule applies to an instance, and the profile that is drawn."""

from dataclasses import replace

import pytest

from emulator.environment.instance_rules import InstanceRule, drawn_profile, mentions
from emulator.group.instances import Instance, Version
from emulator.group.profile import Profile

INSTANCE = Instance("web-1", "zone-a", Version("projects/p/global/instanceTemplates/t"), Profile(), 0.0)

SCRIPT = """
curl --request PUT http://metadata.google.internal/computeMetadata/v1/instance/guest-attributes/release/$1
phase booted
phase login
phase secrets
phase pulled
phase started
"""


def test_the_narrowest_and_newest_rule_comes_first() -> None:
    """A rule with a name comes before a template's, an image's and a general rule; of equal rules the newest wins."""
    rules = [
        InstanceRule(instance="web-1", boot_s=1),
        InstanceRule(template="t", boot_s=2, create_s=2),
        InstanceRule(image="r/app:1", delete_s=3),
        InstanceRule(boot_s=9, create_s=9, delete_s=9, stop_s=9),
        InstanceRule(stop_s=4),
    ]
    profile = drawn_profile(rules, INSTANCE, "image: r/app:1\n", 0)
    assert (profile.boot_s, profile.create_s, profile.delete_s, profile.stop_s) == (1, 2, 3, 4)
    assert drawn_profile(rules, INSTANCE, "image: r/app:10", 0).delete_s == 9


def test_a_profile_depends_on_seed_and_incarnation_only() -> None:
    """Equal seeds and incarnations draw equal times; other seeds or incarnations draw other times."""
    rules = [InstanceRule(boot_s=(1, 100))]
    first, again = (drawn_profile(rules, INSTANCE, "", 7).boot_s for _ in range(2))
    assert first == again
    assert first != drawn_profile(rules, replace(INSTANCE, incarnation=2), "", 7).boot_s
    assert first != drawn_profile(rules, INSTANCE, "", 8).boot_s


def test_never_healthy_overrides_the_answer_time() -> None:
    """An instance that is never healthy has no answer time."""
    assert drawn_profile([InstanceRule(answer_s=1, never_healthy=True)], INSTANCE, "", 0).answer_s is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("image: r/app:1", True), ("r/app:1\r\n", True), ("x/r/app:1", False), ("r/app:1.2", False), ("r/app:1-x", False)],
)
def test_a_mention_is_the_whole_reference(text: str, expected: bool) -> None:
    """A longer reference that contains the image is no mention of the image."""
    assert mentions(text, "r/app:1") is expected


def test_usual_phases_follow_the_time_until_the_answer() -> None:
    """A script that writes phases does so before its application answers; without enabled attributes it can't."""
    rules = [InstanceRule(answer_s=20)]
    profile = drawn_profile(rules, INSTANCE, SCRIPT, 0, has_attributes=True)
    assert profile.phases == (
        ("booted", 2.0), ("login", 4.0), ("secrets", 6.0), ("pulled", 14.0), ("started", 16.0),
    )  # fmt: skip
    assert drawn_profile(rules, INSTANCE, SCRIPT, 0).phases == ()
    assert drawn_profile(rules, INSTANCE, "docker run x", 0, has_attributes=True).phases == ()


def test_failed_script_writes_no_later_phase() -> None:
    """A script that fails by its pull writes the phases before, and its application never answers."""
    rules = [InstanceRule(failed="manifest unknown", answer_s=20)]
    profile = drawn_profile(rules, INSTANCE, SCRIPT, 0, has_attributes=True)
    assert [name for name, _ in profile.phases] == ["booted", "login", "secrets", "failed"]
    assert (profile.answer_s, profile.failed) == (None, "manifest unknown")


def test_phases_of_a_rule_are_drawn_in_order() -> None:
    """A rule's phases replace the usual ones, and come in the order of their times."""
    rules = [InstanceRule(phases={"pulled": 9, "booted": (1, 2)})]
    profile = drawn_profile(rules, INSTANCE, "", 0, has_attributes=True)
    assert [name for name, _ in profile.phases] == ["booted", "pulled"]
    assert 1 <= profile.phases[0][1] <= 2
