"""Templates that share a name: regional and global ones, those of other projects, and copies of our own."""

import json
from datetime import UTC, datetime

import pytest

from deploy.documents.group_state import Version, group, link_of, links_of
from deploy.errors import RefusedError, SupersededError
from deploy.group.drift import drift
from deploy.release.history import Release, to_prune
from deploy.release.record import Entry
from deploy.report.releases import rows
from deploy.rollout.rollback_plan import plan_rollback
from tests.unit.deploy.faulty import fault, world
from tests.unit.deploy.rig import GROUP, REPOSITORY, Rig, digest

GLOBAL = "projects/dojangkok-dev/global/instanceTemplates"
REGIONAL = "projects/dojangkok-dev/regions/asia-northeast3/instanceTemplates"
ELSEWHERE = "projects/other-project/global/instanceTemplates"
SEED = "dojangkok-dev-ai-server-seed"
GOOGLE = "https://www.googleapis.com/compute/v1"


def copy_template(one: Rig, name: str, collection: str) -> None:
    """Make a template of the same name and content as a global one in another collection."""
    properties = one.control("GET", f"{GLOBAL}/{name}")["properties"]
    made = one.control("POST", collection, {"name": name, "properties": properties})
    assert "error" not in made, made


def put_on_group(one: Rig, link: str, version: str = "") -> None:
    entry = {"instanceTemplate": link} | ({"name": version} if version else {})
    assert "error" not in one.control("PATCH", GROUP, {"versions": [entry]})


@pytest.mark.parametrize(
    "reference",
    [
        "projects/p/global/instanceTemplates/t",
        "global/instanceTemplates/t",
        f"{GOOGLE}/projects/p/global/instanceTemplates/t",
        f"{GOOGLE}/projects/p/global/instanceTemplates/t?uniqueId=123",
        f"{GOOGLE}/projects/p/global/instanceTemplates/t/",
        "https://compute.googleapis.com/compute/beta/projects/p/global/instanceTemplates/t",
        "http://emulator:8080/compute/v1/projects/p/global/instanceTemplates/t",
        "//compute.googleapis.com/projects/p/global/instanceTemplates/t",
    ],
)
def test_every_form_of_a_link_is_the_same_link(reference: str) -> None:
    assert link_of(reference, "p") == "projects/p/global/instanceTemplates/t"


def test_links_of_two_scopes_and_two_projects_differ() -> None:
    links = {link_of(f"{GOOGLE}/{collection}/t") for collection in (GLOBAL, REGIONAL, ELSEWHERE)}
    assert links == {f"{collection}/t" for collection in (GLOBAL, REGIONAL, ELSEWHERE)}


def test_numeric_id_and_name_refer_to_one_template() -> None:
    document = {"selfLink": f"{GOOGLE}/{GLOBAL}/t", "name": "t", "id": "42"}
    assert links_of(document) == (f"{GLOBAL}/t", f"{GLOBAL}/42")


@pytest.mark.parametrize("link", [f"global/instanceTemplates/{SEED}", f"{GLOBAL}/4001790000000000010"])
def test_group_that_refers_to_its_template_by_part_of_a_link_or_by_id_is_read(link: str) -> None:
    one = world()
    document = one.control("GET", f"{GLOBAL}/{SEED}")
    raw = {
        **one.control("GET", GROUP),
        "versions": [{"instanceTemplate": link.replace("4001790000000000010", document["id"])}],
    }
    (version,) = group(raw, []).versions
    assert version.link in links_of(document)


@pytest.mark.parametrize("collection", [REGIONAL, ELSEWHERE])
def test_global_template_of_the_same_name_is_not_taken_for_the_groups(collection: str) -> None:
    """The group serves another template; a release copied from the global one would be a release of something else."""
    one = world()
    copy_template(one, SEED, collection)
    put_on_group(one, f"{collection}/{SEED}")
    one.api.world.clock.move(600)
    before = one.writes()
    with pytest.raises(RefusedError, match=f"its template '{collection}/{SEED}' is not a global one of project"):
        one.deploy("a")
    assert one.observed().template == {}
    assert one.writes() == before


@pytest.mark.parametrize("collection", [REGIONAL, ELSEWHERE])
def test_group_moved_to_a_template_of_the_same_name_during_a_rollout_supersedes_it(collection: str) -> None:
    one = world()
    name = one.plan("a").version.template
    one.deploy("a")
    one.roll_back()
    copy_template(one, name, collection)
    planned = one.plan("a")
    one.runs -= 1  # the deploy below writes the same version name
    race = {"versions": [{"instanceTemplate": f"{collection}/{name}", "name": planned.version.name}]}
    fault(
        one,
        on="instanceGroupManagers.listManagedInstances",
        nth=[4],
        request={"verb": "PATCH", "path": GROUP, "body": race},
    )
    with pytest.raises(SupersededError):
        one.deploy("a")
    (version,) = one.observed().group.versions
    assert version == Version(f"{collection}/{name}", planned.version.name)


def test_instances_on_a_template_of_the_same_name_are_drift() -> None:
    one = world()
    copy_template(one, SEED, REGIONAL)
    put_on_group(one, f"{REGIONAL}/{SEED}")
    one.api.world.clock.move(30)
    put_on_group(one, f"{GLOBAL}/{SEED}")
    lines = drift(one.config, one.observed())
    assert [line for line in lines if line.endswith(f"still on '{REGIONAL}/{SEED}'")], lines


def release(name: str, number: int) -> Release:
    entry = Entry(REPOSITORY, digest("a"), f"{GLOBAL}/{SEED}", "7", "zone/group")
    made = datetime(2026, 11, number, tzinfo=UTC)
    return Release(f"{GLOBAL}/{name}", f"{GLOBAL}/{number}", made, entry, is_good=False)


def test_prune_keeps_what_is_referred_to_by_id_and_nothing_for_a_name_elsewhere() -> None:
    found = [release(f"r{number}", number) for number in range(9, 0, -1)]
    referenced = frozenset({f"{GLOBAL}/3", f"{REGIONAL}/r2", f"{ELSEWHERE}/r1"})
    assert [one.template for one in to_prune(found, referenced)] == ["r1", "r2", "r4", "r5", "r6", "r7"]


def test_copy_that_carries_a_record_is_neither_restored_nor_pruned() -> None:
    """Somebody's copy of release A, with another image in it, keeps the record of A."""
    one = world()
    one.deploy("a")
    document = one.control("GET", f"{GLOBAL}/{one.observed().group.versions[0].template}")
    properties = json.loads(json.dumps(document["properties"]).replace(digest("a"), digest("f")))
    one.control("POST", GLOBAL, {"name": "alice-debug-box", "properties": properties})
    for letter in "bcdefa1234":
        one.deploy(letter)
    assert "alice-debug-box" in one.templates()
    assert one.roll_back(digest("a")).changed
    assert one.serving() == ["a"] * 3
    assert "alice-debug-box" not in [row.template for row in rows(one.config, one.observed(), one.wanted("0").now)]


def test_rollback_reports_the_digest_that_its_template_holds() -> None:
    one = world()
    one.deploy("a")
    one.deploy("b")
    now = one.wanted("0")
    planned = plan_rollback(one.config, one.observed(), now.run, now.now, digest("a"))
    assert planned.reference.digest == digest("a")
    assert str(planned.reference) in json.dumps(one.control("GET", planned.target.link))
