"""Logins that a registry receives: recorded requests of real hosts over TLS."""

from pathlib import Path

import pytest

from deploy.errors import DeployError, NotAllowedError, RefusedError
from deploy.registry.hosts import takes_google_token
from tests.support.web_hosts import Asked, Reply
from tests.unit.deploy.registries_over_tls import GOOGLE, USER, Host, file, gives, rig, wants
from tests.unit.deploy.registries_over_tls import certificate as certificate_in
from tests.unit.deploy.values import digest


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate_in(tmp_path_factory.mktemp("tls"))


BEARER = 'Bearer realm="https://auth.example/token?client=x",service="registry.example",scope="repository:a/b:pull"'


@pytest.mark.parametrize("host", ["asia-northeast3-docker.pkg.dev", "gcr.io", "eu.gcr.io"])
def test_the_google_token_goes_to_google_s_registries(host: str, certificate: Path) -> None:
    """Artifact Registry and Container Registry receive the Google access token."""
    with rig(certificate, **{host: wants(GOOGLE, "Bearer")}) as client:
        assert client.resolve(f"{host}/a/b").digest == digest("a")
    assert client.hosts.authorizations(host) == {GOOGLE}


@pytest.mark.parametrize("host", ["ghcr.io", "evil.example", "pkg.dev.evil.example", "registry.example"])
@pytest.mark.parametrize("challenge", ["Bearer", "Basic", 'Bearer realm="https://evil.example/token"', BEARER, ""])
def test_the_google_token_goes_to_no_other_registry(host: str, challenge: str, certificate: Path) -> None:
    """A registry of another host receives no Google access token, regardless of its challenge."""
    hosts = {host: wants(GOOGLE, challenge), "auth_example": gives("t")}
    with rig(certificate, **hosts) as client, pytest.raises(DeployError):
        client.resolve(f"{host}/a/b")
    assert client.hosts.requests
    assert {asked.authorization for asked in client.hosts.requests} <= {"", "Bearer t"}


def test_the_environment_lists_more_registries_that_take_the_google_token(certificate: Path) -> None:
    """A registry that the environment file lists in `google_registries` receives the Google access token."""
    with rig(certificate, registry_example=wants(GOOGLE, "Bearer")) as client:
        assert client.resolve("registry.example/a/b", google_registries=("registry.example",)).digest == digest("a")
    assert client.hosts.authorizations("registry.example") == {GOOGLE}


@pytest.mark.parametrize(
    ("url", "listed", "takes"),
    [
        ("https://asia-docker.pkg.dev", (), True),
        ("https://gcr.io", (), True),
        ("https://us.gcr.io", (), True),
        ("http://asia-docker.pkg.dev", (), False),
        ("http://gcr.io", (), False),
        ("https://pkg.dev", (), False),
        ("https://.pkg.dev", (), False),
        ("https://evil-pkg.dev", (), False),
        ("https://evilgcr.io", (), False),
        ("https://gcr.io.evil.example", (), False),
        ("https://a.pkg.dev:8443", (), False),
        ("https://a.pkg.dev@evil.example", (), False),
        ("https://evil.example\\@a.pkg.dev", (), False),
        ("https://evil.example/a.pkg.dev", (), False),
        ("https://evil.example#.pkg.dev", (), False),
        ("https://a.pkg.dev\n.evil.example", (), False),
        ("https://registry.example:8443", ("registry.example:8443",), True),
        ("https://registry.example", ("registry.example:8443",), False),
        ("http://registry.example:8443", ("registry.example:8443",), False),
        ("http://registry:5000", ("registry:5000",), True),
        ("http://127.0.0.1:5000", ("127.0.0.1:5000",), True),
        ("http://registry:5000", (), False),
    ],
)
def test_which_registries_take_the_google_token(url: str, listed: tuple[str, ...], takes: bool) -> None:
    """The Google access token is for Google's HTTPS hosts and for listed HTTPS or local hosts only."""
    assert takes_google_token(url, listed) is takes


