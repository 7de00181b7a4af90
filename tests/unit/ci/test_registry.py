"""Destinations: what a person may type, and what is refused before anything is written."""

import pytest

from ci.errors import RefusedError
from ci.steps import registry
from ci.steps.local_volumes import LocalVolumes

ARTIFACT_REGISTRY = "asia-northeast3-docker.pkg.dev/some-project/dojangkok-ai"
IMAGE = f"{ARTIFACT_REGISTRY}/ai-server"

VOLUMES = LocalVolumes("project", "group")
EMBEDDED = "registry:5000/dojangkok-ai/ai-server"


def test_the_embedded_registry_is_known_by_its_host() -> None:
    where = registry.Destination(EMBEDDED, registry.tags("", latest=True), volumes=VOLUMES)
    assert where.is_embedded
    assert where.tags == ("dev-", "latest")


def test_commit_becomes_the_tag() -> None:
    where = registry.Destination(
        IMAGE, registry.tags("0123456789abcdef0123456789abcdef01234567", latest=False), volumes=VOLUMES
    )
    assert not where.is_embedded
    assert where.tags == ("0123456",)


@pytest.mark.parametrize("commit", ["HEAD", "012345", "0123456;rm", "0123456G", "ABCDEF0"])
def test_wrong_commit_is_refused(commit: str) -> None:
    with pytest.raises(RefusedError) as refused:
        registry.tags(commit, latest=True)
    assert str(refused.value) == (
        f"--commit: got '{commit}'. Fix: 7 to 40 lower-case hexadecimal digits, as 'git rev-parse HEAD' says"
    )


@pytest.mark.parametrize(
    "repository",
    [
        "dojangkok-ai", "host.test/a:tag", "host.test/a@sha256:0", "https://host.test/a", "host.test/A", "host.test",
        "team/app", ARTIFACT_REGISTRY, "asia-northeast3-docker.pkg.dev/some-project", "host.test/", "host.test//a",
    ],
)  # fmt: skip
def test_wrong_repository_is_refused(repository: str) -> None:
    with pytest.raises(RefusedError) as refused:
        registry.name(repository)
    assert str(refused.value) == (
        f"--repository: got '{repository}'. Fix: the image's full name without tag, HOST/PROJECT/REPOSITORY/IMAGE, "
        "such as asia-northeast3-docker.pkg.dev/PROJECT/dojangkok-ai/ai-server"
    )


@pytest.mark.parametrize("repository", [IMAGE, EMBEDDED, "gcr.io/project/image", "localhost/app", "host.test/app"])
def test_full_name_is_taken_as_it_is(repository: str) -> None:
    """The same value stands in environments/*.yaml, and goes to `python -m deploy`."""
    assert registry.name(repository) == repository


def test_stand_in_is_refused_outside() -> None:
    where = registry.Destination(IMAGE, (), volumes=VOLUMES)
    with pytest.raises(RefusedError) as refused:
        registry.refuse_stand_in(where, "python:3.10-slim", allowed=False)
    assert str(refused.value) == (
        f"the image is built on a stand-in of python:3.10-slim and not for {IMAGE}. "
        "Fix: build it where the official images can be pulled, or insist with --allow-stand-in"
    )


@pytest.mark.parametrize(
    ("name", "stand_in", "allowed"),
    [
        (EMBEDDED, "python:3.10-slim", False),
        (IMAGE, None, False),
        (IMAGE, "python:3.10-slim", True),
    ],
)
def test_the_rest_may_pass(name: str, stand_in: str | None, allowed: bool) -> None:
    registry.refuse_stand_in(registry.Destination(name, (), volumes=VOLUMES), stand_in, allowed=allowed)
