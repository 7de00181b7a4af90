"""Templates that share a name: regional, global, of other projects, and copies of releases."""

import json
from datetime import UTC, datetime

import pytest

from deploy.documents.group_state import Version, parse_group
from deploy.documents.resource import link_of, links_of
from deploy.errors import RefusedError, SupersededError
from deploy.group.drift import drift
from deploy.release.history import Release, prunable_releases
from deploy.release.record import ReleaseRecord
from deploy.report.releases import release_rows
from deploy.rollout.rollback_plan import choose_rollback_target
from tests.integration.deploy.faulty import inject_fault, rig_without_bake
from tests.integration.deploy.rig import Rig
from tests.unit.deploy.values import GROUP, REPOSITORY, digest

GLOBAL = "projects/dojangkok-dev/global/instanceTemplates"
REGIONAL = "projects/dojangkok-dev/regions/asia-northeast3/instanceTemplates"
ELSEWHERE = "projects/other-project/global/instanceTemplates"
SEED = "dojangkok-dev-ai-server-seed"
GOOGLE = "https://www.googleapis.com/compute/v1"


def copy_template(rig: Rig, name: str, collection: str) -> None:
    """Create a template of the same name and content as a global template in another collection."""
    properties = rig.control("GET", f"{GLOBAL}/{name}")["properties"]
    made = rig.control("POST", collection, {"name": name, "properties": properties})
    assert "error" not in made, made


def put_on_group(rig: Rig, link: str, version: str = "") -> None:
    entry = {"instanceTemplate": link} | ({"name": version} if version else {})
    assert "error" not in rig.control("PATCH", GROUP, {"versions": [entry]})


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
    """`link_of` returns the same link for every form of a reference to a template."""
    assert link_of(reference, "p") == "projects/p/global/instanceTemplates/t"


def test_links_of_two_scopes_and_two_projects_differ() -> None:
    """Templates of the same name in different scopes and projects have different links."""
    links = {link_of(f"{GOOGLE}/{collection}/t") for collection in (GLOBAL, REGIONAL, ELSEWHERE)}
    assert links == {f"{collection}/t" for collection in (GLOBAL, REGIONAL, ELSEWHERE)}


def test_numeric_id_and_name_refer_to_one_template() -> None:
    """`links_of` returns the link of a template by name and the link by numeric id."""
    document = {"selfLink": f"{GOOGLE}/{GLOBAL}/t", "name": "t", "id": "42"}
    assert links_of(document) == (f"{GLOBAL}/t", f"{GLOBAL}/42")


@pytest.mark.parametrize("link", [f"global/instanceTemplates/{SEED}", f"{GLOBAL}/4001790000000000010"])
def test_group_that_refers_to_its_template_by_part_of_a_link_or_by_id_is_read(link: str) -> None:
    """The version of a group that has a partial link or a numeric id is a link of the template."""
    rig = rig_without_bake()
    document = rig.control("GET", f"{GLOBAL}/{SEED}")
    raw = {
        **rig.control("GET", GROUP),
        "versions": [{"instanceTemplate": link.replace("4001790000000000010", document["id"])}],
    }
    (version,) = parse_group(raw, []).versions
    assert version.link in links_of(document)


def test_global_template_of_the_same_name_is_not_taken_for_the_groups() -> None:
    """A deploy is refused if the group's template, of another project, only shares its name with a global template."""
    rig = rig_without_bake()
    copy_template(rig, SEED, ELSEWHERE)
    put_on_group(rig, f"{ELSEWHERE}/{SEED}")
    rig.emulator.environment.clock.move(600)
    before = rig.writes()
    with pytest.raises(RefusedError, match=f"its template '{ELSEWHERE}/{SEED}' is neither a global one of project"):
        rig.deploy("a")
    assert rig.observed().template == {}
    assert rig.writes() == before


@pytest.mark.parametrize("collection", [REGIONAL, ELSEWHERE])
def test_group_moved_to_a_template_of_the_same_name_during_a_rollout_supersedes_it(collection: str) -> None:
    """A rollout is superseded if the group moves to a template of the same name in another scope or project."""
    rig = rig_without_bake()
    name = rig.plan("a").target.template
    rig.deploy("a")
    rig.rollback()
    copy_template(rig, name, collection)
    planned = rig.plan("a")
    rig.runs -= 1  # the deploy below writes the same version name
    race = {"versions": [{"instanceTemplate": f"{collection}/{name}", "name": planned.target.name}]}
    inject_fault(
        rig,
        on="instanceGroupManagers.listManagedInstances",
        nth=[4],
        request={"verb": "PATCH", "path": GROUP, "body": race},
    )
    with pytest.raises(SupersededError):
        rig.deploy("a")
    (version,) = rig.observed().group.versions
    assert version == Version(f"{collection}/{name}", planned.target.name)


def test_instances_on_a_template_of_the_same_name_are_drift() -> None:
    """Instances on a regional template are drift although the group's global template has the same name."""
    rig = rig_without_bake()
    copy_template(rig, SEED, REGIONAL)
    put_on_group(rig, f"{REGIONAL}/{SEED}")
    rig.emulator.environment.clock.move(30)
    put_on_group(rig, f"{GLOBAL}/{SEED}")
    lines = drift(rig.config, rig.observed())
    assert [line for line in lines if line.endswith(f"still on '{REGIONAL}/{SEED}'")], lines


def release(name: str, number: int) -> Release:
    entry = ReleaseRecord(REPOSITORY, digest("a"), f"{GLOBAL}/{SEED}", "7", "zone/group")
    made = datetime(2026, 11, number, tzinfo=UTC)
    return Release(f"{GLOBAL}/{name}", f"{GLOBAL}/{number}", made, entry, is_proven=False)


def test_prune_keeps_what_is_referred_to_by_id_and_nothing_for_a_name_elsewhere() -> None:
    """A reference by id prevents pruning; a reference to the same name in another scope does not."""
    releases = [release(f"r{number}", number) for number in range(9, 0, -1)]
    referenced = frozenset({f"{GLOBAL}/3", f"{REGIONAL}/r2", f"{ELSEWHERE}/r1"})
    prunable = [candidate.template for candidate in prunable_releases(releases, referenced)]
    assert prunable == ["r1", "r2", "r4", "r5", "r6", "r7"]


def test_copy_that_carries_a_record_is_neither_restored_nor_pruned() -> None:
    """A manual copy of release A with another image, which keeps the record of A, is unmanaged."""
    rig = rig_without_bake()
    rig.deploy("a")
    document = rig.control("GET", f"{GLOBAL}/{rig.observed().group.versions[0].template}")
    properties = json.loads(json.dumps(document["properties"]).replace(digest("a"), digest("f")))
    rig.control("POST", GLOBAL, {"name": "alice-debug-box", "properties": properties})
    for letter in "bcdefa1234":
        rig.deploy(letter)
    assert "alice-debug-box" in rig.templates()
    assert rig.rollback(digest("a")).changed
    assert rig.serving() == ["a"] * 3
    assert "alice-debug-box" not in [row.template for row in release_rows(rig.config, rig.observed(), rig.now())]


def test_rollback_reports_the_digest_that_its_template_holds() -> None:
    """The digest of a rollback target is the digest in the content of the restored template."""
    rig = rig_without_bake()
    rig.deploy("a")
    rig.deploy("b")
    chosen = choose_rollback_target(rig.config, rig.observed(), rig.now(), digest("a"))
    assert chosen.reference.digest == digest("a")
    assert str(chosen.reference) in json.dumps(rig.control("GET", chosen.restored.link))