def test_a_public_image_is_read_with_the_token_that_everybody_gets(certificate: Path) -> None:
    """A public image is read with the anonymous token of the registry's realm."""
    hosts = {"registry_example": wants("Bearer t", BEARER), "auth_example": gives("t")}
    with rig(certificate, **hosts) as client:
        assert client.resolve("registry.example/a/b").digest == digest("a")
    path = "/v2/a/b/manifests/1"
    assert client.hosts.requests == [
        Asked("registry.example", "HEAD", path, ""),
        Asked("auth.example", "GET", "/token?client=x&service=registry.example&scope=repository%3Aa%2Fb%3Apull", ""),
        Asked("registry.example", "HEAD", path, "Bearer t"),
    ]


def test_a_login_goes_to_the_realm_of_its_registry(certificate: Path, tmp_path: Path) -> None:
    """The realm of a registry receives the login, and the registry receives the realm's token."""
    credentials = file(tmp_path, {"registry.example": {"auth": USER.removeprefix("Basic ")}})
    hosts = {"registry_example": wants("Bearer t", BEARER), "auth_example": gives("t", USER)}
    with rig(certificate, **hosts) as client:
        assert client.resolve("registry.example/a/b", credentials).digest == digest("a")
    assert client.hosts.authorizations("auth.example") == {USER}
    assert client.hosts.authorizations("registry.example") == {"Bearer t"}


def test_a_login_goes_to_a_registry_that_wants_basic(certificate: Path, tmp_path: Path) -> None:
    """A registry with a Basic challenge receives the login of the credentials file."""
    credentials = file(tmp_path, {"registry.example": {"auth": USER.removeprefix("Basic ")}})
    with rig(certificate, registry_example=wants(USER, 'Basic realm="Registry Realm"')) as client:
        assert client.resolve("registry.example/a/b", credentials).digest == digest("a")
    assert [asked.authorization for asked in client.hosts.requests] == ["", USER]


def test_a_login_of_one_registry_goes_to_no_other_one(certificate: Path, tmp_path: Path) -> None:
    """The login of a registry is not sent to another registry, nor to the realm of another registry."""
    credentials = file(tmp_path, {"registry.example": {"auth": USER.removeprefix("Basic ")}})
    hosts = {"evil_example": wants(USER, BEARER), "auth_example": gives("t", USER)}
    with rig(certificate, **hosts) as client, pytest.raises(NotAllowedError):
        client.resolve("evil.example/a/b", credentials)
    assert {asked.authorization for asked in client.hosts.requests} == {""}


def test_a_login_of_google_s_registry_goes_before_the_token(certificate: Path, tmp_path: Path) -> None:
    """A login for a Google registry takes precedence over the Google access token."""
    credentials = file(tmp_path, {"asia-docker.pkg.dev/a": {"auth": USER.removeprefix("Basic ")}})
    with rig(certificate, **{"asia-docker.pkg.dev": wants(USER, "Basic")}) as client:
        assert client.resolve("asia-docker.pkg.dev/a/b", credentials).digest == digest("a")
    assert client.hosts.authorizations("asia-docker.pkg.dev") == {USER}


@pytest.mark.parametrize(
    ("challenge", "realm", "text"),
    [
        (BEARER, Reply(401), "requires a login at https://auth.example/token: 401."),
        (BEARER, Reply(403), "requires a login at https://auth.example/token: 403."),
        (BEARER, Reply(body=b'{"token": "useless"}'), "requires a login at https://auth.example/token: 401."),
        ('Basic realm="x"', Reply(), "requires a login at https://registry.example (Basic): 401."),
    ],
)
def test_a_registry_that_wants_a_login_is_named_with_it(
    challenge: str, realm: Reply, text: str, certificate: Path
) -> None:
    """If a registry requires a login, the error names the registry, the URL that refused access and the fix."""
    hosts: dict[str, Host] = {"registry_example": wants("Bearer t", challenge), "auth_example": lambda _: realm}
    with rig(certificate, **hosts) as client, pytest.raises(NotAllowedError) as error:
        client.resolve("registry.example/a/b")
    assert str(error.value) == (
        f"registry https://registry.example: 'a/b' {text}"
        " Fix: pass --registry-credentials FILE with a login of 'registry.example'."
    )


