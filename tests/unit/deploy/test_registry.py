"""Tags become digests, and an image that a registry does not hold is refused."""

from collections.abc import Callable

import httpx
import pytest

from deploy.errors import DeployError, NotAllowedError, RefusedError
from deploy.registry.client import Registry
from deploy.registry.http import Logins
from deploy.release import image
from deploy.retry import Time
from lib.image_reference import Reference
from tests.support.fake_registry import FakeRegistry, served
from tests.unit.deploy.values import REPOSITORY, digest

HOST = "https://asia-northeast3-docker.pkg.dev"


class Sleeps:
    """A clock that a sleep moves, and that records the length of each sleep."""

    def __init__(self) -> None:
        self.naps: list[float] = []

    def time(self) -> Time:
        return Time(lambda: sum(self.naps), self.naps.append)


def registry(fake: FakeRegistry, url: str = HOST, sleeps: Sleeps | None = None) -> Registry:
    return Registry(
        httpx.Client(transport=fake),
        url,
        Logins(lambda: {"authorization": "Bearer t"}),
        (sleeps or Sleeps()).time(),
        dice=lambda: 1.0,
    )


def test_tag_is_resolved_to_its_digest() -> None:
    """A tag is resolved to its digest by a single HEAD request with the token."""
    fake = FakeRegistry(token="t")
    resolved = registry(fake).resolve(image.parse(f"{REPOSITORY}:latest"))
    assert resolved == Reference(REPOSITORY, digest=digest("a"))
    assert fake.seen == [("HEAD", "/v2/dojangkok-dev/dojangkok-ai/ai-server/manifests/latest", "Bearer t")]


def test_digest_is_looked_up_and_goes_before_a_tag_beside_it() -> None:
    """A reference with a tag and a digest is looked up by its digest."""
    fake = FakeRegistry()
    assert registry(fake).resolve(Reference(REPOSITORY, "latest", digest("b"))).digest == digest("b")
    assert [path.rpartition("/")[2] for _, path, _ in fake.seen] == [digest("b")]


@pytest.mark.parametrize("new_registry", [FakeRegistry, lambda: FakeRegistry({})])
def test_registry_that_answers_accepts_the_login(new_registry: Callable[[], FakeRegistry]) -> None:
    """A registry accepts a login whether or not it holds an image of the repository yet."""
    fake = new_registry()
    registry(fake).check_access(REPOSITORY)
    assert [(method, login) for method, _, login in fake.seen] == [("HEAD", "Bearer t")]


@pytest.mark.parametrize("asked", ["v1", digest("a")])
def test_absent_image_is_named(asked: str) -> None:
    """The error for an absent image names the repository and the reference, and has exit code 3."""
    reference = Reference(REPOSITORY, digest=asked) if ":" in asked else Reference(REPOSITORY, asked)
    with pytest.raises(RefusedError) as error:
        registry(FakeRegistry({})).resolve(reference)
    assert str(error.value) == (
        f"registry {HOST}: '{REPOSITORY}' has no '{asked}'. Fix: push it first, or name another one."
    )
    assert error.value.exit_code == 3


@pytest.mark.parametrize("status", [401, 403])
def test_missing_permission_to_read_is_not_an_absent_image(status: int) -> None:
    """A 401 or 403 is an error about missing permission to read, not about an absent image."""
    with pytest.raises(NotAllowedError) as error:
        registry(FakeRegistry(faults=[status])).resolve(Reference(REPOSITORY, "latest"))
    assert f"'{REPOSITORY}': {status}, reading is not allowed. Fix: grant" in str(error.value)
    with pytest.raises(NotAllowedError, match=f"{status}, reading is not allowed"):
        registry(FakeRegistry(faults=[status])).check_access(REPOSITORY)
    assert error.value.exit_code == 4


def test_plain_http_is_sent_no_token() -> None:
    """A registry over plain HTTP receives no token."""
    fake = FakeRegistry()
    registry(fake, "http://registry:5000").resolve(Reference(REPOSITORY, "latest"))
    assert [authorization for _, _, authorization in fake.seen] == [""]


