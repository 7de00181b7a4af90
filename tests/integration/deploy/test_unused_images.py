"""`prune --images --dry-run` against an emulator and a registry: what is listed, what never is, and what ends it."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from deploy.config import Config
from deploy.errors import DeployError, NotAllowedError, RefusedError
from deploy.google_apis.client import GoogleApis
from deploy.image_listing import list_unused_images
from deploy.registry.client import Registry
from deploy.registry.http import Logins
from deploy.report.unused_images import ImageListing, unused_images_report
from deploy.rollout.deploy_plan import DeployRequest, plan_deploy
from deploy.session import Session
from emulator.inprocess import Transport
from lib.image_reference import Reference
from tests.integration.deploy.faulty import rig_without_bake
from tests.integration.deploy.rig import Rig
from tests.support.image_store import ImageStore
from tests.unit.deploy.values import CONFIG, REPOSITORY

_PROJECTS = ("dojangkok-dev", "dojangkok-prod")
_ZONE = "projects/dojangkok-dev/zones/asia-northeast3-a"


def one_by_one(reads: Any) -> list[Any]:
    """Make reads one after the other: the emulator in this process takes one request at a time."""
    return [read() for read in reads]


def session(rig: Rig, store: ImageStore, config: Config = CONFIG) -> Session:
    """Return a session whose Compute Engine is the emulator, and whose registry is the store."""
    compute = rig.compute()
    google = httpx.Client(transport=Transport(rig.emulator))
    registry_client = httpx.Client(transport=store)
    registry = Registry(registry_client, config.registry, Logins(), compute.time, dice=lambda: 0.5)
    apis = GoogleApis(registry_client, dict, compute.time, "", "https://rm.example")
    return Session(
        managed=rig.managed(compute), registry=registry, client=google, resource_manager_url="http://emulator",
        headers=dict, account="", member="", apis=apis,
    )  # fmt: skip


def listing(rig: Rig, store: ImageStore, config: Config = CONFIG) -> ImageListing:
    """Return the images of the store that nothing in dev or prod refers to."""
    return list_unused_images(session(rig, store, config), config, _PROJECTS, one_by_one)


def unused(rig: Rig, store: ImageStore) -> list[str]:
    """Return the digests of the unused images."""
    return [image.digest for image in listing(rig, store).unused.images]


def deploy(rig: Rig, digest: str) -> str:
    """Deploy an image, and return the template that the group has after it."""
    now = datetime.fromtimestamp(rig.emulator.environment.clock.now_s(), UTC)
    request = DeployRequest(reference=Reference(REPOSITORY, digest=digest), run="run", now=now)
    rig.perform(plan_deploy(rig.config, request, rig.observed()))
    return rig.observed().group.versions[0].template


def template(rig: Rig, project: str, name: str, text: str, key: str = "startup-script") -> None:
    """Create a template with one metadata entry in a project."""
    properties = {"machineType": "e2-medium", "metadata": {"items": [{"key": key, "value": text}]}}
    made = rig.control("POST", f"projects/{project}/global/instanceTemplates", {"name": name, "properties": properties})
    assert "error" not in made, made


def delete_template(rig: Rig, name: str) -> None:
    """Delete a template."""
    made = rig.control("DELETE", f"projects/dojangkok-dev/global/instanceTemplates/{name}")
    assert "error" not in made, made


def store_with_latest() -> ImageStore:
    """Return a store with the image of the seed's template, by its tag."""
    store = ImageStore()
    store.push_bill(store.push_image("seed", "latest"))
    return store


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
    found = listing(rig, store)
    [row] = found.unused.images
    assert (row.digest, row.tags, row.manifests) == (image, ("4f2a91c", "4f2a91c-0123456789ab"), (image, bill))
    assert row.uploaded_at
    assert row.uploaded_at.isoformat() == "2026-11-01T00:00:00.000002+00:00"
    own_bytes = len(store.manifests[image]) + len(store.manifests[bill])
    assert row.size_bytes == 5_070_000 + 2 * 1_000 + 500 + own_bytes
    assert (found.unused.size_bytes, found.unused.freed_bytes, found.unused.kept) == (row.size_bytes,) * 2 + (1,)
    assert (found.projects, found.has_upload_times) == (_PROJECTS, True)