def test_a_login_that_is_not_accepted_is_named_with_its_file(certificate: Path, tmp_path: Path) -> None:
    """If a login is rejected, the error names the credentials file and omits the password."""
    credentials = file(tmp_path, {"registry.example": {"auth": USER.removeprefix("Basic ")}})
    hosts = {"registry_example": wants("Bearer t", BEARER), "auth_example": gives("t", "Basic another")}
    with rig(certificate, **hosts) as client, pytest.raises(NotAllowedError) as error:
        client.resolve("registry.example/a/b", credentials)
    assert str(error.value) == (
        f"registry https://registry.example: 'a/b': the login of 'registry.example' in {tmp_path}/auth.json was not"
        " accepted at https://auth.example/token: 401."
        " Fix: write a login of 'registry.example' that may read 'a/b' into the file."
    )
    assert "a-password" not in str(error.value)


@pytest.mark.parametrize(
    "realm",
    [
        "http://auth.example/token", "http://127.0.0.1:5001/token", "https://127.0.0.1/token", "https://localhost/token",
        "https://10.0.0.1/token", "https://[::1]/token", "https://[::ffff:10.0.0.1]/token", "https://metadata/token",
        "https://login.private.example/token", "https://alice:x@auth.example/token", "https://auth.example/token#x",
        "https://auth.example\\\\@127.0.0.1/", "ftp://auth.example/token", "/token", "", "https:///token",
        "https://auth.example/ token",
    ],
)  # fmt: skip
def test_a_realm_that_the_registry_may_not_name_is_not_asked(realm: str, certificate: Path, tmp_path: Path) -> None:
    """A realm with plain HTTP, a private address or a malformed URL is refused and receives no request."""
    credentials = file(tmp_path, {"registry.example": {"auth": USER.removeprefix("Basic ")}})
    hosts = {"registry_example": wants("Bearer t", f'Bearer realm="{realm}"'), "auth_example": gives("t", USER)}
    with rig(certificate, **hosts) as client, pytest.raises(RefusedError, match="is not asked for a token: it "):
        client.resolve("registry.example/a/b", credentials)
    assert [asked.host for asked in client.hosts.requests] == ["registry.example"]
    assert client.hosts.authorizations("registry.example") == set()


def test_a_registry_of_a_private_network_may_name_a_realm_there(certificate: Path) -> None:
    """A registry of a private network may name a realm of the same network."""
    challenge = 'Bearer realm="https://login.private.example/token",service="s"'
    hosts = {"hub_private_example": wants("Bearer t", challenge), "login_private_example": gives("t")}
    with rig(certificate, **hosts) as client:
        assert client.resolve("hub.private.example/a/b").digest == digest("a")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b'{"token": ["x"]}', b'{"token": "a b"}', b'{"token": "a\\nb"}', b"[" * 90_000],
    ids=range(7),
)
def test_a_realm_without_a_token_is_an_error(body: bytes, certificate: Path) -> None:
    """A realm that answers 200 without a valid token is an error."""
    hosts: dict[str, Host] = {
        "registry_example": wants("Bearer t", BEARER), "auth_example": lambda _: Reply(body=body)
    }  # fmt: skip
    with rig(certificate, **hosts) as client, pytest.raises(RefusedError, match="gave no token: 200"):
        client.resolve("registry.example/a/b")


def test_docker_hub_is_asked_at_its_registry_with_its_login(certificate: Path, tmp_path: Path) -> None:
    """The login of Docker Hub's index URL applies to its registry host, and short names get the path `library/`."""
    credentials = file(tmp_path, {"https://index.docker.io/v1/": {"auth": USER.removeprefix("Basic ")}})
    challenge = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"'
    hosts = {"registry-1_docker_io": wants("Bearer t", challenge), "auth_docker_io": gives("t", USER)}
    with rig(certificate, **hosts) as client:
        client.resolve("docker.io/python", credentials, url="https://registry-1.docker.io")
    assert [asked.path for asked in client.hosts.requests] == [
        "/v2/library/python/manifests/1",
        "/token?service=registry.docker.io&scope=repository%3Alibrary%2Fpython%3Apull",
        "/v2/library/python/manifests/1",
    ]
