"""`prune --images --dry-run` against an emulator and a registry: what is listed, and what never is."""

import json

import httpx
import pytest

from deploy.image_listing import list_unused_images
from deploy.report.unused_images import unused_images_report
from tests.integration.deploy.faulty import rig_without_bake
from tests.integration.deploy.stored_images import (
    PROJECTS,
    ZONE,
    answering,
    delete_template,
    deploy,
    listing,
    one_by_one,
    session,
    store_with_latest,
    template,
    unused,
)
from tests.unit.deploy.values import CONFIG, REPOSITORY


def test_image_is_listed_once_no_template_refers_to_it() -> None:
    """Each release is in use as long as it has a template, also one that failed or that prune would delete."""
    rig, store = rig_without_bake(), store_with_latest()
    first, second, third = (store.push_image(name, name) for name in ("1", "2", "3"))
    assert unused(rig, store) == [first, second, third]
    old = deploy(rig, first)
    deploy(rig, second)
    assert unused(rig, store) == [third]
    delete_template(rig, old)
    assert unused(rig, store) == [first, third]


def test_sizes_tags_and_times_are_those_of_the_registry() -> None:
    """A listed image has its tags, its upload time, and the size of its layers with the bill of materials."""
    rig, store = rig_without_bake(), store_with_latest()
    image = store.push_image("old", "4f2a91c", "4f2a91c-0123456789ab", layers=[("base", 5_000_000), ("own", 70_000)])
    bill = store.push_bill(image)
    shown = listing(rig, store)
    [row] = shown.unused.images
    assert (row.digest, row.tags, row.manifests) == (image, ("4f2a91c", "4f2a91c-0123456789ab"), (image, bill))
    assert row.uploaded_at
    assert row.uploaded_at.isoformat() == "2026-11-01T00:00:00.000002+00:00"
    own_bytes = len(store.manifests[image]) + len(store.manifests[bill])
    assert row.size_bytes == 5_070_000 + 2 * 1_000 + 500 + own_bytes
    assert (shown.unused.size_bytes, shown.unused.freed_bytes, shown.unused.kept) == (row.size_bytes,) * 2 + (1,)
    assert (shown.projects, shown.has_upload_times) == (PROJECTS, True)


@pytest.mark.parametrize("key", ["startup-script", "user-data", "gce-container-declaration"])
def test_image_of_another_project_is_never_listed(key: str) -> None:
    """A template of another environment counts by a digest or a tag, in every metadata entry."""
    rig, store = rig_without_bake(), store_with_latest()
    by_digest, by_tag = store.push_image("1"), store.push_image("2", "v2")
    template(rig, "dojangkok-prod", "first", f"image: {REPOSITORY}@{by_digest}", key)
    template(rig, "dojangkok-prod", "second", f"image: {REPOSITORY}:v2", key)
    assert unused(rig, store) == []
    assert (
        list_unused_images(session(rig, store), CONFIG, PROJECTS[:1], one_by_one).unused.images[0].digest == by_digest
    )
    assert by_tag in store.manifests


def test_regional_template_of_any_region_counts() -> None:
    """A region that no group of the environment is in may have templates, too."""
    rig, store = rig_without_bake(), store_with_latest()
    image = store.push_image("1")
    items = [{"key": "startup-script", "value": f"docker run {REPOSITORY}@{image}"}]
    body = {"name": "far", "properties": {"machineType": "e2-medium", "metadata": {"items": items}}}
    made = rig.control("POST", "projects/dojangkok-dev/regions/europe-west1/instanceTemplates", body)
    assert "error" not in made, made
    assert unused(rig, store) == []


def test_metadata_of_an_instance_counts() -> None:
    """A person may have given an instance another image than its template has."""
    rig, store = rig_without_bake(), store_with_latest()
    image = store.push_image("1")
    name = rig.observed().group.instances[0].name
    instance = rig.control("GET", f"{ZONE}/instances/{name}")
    items = [{"key": "startup-script", "value": f"docker run {REPOSITORY}@{image}"}]
    body = {"fingerprint": instance["metadata"]["fingerprint"], "items": items}
    made = rig.control("POST", f"{ZONE}/instances/{name}/setMetadata", body)
    assert "error" not in made, made
    assert unused(rig, store) == []


