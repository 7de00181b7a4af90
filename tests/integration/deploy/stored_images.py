"""A group of the emulator, a registry with images, and the list of those that nothing refers to."""

from datetime import UTC, datetime
from typing import Any

import httpx

from deploy.config import Config
from deploy.google_apis.client import GoogleApis
from deploy.image_listing import list_unused_images
from deploy.registry.client import Registry
from deploy.registry.http import Logins
from deploy.report.unused_images import ImageListing
from deploy.rollout.deploy_plan import DeployRequest, plan_deploy
from deploy.session import Session
from emulator.inprocess import Transport
from lib.image_reference import Reference
from tests.integration.deploy.rig import Rig
from tests.support.image_store import ImageStore
from tests.unit.deploy.values import CONFIG, REPOSITORY

PROJECTS = ("dojangkok-dev", "dojangkok-prod")
ZONE = "projects/dojangkok-dev/zones/asia-northeast3-a"


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
        managed=rig.managed(compute), open_registry=lambda: registry, client=google, resource_manager_url="http://emulator",
        headers=dict, account="", member="", apis=apis,
    )  # fmt: skip


class _Answers(Transport):
    """An emulator whose answers about one path are replaced."""

    def __init__(self, rig: Rig, path: str, answer: httpx.Response) -> None:
        super().__init__(rig.emulator)
        self.path, self.replaced = path, answer

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(self.path):
            return httpx.Response(self.replaced.status_code, content=self.replaced.content, request=request)
        return super().handle_request(request)


def answering(own: Session, rig: Rig, path: str, answer: httpx.Response) -> Session:
    """Return the session, whose requests for paths with this end get an answer."""
    own.managed.compute._client = httpx.Client(transport=_Answers(rig, path, answer))
    return own


def listing(rig: Rig, store: ImageStore, config: Config = CONFIG) -> ImageListing:
    """Return the images of the store that nothing in dev or prod refers to."""
    return list_unused_images(session(rig, store, config), config, PROJECTS, one_by_one)


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