@pytest.mark.parametrize("key", ["startup-script", "user-data", "gce-container-declaration"])
def test_image_of_another_project_is_never_listed(key: str) -> None:
    """A template of another environment counts by a digest or a tag, in whichever entry it stands."""
    rig, store = rig_without_bake(), store_with_latest()
    by_digest, by_tag = store.push_image("1"), store.push_image("2", "v2")
    template(rig, "dojangkok-prod", "first", f"image: {REPOSITORY}@{by_digest}", key)
    template(rig, "dojangkok-prod", "second", f"image: {REPOSITORY}:v2", key)
    assert unused(rig, store) == []
    assert (
        list_unused_images(session(rig, store), CONFIG, _PROJECTS[:1], one_by_one).unused.images[0].digest == by_digest
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
    instance = rig.control("GET", f"{_ZONE}/instances/{name}")
    items = [{"key": "startup-script", "value": f"docker run {REPOSITORY}@{image}"}]
    body = {"fingerprint": instance["metadata"]["fingerprint"], "items": items}
    made = rig.control("POST", f"{_ZONE}/instances/{name}/setMetadata", body)
    assert "error" not in made, made
    assert unused(rig, store) == []


def test_metadata_that_a_group_gives_its_instances_counts() -> None:
    """A group's own metadata hides the template's, and no template has it."""
    rig, store = rig_without_bake(), store_with_latest()
    image = store.push_image("1", "v1")
    config = {"allInstancesConfig": {"properties": {"metadata": {"image": f"{REPOSITORY}:v1"}}}}
    made = rig.control("PATCH", f"{_ZONE}/instanceGroupManagers/{CONFIG.group}", config)
    assert "error" not in made, made
    assert unused(rig, store) == []
    assert image in store.manifests


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


def denied(rig: Rig, permission: str) -> None:
    """Deny a permission to every client."""
    rig.control("PUT", "emulator/permissions", {"denied": [permission], "disabled_apis": []})


@pytest.mark.parametrize(
    "permission", ["compute.instanceTemplates.list", "compute.instances.list", "compute.instanceGroupManagers.list"]
)
def test_project_that_may_not_be_read_ends_the_listing(permission: str) -> None:
    """The error names the project, the permission and the fix, and no image is listed."""
    rig, store = rig_without_bake(), store_with_latest()
    store.push_image("1")
    denied(rig, permission)
    with pytest.raises(NotAllowedError) as caught:
        listing(rig, store)
    text = str(caught.value)
    assert text.startswith("GET dojangkok-dev/aggregated/")
    assert f"Required '{permission}' permission" in text
    assert text.endswith(
        ". No image is listed: project 'dojangkok-dev' may use any. Fix: grant this account"
        " compute.instanceGroupManagers.list, compute.instanceTemplates.list, compute.instances.list on project"
        " 'dojangkok-dev', or use another account."
    )


class Answers(Transport):
    """An emulator whose answers about one project are replaced."""

    def __init__(self, rig: Rig, path: str, answer: httpx.Response) -> None:
        super().__init__(rig.emulator)
        self.path, self.replaced = path, answer

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(self.path):
            return httpx.Response(self.replaced.status_code, content=self.replaced.content, request=request)
        return super().handle_request(request)


@pytest.mark.parametrize(
    ("path", "answer", "text"),
    [
        (
            "dojangkok-prod/aggregated/instances",
            httpx.Response(404, json={"error": {"message": "The resource 'projects/dojangkok-prod' was not found"}}),
            "was not found. No image is listed: project 'dojangkok-prod' may use any. Fix: correct `project` in the",
        ),
        (
            "dojangkok-prod/aggregated/instanceTemplates",
            httpx.Response(503),
            "503 . No image is listed: project 'dojangkok-prod' may use any. Fix: try again.",
        ),
        (
            "dojangkok-dev/aggregated/instances",
            httpx.Response(200, json={"items": {"zones/z": {"warning": {"code": "UNREACHABLE"}}}}),
            "rows are missing: zones/z (UNREACHABLE). No image is listed: project 'dojangkok-dev' may use any.",
        ),
        (
            "dojangkok-dev/aggregated/instances",
            httpx.Response(200, json={"items": {}, "unreachables": ["zones/z"]}),
            "rows are missing: zones/z (unreachable). No image is listed",
        ),
        (
            "dojangkok-dev/aggregated/instanceGroupManagers",
            httpx.Response(200, json={"items": {"zones/z": {"warning": {"code": "NO_RESULTS_ON_PAGE"}}}}),
            "group 'dojangkok-dev-ai-server-mig': is not in the list of groups of project 'dojangkok-dev', so that",
        ),
        (
            "dojangkok-prod/aggregated/instanceTemplates",
            httpx.Response(200, json={"items": {}, "nextPageToken": "again"}),
            "the same nextPageToken again. No image is listed",
        ),
    ],
)
def test_answer_that_is_not_complete_ends_the_listing(path: str, answer: httpx.Response, text: str) -> None:
    """An absent project, an unreachable zone, a list without the group: nothing is listed, not fewer images."""
    rig, store = rig_without_bake(), store_with_latest()
    store.push_image("1")
    own = session(rig, store)
    compute = own.managed.compute
    compute._client = httpx.Client(transport=Answers(rig, path, answer))
    with pytest.raises(RefusedError) as caught:
        list_unused_images(own, CONFIG, _PROJECTS, one_by_one)
    assert text in str(caught.value)


def test_text_that_hides_its_image_ends_the_listing() -> None:
    """A template of another project that mentions the image by a variable may use each of them."""
    rig, store = rig_without_bake(), store_with_latest()
    store.push_image("1")
    template(rig, "dojangkok-prod", "hidden", f"#!/bin/sh\ndocker run {REPOSITORY}:$TAG\n")
    with pytest.raises(RefusedError, match=r"template 'hidden' of project 'dojangkok-prod': 'startup-script' line 2"):
        listing(rig, store)


def test_registry_that_may_not_be_read_ends_the_listing() -> None:
    """Without the list of images, or one manifest, nothing is listed; the fix of the first names the role."""
    rig, store = rig_without_bake(), store_with_latest()
    place = "/v1/projects/dojangkok-dev/locations/asia-northeast3/repositories/dojangkok-ai/dockerImages"
    with pytest.raises(NotAllowedError) as caught:
        listing(rig, replace(store, statuses={place: 403}))
    assert str(caught.value).endswith(
        "Fix: grant this account artifactregistry.dockerimages.list on 'dojangkok-ai', which"
        " roles/artifactregistry.reader has."
    )
    manifest = f"/v2/{store.path}/manifests/{store.tags['latest']}"
    for status in (403, 404, 500):
        with pytest.raises(DeployError):
            listing(rig, replace(store, statuses={manifest: status}))


def test_repository_without_images_is_refused() -> None:
    """A wrong name of the repository would otherwise read as a registry without unused images."""
    with pytest.raises(RefusedError) as caught:
        listing(rig_without_bake(), ImageStore())
    assert str(caught.value) == (
        f"registry https://asia-northeast3-docker.pkg.dev: '{REPOSITORY}' has no image. Fix: push one, or correct"
        " `repository` in the environment file."
    )


def test_other_registry_is_read_by_its_tags() -> None:
    """A registry beside Artifact Registry lists tags alone, and the report says what that leaves out."""
    rig, store = rig_without_bake(), store_with_latest()
    image = store.push_image("1", "v1")
    store.push_image("untagged")
    config = CONFIG.model_copy(update={"registry_url": "http://registry:5000"})
    found = listing(rig, store, config)
    assert [(row.digest, row.uploaded_at) for row in found.unused.images] == [(image, None)]
    assert "not listed: images without a tag" in unused_images_report(config, found, "text")
    assert not any("dockerImages" in target for _, target, _ in store.seen)


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
