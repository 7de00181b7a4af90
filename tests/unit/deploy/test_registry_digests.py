"""Proofs that a registry holds an image, and redirects that are followed; real hosts over TLS."""

import hashlib
import json
from pathlib import Path

import pytest

from deploy.errors import DeployError, NotAllowedError, RefusedError
from tests.support.web_hosts import Asked, Reply
from tests.unit.deploy.registries_over_tls import GOOGLE, HELD, USER, Host, file, rig, wants
from tests.unit.deploy.registries_over_tls import certificate as certificate_in
from tests.unit.deploy.values import digest

IMAGE = "registry.example/a/b"
MANIFEST = json.dumps({"schemaVersion": 2, "config": {"digest": digest("c")}, "layers": []}).encode()
DIGEST = f"sha256:{hashlib.sha256(MANIFEST).hexdigest()}"
PAGE = b"<html>log in</html>"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate_in(tmp_path_factory.mktemp("tls"))


def answers(head: Reply, get: Reply) -> Host:
    return lambda asked: head if asked.method == "HEAD" else get


def redirects(location: str, status: int = 307) -> Host:
    return lambda _: Reply(status, {"location": location})


@pytest.mark.parametrize("reference", ["1", DIGEST])
@pytest.mark.parametrize(
    "head", [Reply(200), Reply(200, {"docker-content-digest": "sha512:1"}), Reply(405), Reply(501)], ids=range(4)
)
def test_without_a_digest_by_head_the_manifest_proves_it(head: Reply, reference: str, certificate: Path) -> None:
    """If the answer to HEAD has no valid digest, the client hashes the manifest that GET returns."""
    with rig(certificate, registry_example=answers(head, Reply(body=MANIFEST))) as client:
        assert client.resolve(IMAGE, reference=reference).digest == DIGEST
    assert [asked.method for asked in client.hosts.requests] == ["HEAD", "GET"]


@pytest.mark.parametrize("reference", ["1", digest("a")])
@pytest.mark.parametrize(
    "body", [b"", PAGE, b"null", b"[" * 90_000, b'{"schemaVersion": 1, "config": {}}', b'{"schemaVersion": 2}'],
    ids=range(6),
)  # fmt: skip
def test_a_host_that_answers_200_to_everything_holds_nothing(body: bytes, reference: str, certificate: Path) -> None:
    """A host that answers 200 without a manifest is refused."""
    with rig(certificate, registry_example=lambda _: Reply(body=body)) as client, pytest.raises(RefusedError) as error:
        client.resolve(IMAGE, reference=reference)
    assert "Fix: " in str(error.value)


def test_a_manifest_that_has_another_digest_than_its_header_is_named_with_both(certificate: Path) -> None:
    """A manifest with another digest than its header is refused, and the error names both digests."""
    get = Reply(200, {"docker-content-digest": digest("b")}, MANIFEST)
    with rig(certificate, registry_example=answers(Reply(405), get)) as client, pytest.raises(RefusedError) as error:
        client.resolve(IMAGE)
    assert f"the header Docker-Content-Digest is '{digest('b')}', but the manifest has the digest '{DIGEST}'" in str(
        error.value
    )


def test_a_manifest_without_end_is_given_up(certificate: Path) -> None:
    """A manifest of more than 4 MiB is refused."""
    get = Reply(body=b" " * (4 * 2**20 + 1))
    too_large = pytest.raises(RefusedError, match=r"the answer to GET .* is larger than 4 MiB")
    with rig(certificate, registry_example=answers(Reply(405), get)) as client, too_large:
        client.resolve(IMAGE)


@pytest.mark.parametrize("status", [404, 401, 403, 500])
def test_a_manifest_that_get_does_not_give_is_not_held(status: int, certificate: Path) -> None:
    """An image whose manifest GET does not return is an error, although HEAD answers 200."""
    with rig(certificate, registry_example=answers(Reply(200), Reply(status))) as client, pytest.raises(DeployError):
        client.resolve(IMAGE, reference=DIGEST)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_within_the_registry_keeps_the_login(status: int, certificate: Path) -> None:
    """A redirect within the registry keeps the login."""

    def registry(asked: Asked) -> Reply:
        return HELD if asked.path == "/moved" else Reply(status, {"location": "/moved"})

    with rig(certificate, **{"a.pkg.dev": registry}) as client:
        assert client.resolve("a.pkg.dev/a/b").digest == digest("a")
    assert [(asked.path, asked.authorization) for asked in client.hosts.requests] == [
        ("/v2/a/b/manifests/1", GOOGLE),
        ("/moved", GOOGLE),
    ]