@pytest.mark.parametrize("fault", [408, 429, 500, 502, 503, 504, httpx.ConnectError("refused")], ids=str)
def test_transient_errors_of_a_registry_are_retried(fault: int | Exception) -> None:
    """A request with a transient status or a connection error is retried with growing waits."""
    fake, sleeps = FakeRegistry(faults=[fault, fault]), Sleeps()
    assert registry(fake, sleeps=sleeps).resolve(Reference(REPOSITORY, "latest")).digest == digest("a")
    assert (len(fake.seen), sleeps.naps) == (3, [1.0, 2.0])


def test_registry_that_never_answers_is_refused_within_its_budget() -> None:
    """A registry that always answers 503 is refused after 20 to 30 seconds of retries."""
    sleeps = Sleeps()
    with pytest.raises(RefusedError, match=r"be looked up: HEAD https://.*: 503\. Fix: try again, or correct"):
        registry(FakeRegistry(faults=[503] * 99), sleeps=sleeps).resolve(Reference(REPOSITORY, "latest"))
    assert 20 <= sum(sleeps.naps) <= 30


@pytest.mark.parametrize(
    ("named", "reference", "text"),
    [
        ("", Reference(REPOSITORY, "latest"), f"'{REPOSITORY}' has no 'latest'"),
        (digest("b"), Reference(REPOSITORY, digest=digest("a")), f"has the digest '{digest('b')}'"),
    ],
)
def test_missing_or_different_digest_is_refused(named: str, reference: Reference, text: str) -> None:
    """A manifest without a digest, or with another digest than the requested digest, is refused."""
    path = REPOSITORY.partition("/")[2]
    fake = FakeRegistry({f"{path}/latest": named, f"{path}/{digest('a')}": named})
    with pytest.raises(RefusedError, match=text):
        registry(fake).resolve(reference)


def test_other_answers_are_refused_with_their_status() -> None:
    """An unexpected status such as 410 is refused, and the error names the status."""
    with pytest.raises(RefusedError, match="answered 410"):
        registry(FakeRegistry(faults=[410])).resolve(Reference(REPOSITORY, "latest"))


@pytest.mark.parametrize("over_a_socket", [False, True])
def test_the_fake_answers_as_a_registry_does(over_a_socket: bool) -> None:
    """The fake gives the same answers in this process and over a socket: present, absent, and without a token."""
    fake = FakeRegistry(token="t")
    accept = {"accept": "application/vnd.oci.image.index.v1+json"}
    path = f"/v2/{REPOSITORY.partition('/')[2]}/manifests"

    def check(client: httpx.Client) -> None:
        bearer = {**accept, "authorization": "Bearer t"}
        held = client.head(f"{path}/latest", headers=bearer)
        assert (held.status_code, held.headers["docker-content-digest"], held.content) == (200, digest("a"), b"")
        assert client.head(f"{path}/absent", headers=bearer).status_code == 404
        assert client.head(f"{path}/latest", headers=accept).status_code == 401
        assert client.head(f"{path}/latest", headers={**bearer, "accept": "*/*"}).status_code == 404

    if over_a_socket:
        with served(fake) as url:
            check(httpx.Client(base_url=url, trust_env=False))
    else:
        check(httpx.Client(transport=fake, base_url=HOST))


def test_every_error_of_a_registry_has_a_fix() -> None:
    """Every error of a registry names a fix."""
    for faults in ([403], [302], [410], []):
        with pytest.raises(DeployError, match="Fix: "):
            registry(FakeRegistry({}, list(faults))).resolve(Reference(REPOSITORY, "latest"))


def test_sbom_is_found_by_the_tag_of_its_image() -> None:
    """The SBOM of an image is found under the tag that is derived from the image's digest."""
    path = REPOSITORY.partition("/")[2]
    fake = FakeRegistry({f"{path}/sha256-{digest('a')[7:]}.sbom": digest("b")})
    assert registry(fake).find_sbom(Reference(REPOSITORY, digest=digest("a"))) == digest("b")


@pytest.mark.parametrize("faults", [[], [403], [500] * 99, [httpx.ConnectError("refused")] * 99])
def test_sbom_that_cannot_be_read_is_empty(faults: list[int | Exception]) -> None:
    """An SBOM that cannot be read is empty, and refuses no plan."""
    assert registry(FakeRegistry(faults=faults)).find_sbom(Reference(REPOSITORY, digest=digest("a"))) == ""
