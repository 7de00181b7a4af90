"""`prune --images --dry-run` where something cannot be read: nothing is listed, not fewer images."""

from dataclasses import replace

import httpx
import pytest

from deploy.errors import DeployError, NotAllowedError, RefusedError
from deploy.image_listing import list_unused_images
from tests.integration.deploy.faulty import rig_without_bake
from tests.integration.deploy.rig import Rig
from tests.integration.deploy.stored_images import (
    PROJECTS,
    answering,
    listing,
    one_by_one,
    session,
    store_with_latest,
    template,
)
from tests.support.image_store import ImageStore
from tests.unit.deploy.values import CONFIG, REPOSITORY


def denied(rig: Rig, permission: str) -> None:
    """Deny a permission to every client."""
    rig.control("PUT", "emulator/permissions", {"denied": [permission], "disabled_apis": []})


@pytest.mark.parametrize(
    "permission",
    [
        "compute.instanceTemplates.list",
        "compute.instances.list",
        "compute.instanceGroupManagers.list",
        "compute.projects.get",
    ],
)
def test_project_that_may_not_be_read_ends_the_listing(permission: str) -> None:
    """The error names the project, the permission and the fix, and no image is listed."""
    rig, store = rig_without_bake(), store_with_latest()
    store.push_image("1")
    denied(rig, permission)
    with pytest.raises(NotAllowedError) as caught:
        listing(rig, store)
    text = str(caught.value)
    assert text.startswith("GET dojangkok-dev/" + "aggregated/" * permission.endswith(".list"))
    assert f"Required '{permission}' permission" in text
    assert text.endswith(
        ". No image is listed: project 'dojangkok-dev' may use any. Fix: grant this account"
        " compute.instanceGroupManagers.list, compute.instanceTemplates.list, compute.instances.list,"
        " compute.projects.get on project 'dojangkok-dev', or use another account."
    )


@pytest.mark.parametrize(
    ("path", "answer", "text"),
    [
        (
            "dojangkok-prod/aggregated/instances",
            httpx.Response(404, json={"error": {"message": "The resource 'projects/dojangkok-prod' was not shown"}}),
            "was not shown. No image is listed: project 'dojangkok-prod' may use any. Fix: correct `project` in the",
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
            "projects/dojangkok-prod",
            httpx.Response(200, json={"name": "dojangkok-prod"}),
            "commonInstanceMetadata: Field required. No image is listed: project 'dojangkok-prod' may use any.",
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
    own = answering(session(rig, store), rig, path, answer)
    with pytest.raises(RefusedError) as caught:
        list_unused_images(own, CONFIG, PROJECTS, one_by_one)
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