def test_a_redirect_to_another_host_carries_no_login(certificate: Path, tmp_path: Path) -> None:
    """A redirect to another host carries neither token nor login, nor does a redirect from there to the registry."""
    credentials = file(tmp_path, {"registry.example": {"auth": USER.removeprefix("Basic ")}})
    for host, login, known in (("a.pkg.dev", GOOGLE, None), ("registry.example", USER, credentials)):

        def registry(asked: Asked, host: str = host, login: str = login) -> Reply:
            if asked.path == "/back":
                return HELD
            away = Reply(307, {"location": "https://cdn.example/blob?signature=x%2Fy"})
            return wants(login, "Basic", away)(asked)

        hosts = {host: registry, "cdn.example": redirects(f"https://{host}/back")}
        with rig(certificate, **hosts) as client:
            assert client.resolve(f"{host}/a/b", known).digest == digest("a")
        assert client.hosts.authorizations(host) == {login}
        assert [(asked.host, asked.authorization) for asked in client.hosts.requests][-2:] == [
            ("cdn.example", ""),
            (host, ""),
        ]


def test_a_host_that_signs_its_addresses_for_get_is_asked_by_get(certificate: Path) -> None:
    """If the target of a redirect refuses HEAD, the client reads the manifest with GET."""
    hosts = {
        "registry_example": redirects("https://cdn.example/blob"),
        "cdn_example": answers(Reply(403), Reply(body=MANIFEST)),
    }
    with rig(certificate, **hosts) as client:
        assert client.resolve(IMAGE).digest == DIGEST


def test_a_host_that_is_redirected_to_gets_no_login_when_it_asks_for_one(certificate: Path, tmp_path: Path) -> None:
    """The target host of a redirect receives no login, although the host requests a login."""
    credentials = file(
        tmp_path, {name: {"auth": USER.removeprefix("Basic ")} for name in ("registry.example", "evil.example")}
    )
    hosts = {"registry_example": redirects("https://evil.example/x"), "evil_example": wants(USER, "Basic")}
    with rig(certificate, **hosts) as client, pytest.raises(NotAllowedError):
        client.resolve(IMAGE, credentials)
    assert {asked.authorization for asked in client.hosts.requests} == {""}


@pytest.mark.parametrize(
    "location",
    [
        "http://registry.example/x", "http://cdn.example/x", "https://127.0.0.1/x", "https://localhost/x", "https://10.0.0.1/",
        "https://[::1]/x", "https://169.254.169.254/x", "https://metadata/x", "https://cdn.private.example/x",
        "https://alice:x@cdn.example/x", "https://cdn.example\\@127.0.0.1/x", "//127.0.0.1/x", "file:///etc/passwd", "",
        "https://2130706433/x", "https://127.1/x", "https://0x7f.0.0.1/x", "https://a.0177/x", "https://a%2eb/x",
        "https://[::ffff:127.0.0.1]/x", "https://[::127.0.0.1]/x", "https://[64:ff9b::a00:1]/x",
    ],
)  # fmt: skip
@pytest.mark.parametrize("host", ["registry.example", "a.pkg.dev"])
def test_a_redirect_that_is_not_followed(host: str, location: str, certificate: Path) -> None:
    """A redirect to plain HTTP, a local or private address, or a malformed URL is not followed."""
    not_followed = pytest.raises(RefusedError, match=r"a redirect to .* is not followed: it ")
    with rig(certificate, **{host: redirects(location)}) as client, not_followed:
        client.resolve(f"{host}/a/b")
    assert [asked.host for asked in client.hosts.requests] == [host]


def test_a_registry_of_a_private_network_may_redirect_within_it(certificate: Path) -> None:
    """A registry of a private network may redirect to another host of the same network."""
    hosts = {"hub_private_example": redirects("https://cdn.private.example/x"), "cdn_private_example": lambda _: HELD}
    with rig(certificate, **hosts) as client:
        assert client.resolve("hub.private.example/a/b").digest == digest("a")


@pytest.mark.parametrize(("redirected", "is_followed"), [(5, True), (6, False)])
def test_at_most_five_redirects_are_followed(redirected: int, is_followed: bool, certificate: Path) -> None:
    """The client follows five redirects, and refuses the sixth redirect."""

    def registry(asked: Asked) -> Reply:
        step = int(asked.path.rpartition("/")[2])
        return HELD if step == redirected else Reply(302, {"location": f"/{step + 1}"})

    with rig(certificate, registry_example=registry) as registries:
        if is_followed:
            assert registries.resolve(IMAGE, reference="0").digest == digest("a")
        else:
            with pytest.raises(RefusedError, match="more than 5 redirects"):
                registries.resolve(IMAGE, reference="0")
    assert len(registries.hosts.requests) == 6
