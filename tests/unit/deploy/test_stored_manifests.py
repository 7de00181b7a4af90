"""The manifests of a repository: by its tags, by Artifact Registry's list, and the children of indexes."""

import hashlib
import json
from typing import Any

import httpx
import pytest

from deploy.errors import CloudError, DeployError, NotAllowedError, RefusedError
from deploy.google_apis.client import GoogleApis
from deploy.google_apis.docker_images import list_docker_images
from deploy.registry.client import Registry
from deploy.registry.http import Logins
from deploy.registry.stored_manifests import ManifestReader
from deploy.release.artifact_registry import artifact_repository
from deploy.release.stored_image import ListedImage, StoredManifest
from deploy.retry import Time
from lib.image_reference import Reference
from tests.support.image_store import ImageStore
from tests.unit.deploy.values import REPOSITORY, digest

URL = "https://asia-northeast3-docker.pkg.dev"
PATH = "dojangkok-dev/dojangkok-ai/ai-server"


def clock() -> Time:
    """Return a clock that only sleeps move."""
    slept: list[float] = []
    return Time(lambda: sum(slept), slept.append)


def reader(store: httpx.BaseTransport, url: str = URL) -> ManifestReader:
    """Return the reader of a store's repository, with the Google token."""
    logins = Logins(lambda: {"authorization": "Bearer t"})
    registry = Registry(httpx.Client(transport=store), url, logins, clock(), dice=lambda: 1.0)
    return ManifestReader(registry, REPOSITORY, lambda reads: [read() for read in reads])


def images(store: httpx.BaseTransport, repository: str = REPOSITORY) -> list[ListedImage]:
    """Return the images that Artifact Registry's API lists."""
    apis = GoogleApis(httpx.Client(transport=store), lambda: {"authorization": "Bearer t"}, clock(), "", "https://rm.x")
    place = artifact_repository(repository)
    assert place
    return list_docker_images(apis, place, repository)


def by_digest(manifests: tuple[StoredManifest, ...]) -> dict[str, StoredManifest]:
    """Return manifests by digest, each of which occurs once."""
    mapped = {manifest.digest: manifest for manifest in manifests}
    assert len(mapped) == len(manifests)
    return mapped


def test_manifests_of_all_tags_are_read_with_their_children() -> None:
    """Each page of tags is read, and each manifest once; an index brings its children, which have no tags."""
    store = ImageStore(page_size=2)
    first = store.push_image("first", "v1", "latest", layers=[("base", 5_000)])
    child = store.push_image("child", layers=[("base", 5_000), ("own", 70)])
    index = store.push_index([child, digest("f")], "v2")
    bill = store.push_bill(first)
    store.push_image("untagged")
    manifests = by_digest(reader(store).read_tagged())
    assert manifests.keys() == {first, child, index, bill}
    assert (manifests[first].tags, manifests[child].tags) == (("latest", "v1"), ())
    assert manifests[index].children == (child, digest("f"))
    assert manifests[bill].attached_to == {first}
    assert manifests[first].uploaded_at is None
    sizes = sorted(manifests[child].blobs.values())
    assert sizes == sorted([70, 5_000, 1_000, len(store.manifests[child])])
    assert {login for _, _, login in store.seen} == {"Bearer t"}


def test_listed_images_have_upload_times_and_none_is_left_out_for_want_of_a_tag() -> None:
    """Artifact Registry lists each version, by pages; images of other names are left out."""
    store = ImageStore(page_size=2, others=[f"{REPOSITORY}-other@{digest('a')}", f"{REPOSITORY}/deeper@{digest('b')}"])
    tagged = store.push_image("tagged", "v1", "v0")
    untagged = store.push_image("untagged", subject=tagged)
    listed = images(store)
    assert [(row.digest, row.tags) for row in listed] == [(tagged, ("v0", "v1")), (untagged, ())]
    assert listed[0].uploaded_at
    assert listed[1].uploaded_at
    assert listed[0].uploaded_at < listed[1].uploaded_at
    manifests = by_digest(reader(store).read_listed(listed))
    assert manifests[untagged].attached_to == {tagged}
    assert manifests[tagged].uploaded_at == listed[0].uploaded_at
    lists = [target for _, target, _ in store.seen if "dockerImages" in target]
    base = "/v1/projects/dojangkok-dev/locations/asia-northeast3/repositories/dojangkok-ai/dockerImages?pageSize=1000"
    assert lists == [base, f"{base}&pageToken=2"]


def test_names_with_a_slash_may_be_encoded() -> None:
    """The list of a nested image counts, however its URI writes the slash."""
    nested = "asia-northeast3-docker.pkg.dev/p/r/group/app"
    encoded = f"asia-northeast3-docker.pkg.dev/p/r/group%2Fapp@{digest('a')}"
    store = ImageStore(repository=nested, others=[encoded])
    assert [row.digest for row in images(store, nested)] == [digest("a")]


def answering(*answers: httpx.Response) -> httpx.MockTransport:
    """Return a transport with these answers, one after the other, the last one for ever."""
    left = list(answers)
    return httpx.MockTransport(lambda _: left.pop(0) if len(left) > 1 else left[0])


