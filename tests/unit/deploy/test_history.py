"""Releases of a group, proven releases, and the target of a rollback."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.documents.resource import Document, links_of
from deploy.errors import RefusedError
from deploy.release import history, template
from deploy.release.history import Release
from deploy.release.record import RECORD_KEY, Fallback, ReleaseRecord, parse_record
from tests.unit.deploy.values import REPOSITORY, digest

COLLECTION = "projects/dojangkok-dev/global/instanceTemplates"
SEED = f"{COLLECTION}/seed"
GROUP = "zone/group"
BASE: Document = {
    "name": "seed",
    "id": "7",
    "creationTimestamp": "2026-11-22T00:00:00.000-08:00",
    "selfLink": f"https://www.googleapis.com/compute/v1/{SEED}",
    "properties": {"metadata": {"items": [{"key": "startup-script", "value": f"run {REPOSITORY}:latest\n"}]}},
}
RECORD = ReleaseRecord(REPOSITORY, digest("a"), SEED, "7", GROUP, "c" * 40, "run1", "alice", Fallback(SEED, "7", "v"))


def release(
    hour: int, fallback: Document | None = None, letter: str = "a", commit: str = "", group: str = GROUP
) -> Document:
    """Return a template as a deploy creates it; the numeric id of its base, and so its name, depends on the hour."""
    back = Fallback(links_of(fallback)[0], fallback["id"]) if fallback else None
    record = ReleaseRecord(REPOSITORY, digest(letter), SEED, str(hour), group, commit, fallback=back)
    return inserted(template.new_template(BASE, record), hour)


def inserted(body: Document, number: int) -> Document:
    return {
        **body,
        "id": str(100 + number),
        "creationTimestamp": f"2026-11-23T{number:02}:00:00.000-08:00",
        "selfLink": f"https://www.googleapis.com/compute/v1/{COLLECTION}/{body['name']}",
    }


def releases(*templates: Document, serving: Document | None = None) -> tuple[Release, ...]:
    return history.releases(templates, REPOSITORY, GROUP, links_of(serving)[0] if serving else "")


def names(listed: Sequence[Release]) -> list[str]:
    return [entry.template for entry in listed]


def with_record(document: Document, text: str) -> Document:
    """Return the template with another text as its record."""
    items = template.metadata(document) | {RECORD_KEY: text}
    metadata = {"items": [{"key": key, "value": value} for key, value in items.items()]}
    return {**document, "properties": {**document["properties"], "metadata": metadata}}


def test_history_is_newest_first_with_the_proven_releases() -> None:
    """The newest release is first; the serving release and the fallback of a later release are proven."""
    first = release(1)
    second, third = release(2, first), release(3, first)
    listed = releases(first, second, third, BASE, serving=third)
    assert names(listed) == [third["name"], second["name"], first["name"]]
    assert [entry.is_proven for entry in listed] == [True, False, True]


def test_history_of_a_group_is_its_own() -> None:
    """Two groups of a project may serve the same repository."""
    mine, other = release(1), release(1, group="zone/other")
    assert names(releases(mine, other)) == [mine["name"]]
    assert mine["name"] != other["name"]


def test_times_are_never_compared_as_text() -> None:
    """Releases are sorted by the instant of their creation, not by the text of their time stamps."""
    summer = {**release(1), "creationTimestamp": "2026-11-01T01:30:00.000-07:00"}
    winter = {**release(2), "creationTimestamp": "2026-11-01T01:10:00.000-08:00"}
    assert names(releases(summer, winter)) == [winter["name"], summer["name"]]


def test_rollback_chooses_the_newest_proven_release_before() -> None:
    """A rollback chooses the newest proven release before the current release, and is refused if none exists."""
    first = release(1)
    second = release(2, first)
    third = release(3, second)
    listed = releases(first, second, third, serving=third)
    assert history.rollback_release(listed, links_of(third)[0]).template == second["name"]
    assert history.rollback_release(listed, links_of(second)[0]).template == first["name"]
    with pytest.raises(RefusedError, match="no proven release before"):
        history.rollback_release(listed, links_of(first)[0])


def test_rollback_to_a_named_release_needs_a_proven_release() -> None:
    """A rollback to a named release refuses an unknown name, and an unproven release unless `force` is given."""
    first = release(1)
    second = release(2, first, "b", "cafe" * 10)
    history_of_group = releases(first, second)
    serving = links_of(first)[0]
    assert history.rollback_release(history_of_group, links_of(second)[0], digest("a")).template == first["name"]
    assert history.rollback_release(history_of_group, serving, "cafecaf", force=True).template == second["name"]
    with pytest.raises(RefusedError, match=f"'{second['name']}' is unproven"):
        history.rollback_release(history_of_group, serving, second["name"])
    with pytest.raises(RefusedError, match="'zzz' is no release of this group"):
        history.rollback_release(history_of_group, serving, "zzz")


@pytest.mark.parametrize("force", [False, True])
def test_rollback_to_a_digest_chooses_its_newest_proven_release(force: bool) -> None:
    """After A, B and a failed second A, a rollback to A's digest chooses the first A, which is proven."""
    first = release(1, letter="a", commit="a" * 40)
    second = release(2, first, "b")
    again = release(3, second, "a", "a" * 40)
    history_of_group = releases(first, second, again, serving=second)
    for wanted in (digest("a"), "a" * 40, digest("a")[7:20]):
        chosen = history.rollback_release(history_of_group, links_of(second)[0], wanted, force=force)
        assert chosen.template == first["name"], wanted
    with pytest.raises(RefusedError, match="is unproven"):
        history.rollback_release(history_of_group, links_of(second)[0], again["name"])