def test_metadata_that_a_group_gives_its_instances_counts() -> None:
    """A group's own metadata hides the template's, and no template has it."""
    rig, store = rig_without_bake(), store_with_latest()
    image = store.push_image("1", "v1")
    config = {"allInstancesConfig": {"properties": {"metadata": {"image": f"{REPOSITORY}:v1"}}}}
    made = rig.control("PATCH", f"{ZONE}/instanceGroupManagers/{CONFIG.group}", config)
    assert "error" not in made, made
    assert unused(rig, store) == []
    assert image in store.manifests


@pytest.mark.parametrize("project", PROJECTS)
def test_project_wide_metadata_counts(project: str) -> None:
    """Every instance of a project reads it, and no document of a template, instance or group has it."""
    rig, store = rig_without_bake(), store_with_latest()
    store.push_image("1", "v1")
    by_digest = store.push_image("2")
    script = f"docker run {REPOSITORY}:v1 && docker run {REPOSITORY}@{by_digest}"
    items = [{"key": "startup-script", "value": script}]
    answer = {"name": project, "commonInstanceMetadata": {"fingerprint": "AAAAAAAAAAA=", "items": items}}
    own = answering(session(rig, store), rig, f"projects/{project}", httpx.Response(200, json=answer))
    assert len(unused(rig, store)) == 2
    assert list_unused_images(own, CONFIG, PROJECTS, one_by_one).unused.images == ()


def test_images_of_kept_releases_are_never_listed() -> None:
    """After as many releases as prune deletes some of, exactly the images without a template are listed."""
    rig, store = rig_without_bake(), store_with_latest()
    images = [store.push_image(str(number)) for number in range(8)]
    for image in images:
        deploy(rig, image)
    documents = rig.emulator.environment.view.collections["projects/dojangkok-dev/global/instanceTemplates"]
    held = json.dumps(list(documents.values()))
    assert unused(rig, store) == [image for image in images if image not in held]
    assert len(unused(rig, store)) < len(images)


def test_other_registry_is_read_by_its_tags() -> None:
    """A registry beside Artifact Registry lists tags alone, and the report says what that leaves out."""
    rig, store = rig_without_bake(), store_with_latest()
    image = store.push_image("1", "v1")
    store.push_image("untagged")
    config = CONFIG.model_copy(update={"registry_url": "http://registry:5000"})
    shown = listing(rig, store, config)
    assert [(row.digest, row.uploaded_at) for row in shown.unused.images] == [(image, None)]
    assert "not listed: images without a tag" in unused_images_report(config, shown, "text")
    assert not any("dockerImages" in target for _, target, _ in store.seen)


def test_used_index_without_a_tag_keeps_what_it_lists() -> None:
    """No list of tags has the index, but a template refers to it, and one of its images has a tag."""
    rig, store = rig_without_bake(), store_with_latest()
    child = store.push_image("child", "amd64")
    index = store.push_index([child])
    bill, unused_image = store.push_bill(index), store.push_image("1", "v1")
    template(rig, "dojangkok-prod", "indexed", f"docker run {REPOSITORY}@{index}")
    config = CONFIG.model_copy(update={"registry_url": "http://registry:5000"})
    assert [row.digest for row in listing(rig, store, config).unused.images] == [unused_image]
    assert bill in store.manifests


def test_registry_is_read_before_the_projects() -> None:
    """A release that is pushed and deployed meanwhile is either not listed, or its template is read after it."""
    rig, store = rig_without_bake(), store_with_latest()
    store.push_image("1", "v1")
    answer = store.answer

    def deploy_at_the_list(method: str, target: str, authorization: str = "") -> tuple[int, dict[str, str], bytes]:
        if "dockerImages" in target:
            template(rig, "dojangkok-prod", "late", f"docker run {REPOSITORY}:v1")
        return answer(method, target, authorization)

    store.answer = deploy_at_the_list  # type: ignore[method-assign]
    assert unused(rig, store) == []


def test_seed_of_this_repository_is_readable() -> None:
    """Nothing in the seed's project hides its image."""
    assert listing(rig_without_bake(), store_with_latest()).unsearched == ()