def test_list_that_never_ends_is_an_error() -> None:
    """An incomplete list would show an image as unused that belongs to a used one."""
    page = {"dockerImages": [], "nextPageToken": "again"}
    with pytest.raises(CloudError, match=r"GET artifactregistry projects/.*/dockerImages: the list never ends"):
        images(answering(httpx.Response(200, json=page)))
    tags = httpx.Response(200, json={"tags": ["v1"]}, headers={"link": f'</v2/{PATH}/tags/list?last=v1>; rel="next"'})
    with pytest.raises(RefusedError, match=f"registry {URL}: '{REPOSITORY}': the list of tags never ends"):
        reader(answering(tags)).read_tagged()


def test_denied_list_is_an_error() -> None:
    """Neither list is shorter for a login that may not read it."""
    store = ImageStore(statuses={f"/v2/{PATH}/tags/list": 403})
    store.push_image("a", "v1")
    with pytest.raises(NotAllowedError, match=r"403, reading is not allowed\. Fix: grant the deployer's account"):
        reader(store).read_tagged()
    place = "/v1/projects/dojangkok-dev/locations/asia-northeast3/repositories/dojangkok-ai/dockerImages"
    with pytest.raises(NotAllowedError, match="GET artifactregistry"):
        images(ImageStore(statuses={place: 403}))


def test_second_page_that_is_absent_is_an_error() -> None:
    """Only a repository without images may answer 404, and no later page of one that has some."""
    first = httpx.Response(200, json={"tags": ["v1"]}, headers={"link": f'</v2/{PATH}/tags/list?last=v1>; rel="next"'})
    with pytest.raises(RefusedError, match="has no 'tags/list'"):
        reader(answering(first, httpx.Response(404))).read_tagged()
    assert reader(answering(httpx.Response(404))).read_tagged() == ()


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("https://elsewhere.example/v2/tags", "it is on another host"),
        ("http://asia-northeast3-docker.pkg.dev/v2/tags", "it is another host over plain HTTP"),
        ("https://user:word@asia-northeast3-docker.pkg.dev/v2/", "it has a user or a fragment"),
    ],
)
def test_next_page_on_another_host_is_not_read(link: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token of this registry goes to no other host."""
    monkeypatch.setattr("deploy.registry.hosts.look_up_addresses", lambda _: [])
    answer = httpx.Response(200, json={"tags": ["v1"]}, headers={"link": f'<{link}>; rel="next"'})
    with pytest.raises(RefusedError, match=rf"the page of tags at '.*' is not read: {reason}"):
        reader(answering(answer)).read_tagged()


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"tags": 3}', b'{"tags": ["/"]}', b'{"tags": [1]}'])
def test_answer_that_is_no_list_of_tags_is_refused(body: bytes) -> None:
    """A login page has the status 200, too."""
    with pytest.raises(RefusedError, match=f"registry {URL}: '{REPOSITORY}': the answer is not a list of tags"):
        reader(answering(httpx.Response(200, content=body))).read_tagged()


def test_repository_without_tags_has_an_empty_list() -> None:
    """docker-registry answers null after the last tag was deleted."""
    assert reader(answering(httpx.Response(200, json={"tags": None}))).read_tagged() == ()


def test_manifest_that_was_listed_and_is_absent_ends_the_reading() -> None:
    """What an absent index lists would look unused."""
    store = ImageStore(statuses={f"/v2/{PATH}/manifests/v1": 404})
    store.push_image("a", "v1")
    with pytest.raises(RefusedError) as caught:
        reader(store).read_tagged()
    assert str(caught.value) == (
        f"registry {URL}: '{REPOSITORY}:v1' was listed, and is absent. No image is listed. Fix: try again."
    )


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"config": {"digest": "x", "size": 1}}, r"config\.digest: String should match pattern"),
        ({"layers": [{"digest": "sha256:00", "size": -1}]}, r"layers\.0\.size: Input should be greater than"),
        ({"manifests": {}}, "manifests: Input should be a valid array"),
    ],
)
def test_manifest_of_another_form_ends_the_reading(document: dict[str, Any], reason: str) -> None:
    """The manifest does not show what belongs to it."""
    store = ImageStore()
    name = store.push(document)
    with pytest.raises(RefusedError, match=rf"'{REPOSITORY}@{name}': the manifest has another form: {reason}"):
        reader(store).read_listed([ListedImage(name, (), None)])


def test_manifest_with_another_digest_is_refused() -> None:
    """A proxy may answer with another document."""
    body = json.dumps({"schemaVersion": 2, "config": {}}).encode()
    served = f"sha256:{hashlib.sha256(body).hexdigest()}"
    with pytest.raises(DeployError, match=f"has the digest '{served}' there"):
        reader(answering(httpx.Response(200, content=body))).read_listed([ListedImage(digest("a"), (), None)])


def test_reads_of_a_registry_with_a_login_of_its_own() -> None:
    """A challenge of the list of tags is answered as one of a manifest."""
    challenge = httpx.Response(401, headers={"www-authenticate": 'Basic realm="x"'})
    registry = Registry(httpx.Client(transport=answering(challenge)), "https://ghcr.example", Logins(), clock())
    with pytest.raises(NotAllowedError, match=r"requires a login at https://ghcr\.example"):
        registry.list_tags("ghcr.example/team/app")


def test_absent_manifest_is_none() -> None:
    """An index may list images that are not in its registry."""
    assert reader(ImageStore()).registry.read_manifest(Reference(REPOSITORY, digest=digest("a"))) is None