def test_fallback_is_the_serving_version_or_its_fallback() -> None:
    """The fallback is the serving version if its release is proven, and otherwise the recorded fallback."""
    serving = Fallback(f"{COLLECTION}/s", "8", "v")
    assert history.rollback_fallback(serving, True, RECORD) == serving
    assert history.rollback_fallback(serving, False, RECORD) == RECORD.fallback
    assert history.rollback_fallback(serving, False, None) is None


def test_template_that_was_deleted_and_created_again_is_not_proven() -> None:
    """A recreated template has the link of a fallback with another numeric id, and is unproven."""
    first = release(1)
    second = release(2, first)
    again = {**first, "id": "999"}
    assert [entry.is_proven for entry in releases(first, second)] == [False, True]
    assert [entry.is_proven for entry in releases(again, second)] == [False, False]


def test_fallback_that_is_recorded_by_numeric_id_is_proven() -> None:
    """A release is proven if a later release records the numeric id of its template as the fallback."""
    first = release(1)
    by_id = Fallback(links_of(first)[1], first["id"])
    record = template.release_record(release(2, first))
    assert record is not None
    second = inserted(template.new_template(BASE, replace(record, fallback=by_id)), 2)
    assert [entry.is_proven for entry in releases(first, second)] == [False, True]


def copies() -> dict[str, Document]:
    """Return templates that carry the record of a release and are no releases."""
    made = release(1, letter="a")
    link = f"https://www.googleapis.com/compute/v1/{COLLECTION}"
    other_image = [
        {**item, "value": item["value"].replace(digest("a"), digest("b"))} if item["key"] == "startup-script" else item
        for item in made["properties"]["metadata"]["items"]
    ]
    return {
        "of another name": {**made, "name": "alice-debug-box", "selfLink": f"{link}/alice-debug-box"},
        "with our hash behind another stem": {
            **made,
            "selfLink": f"{link}/alice-debug-{made['name'][-14:]}",
        },
        "in another project": {**made, "selfLink": made["selfLink"].replace("dojangkok-dev", "other-project")},
        "in a region": {**made, "selfLink": made["selfLink"].replace("/global/", "/regions/asia-northeast3/")},
        "with another image": {**made, "properties": {"metadata": {"items": other_image}}},
        "without a script": {
            **made,
            "properties": {"metadata": {"items": [made["properties"]["metadata"]["items"][-1]]}},
        },
        "of another base": with_record(made, replace(RECORD, base_id="8").dump()),
        "of another digest": with_record(made, replace(RECORD, digest=digest("c")).dump()),
    }


def test_release_is_managed() -> None:
    """A template that `deploy` created has a release record."""
    assert template.release_record(release(1)) is not None


@pytest.mark.parametrize("what", copies())
def test_copy_of_a_release_is_unmanaged(what: str) -> None:
    """A template whose name, scope, image or base contradicts its release record is unmanaged and is not pruned."""
    copied = copies()[what]
    assert template.release_record(copied) is None
    assert releases(copied) == ()
    assert history.prunable_releases(releases(*(release(hour) for hour in range(2, 12)), copied), frozenset())
    assert copied["name"] not in names(history.prunable_releases(releases(copied), frozenset()))


GOOD = json.loads(RECORD.dump())
MALFORMED: dict[str, Any] = {
    "fallback.link is a list": {"fallback": {**GOOD["fallback"], "link": ["x"]}},
    "fallback without an id": {"fallback": {"link": SEED, "name": ""}},
    "fallback is a text": {"fallback": "seed"},
    "digest is null": {"digest": None},
    "digest is short": {"digest": "sha256:12"},
    "by is a list": {"by": ["alice"]},
    "run is a number": {"run": 7},
    "base_id is a number": {"base_id": 7},
    "base is a bare name": {"base": "seed"},
    "commit is NaN": {"commit": float("nan")},
    "origin_made_at is no time": {"origin_made_at": "yesterday"},
    "origin_made_at has no offset": {"origin_made_at": "2026-11-23T04:00:00"},
    "another key": {"colour": "blue"},
    "group is null": {"group": None},
}


@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_record_is_no_record(what: str) -> None:
    """A record with an unknown key or a malformed value is ignored, and its template is no release."""
    text = json.dumps(GOOD | MALFORMED[what])
    assert parse_record(text) is None
    assert releases(with_record(release(1), text)) == ()


@pytest.mark.parametrize("key", ["repository", "digest", "base", "base_id", "group"])
def test_record_without_a_key_is_no_record(key: str) -> None:
    """A release record that lacks a required key is ignored."""
    assert parse_record(json.dumps({name: value for name, value in GOOD.items() if name != key})) is None


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{}", "7", '"x"', "NaN", "[" * 100_000, '{"a":' * 100_000, "7" * 100_000, '"\\ud800"', "\ud800"],
    ids=range(12),
)
def test_text_that_is_no_record_is_none(text: str) -> None:
    """A text that is not a JSON object with the keys of a release record parses to None."""
    assert parse_record(text) is None


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=5))
def test_no_value_of_a_key_raises(value: object) -> None:
    """For any JSON value of any key, the parser returns a record or None, and does not raise."""
    for key in GOOD:
        record = parse_record(json.dumps(GOOD | {key: value}))
        assert record is None or record.dump()


def test_record_survives_its_text() -> None:
    """The text of a release record parses to an equal release record."""
    assert parse_record(RECORD.dump()) == RECORD
