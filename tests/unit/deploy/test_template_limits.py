"""Differences between templates, limits of their metadata, and members that a template lacks."""

from dataclasses import replace
from typing import Any

import pytest

from deploy.errors import RefusedError
from deploy.release import history, template
from deploy.release.history import Origin, made_at
from deploy.release.record import Fallback
from tests.unit.deploy.test_history import BASE, RECORD, SEED, inserted, release, releases
from tests.unit.deploy.values import REPOSITORY, digest

SIZE = 262_144
TOTAL = 512 * 1024


def with_items(**items: str) -> dict[str, Any]:
    """Return the base with more metadata entries."""
    script = BASE["properties"]["metadata"]["items"]
    more = [{"key": key, "value": value} for key, value in items.items()]
    return {**BASE, "properties": {"metadata": {"items": [*script, *more]}}}


def refusal(base: dict[str, Any]) -> str:
    """Return why a base can't be copied; empty if it can."""
    try:
        template.new_template(base, RECORD)
    except RefusedError as error:
        return str(error).partition(": ")[2]
    return ""


def comment(length: int) -> str:
    """Return a text of some length that is quickly parsed."""
    return "#" + "x" * (length - 1)


def test_entry_and_all_entries_have_a_limit_of_bytes() -> None:
    """Keys count in the sum, a character may have several bytes, and the sum itself is one byte below its limit."""
    body = template.new_template(BASE, RECORD)
    used = sum(len(item["key"]) + len(item["value"]) for item in body["properties"]["metadata"]["items"])
    longest, rest = comment(SIZE), TOTAL - used - SIZE - len("ab") - 1
    assert refusal(with_items(a=longest)) == ""
    assert refusal(with_items(a=comment(SIZE - 1) + "é")) == (
        "metadata 'a' has 262145 bytes, at most 262144 are allowed. Fix: make it shorter."
    )
    assert refusal(with_items(a=longest, b=comment(rest))) == ""
    assert refusal(with_items(a=longest, b=comment(rest + 1))) == (
        "its metadata has 524288 bytes, 524288 are too many. Fix: make it shorter."
    )


@pytest.mark.parametrize(
    ("before", "after", "paths"),
    [
        ({"a": {"b": 1}}, {"a": 1}, ["properties.a"]),
        ({"a": 1}, {"a": {"b": 1}}, ["properties.a"]),
        ({"a": [1]}, {"a": {"b": 1}}, ["properties.a"]),
        ({"a": [1, 2]}, {"a": [1]}, ["properties.a"]),
        ({"a": [1, 2]}, {"a": [1, 3]}, ["properties.a[1]"]),
        ({"b": 1, "a": 1}, {}, ["properties.a", "properties.b"]),
        ({"metadata": {}}, {}, []),
        ({"metadata": {"items": [{"key": "k"}]}}, {"metadata": {"items": [{"key": "k", "value": ""}]}}, []),
        (
            {"metadata": {"items": [{"key": "k", "value": "a"}]}},
            {"metadata": {"items": [{"key": "k", "value": "b"}]}},
            ["properties.metadata.items.k"],
        ),
    ],
)
def test_difference_has_a_path(before: dict[str, Any], after: dict[str, Any], paths: list[str]) -> None:
    """A value that is replaced by a value of another kind is one difference, and an absent entry is an empty one."""
    assert template.differences({"properties": before}, {"name": "t", "properties": after}) == paths


def test_member_that_a_template_lacks_is_empty() -> None:
    """A template without metadata has no record and no image, and an entry without a value has an empty value."""
    bare = {"properties": {"metadata": {"items": [{"key": "k"}]}}}
    assert template.metadata(bare) == {"k": ""}
    assert template.release_record(bare) is None
    assert template.image_reference(bare, REPOSITORY) is None
    assert template.image_entries({}, REPOSITORY) == ()


def test_copy_describes_itself_and_leaves_other_entries() -> None:
    """The copy of a copy has the stem of the first name, without a hyphen at the cut."""
    body = template.new_template(with_items(other="x"), RECORD)
    assert template.metadata(body)["other"] == "x"
    assert body["description"] == f"Release {digest('a')} of {REPOSITORY}; a copy of seed."
    link = f"{SEED.rpartition('/')[0]}/-seed-{'x' * 41}-{'y' * 9}"
    assert template.content_name("p", replace(RECORD, base=link), {}).startswith(f"-seed-{'x' * 41}-r-")


def test_script_with_another_digest_has_no_record() -> None:
    """A template is a release of deploy only if its script refers to the digest of its record, whatever its name."""
    script = f"run {REPOSITORY}@{digest('b')}\n"
    items = [{"key": "startup-script", "value": script}, {"key": "release", "value": RECORD.dump()}]
    name = template.content_name("dojangkok-dev", RECORD, {"startup-script": script})
    document = inserted({"name": name, "properties": {"metadata": {"items": items}}}, 1)
    assert template.release_record(document) is None


def test_origin_is_the_unmanaged_template() -> None:
    """An unmanaged template is its own origin; a release has the origin of its record, or an unknown origin."""
    moment = made_at(BASE)
    assert history.origin(BASE) == Origin(SEED, moment)
    assert history.origin(release(1)) is None
    record = replace(RECORD, origin=SEED, origin_made_at=moment)
    assert history.origin(inserted(template.new_template(BASE, record), 1)) == Origin(SEED, moment)


def test_first_release_replaced_an_unmanaged_version() -> None:
    """Only the release that the group serves counts, and only if its fallback is no release of the group."""
    fallback = Fallback(SEED, "7", "v")
    first = inserted(template.new_template(BASE, replace(RECORD, fallback=fallback)), 1)
    second = release(2, fallback=first)
    listed = releases(first, second, release(3))
    first_link, second_link, third_link = (entry.link for entry in reversed(listed))
    assert history.unmanaged_predecessor(listed, first_link) == fallback
    assert history.unmanaged_predecessor(listed, second_link) is None
    assert history.unmanaged_predecessor(listed, third_link) is None
    assert history.unmanaged_predecessor(listed, SEED) is None


def test_release_is_named_by_seven_digits_at_least() -> None:
    """Six digits of a digest or a commit name nothing; the refusal lists the five newest releases."""
    listed = releases(*(release(hour, commit="c" * 40) for hour in range(1, 8)))
    assert history.rollback_release(listed, "", "a" * 7, force=True) == listed[0]
    assert history.rollback_release(listed, "", "c" * 7, force=True) == listed[0]
    for name in ("a" * 6, "c" * 6):
        with pytest.raises(RefusedError) as error:
            history.rollback_release(listed, "", name, force=True)
        newest = ", ".join(entry.template for entry in listed[:5])
        assert str(error.value).startswith(f"rollback: --to '{name}' is no release of this group (newest: {newest}).")
