"""Real registries with logins of their own: docker-registry with htpasswd, read by deploy and pushed to by skopeo."""

import base64
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from ci.scripts import oci_layout, push, skopeo
from tests.support.deployer import Deployer
from tests.support.docker_registry import docker_registry, logins
from tests.support.emulator import Emulator
from tests.support.image_layout import write_image
from tests.support.programs import ROOT, require
from tests.support.reports import unwrapped
from tests.support.web_hosts import Asked, Reply, WebHosts, certificate_of, served

_TOKEN = "ya29.google"


@dataclass(frozen=True)
class Pusher:
    """Run scripts/push.py on this computer; `secrets` stands for its /run/secrets."""

    layout: Path
    bill: Path
    secrets: Path
    certificate: Path

    def push(self, host: str) -> dict[str, object]:
        return push.push(self.layout, self.bill, f"{host}/team/app", ["v1", "dev-"])


@pytest.fixture
def pusher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pusher:
    require("skopeo", "the Debian package skopeo")
    python = os.environ.get("DEPLOY_PYTHON") or str(ROOT / "deploy/.venv/bin/python")
    require(python, "'uv sync --project deploy', or DEPLOY_PYTHON names a Python that has its packages")
    for name in ("bill", "scratch", "secrets"):
        (tmp_path / name).mkdir()
    (tmp_path / "bill/python.json").write_text('{"specVersion": "1.5", "components": []}')
    (tmp_path / "bill/python.txt").write_text("Python 3.10.0")
    (tmp_path / "bill/debian.tsv").write_text("")
    certificate = certificate_of(["localhost"], tmp_path)
    monkeypatch.setattr(oci_layout, "_MATERIALS", tmp_path / "bill")
    monkeypatch.setattr(push, "_SCRATCH", tmp_path / "scratch")
    monkeypatch.setattr(skopeo, "_SECRETS", tmp_path / "secrets")
    monkeypatch.setattr(skopeo, "_AUTHFILE", [python, "-m", "deploy.authfile"])
    monkeypatch.setattr(skopeo, "_DEPLOY_PARENT", ROOT)
    monkeypatch.setenv("ENVIRONMENT", "dev")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / "image"
    write_image(folder)
    oci_layout.write_bill(tmp_path / "layout-of-bill", "host/team/app", oci_layout.descriptor_of(folder))
    return Pusher(folder, tmp_path / "layout-of-bill", tmp_path / "secrets", certificate)


def test_deploy_reads_a_registry_with_the_login_of_its_file_alone(emulator: Emulator, tmp_path: Path) -> None:
    """Deploy reads a registry with the login of its file, and is refused without it or with a wrong password."""
    repository = "dojangkok-dev/dojangkok-ai/ai-server"
    with docker_registry(tmp_path) as host:
        folder = tmp_path / "image"
        digest = write_image(folder)
        skopeo.skopeo(
            "copy", "--quiet", "--preserve-digests", "--dest-tls-verify=false", "--dest-creds=alice:a-password",
            f"oci:{folder}", f"docker://{host}/{repository}:v1",
        )  # fmt: skip
        deployer = Deployer(emulator, f"http://{host}", tmp_path)
        wanted = ("plan", "--image", f"asia-northeast3-docker.pkg.dev/{repository}:v1")
        done = deployer.run(*wanted, "--registry-credentials", str(logins(tmp_path, host)))
        assert (done.exit_code, digest in done.stdout) == (0, True), done.stderr
        for options, text in (
            ((), f"requires a login at http://{host} (Basic): 401. Fix: pass --registry-credentials FILE with a login"),
            (
                ("--registry-credentials", str(logins(tmp_path, host, "another"))),
                f"the login of '{host}' in {tmp_path}/logins.json was not accepted at http://{host} (Basic): 401. Fix",
            ),
        ):
            done = deployer.run(*wanted, *options)
            assert (done.exit_code, text in unwrapped(done.stderr)) == (4, True), done.stderr


def test_a_push_logs_in_with_the_file_of_logins(pusher: Pusher, tmp_path: Path) -> None:
    """A push uses the login of the file, and writes tags and the digest."""
    with docker_registry(tmp_path, pusher.certificate) as host:
        logins(tmp_path, host).rename(pusher.secrets / "registry-credentials")
        (pusher.secrets / "credentials").write_text("{}")
        pushed = pusher.push(host)
    digest = oci_layout.descriptor_of(pusher.layout)["digest"]
    assert (pushed["digest"], pushed["tags"]) == (digest, ["v1", f"dev-{str(digest)[7:19]}"])
    assert (tmp_path / "scratch/auth.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("password", "text"),
    [
        ("", "{host} was sent no login. Fix: pass --registry-credentials file:PATH with a login of {host}"),
        (
            "another",
            "{host} does not accept the login that it was sent. Fix: pass a login of {host} that may push there",
        ),
    ],
)
def test_a_push_that_is_refused_names_the_login(password: str, text: str, pusher: Pusher, tmp_path: Path) -> None:
    """A push without a login, or with a wrong one, ends with the registry's name and what to pass."""
    with docker_registry(tmp_path, pusher.certificate) as host:
        if password:
            logins(tmp_path, host, password).rename(pusher.secrets / "registry-credentials")
        with pytest.raises(skopeo.PushError) as error:
            pusher.push(host)
    assert (error.value.exit_code, str(error.value).splitlines()[-1]) == (4, text.format(host=host))


@pytest.mark.parametrize("challenge", ['Basic realm="x"', 'Bearer realm="https://{host}/token",service="x"'])
@pytest.mark.parametrize("secret", ["registry-token", "credentials"])
def test_a_push_sends_the_google_token_to_no_other_registry(challenge: str, secret: str, pusher: Pusher) -> None:
    """A push sends the Google token to no registry that is not Google's."""
    hosts = WebHosts({})
    (pusher.secrets / secret).write_text(_TOKEN)
    with served(hosts, pusher.certificate):
        host = f"localhost:{hosts.port}"

        def registry(asked: Asked) -> Reply:
            if asked.path.startswith("/token"):
                return Reply(body=b'{"token": "anonymous"}')
            return Reply(401, {"www-authenticate": challenge.format(host=host)})

        hosts.names[host] = registry
        with pytest.raises(skopeo.PushError):
            pusher.push(host)
    assert bool(hosts.requests) == (secret == "credentials")
    # Without a login skopeo answers Basic with an empty user and password.
    assert hosts.authorizations(host) <= {"Bearer anonymous", f"Basic {base64.b64encode(b':').decode()}"}


def test_a_registry_that_answers_200_to_everything_holds_nothing(pusher: Pusher) -> None:
    """A push to a server that answers 200 to everything fails, because the digest it serves differs."""
    hosts = WebHosts({})
    with served(hosts, pusher.certificate):
        host = f"localhost:{hosts.port}"
        digest = oci_layout.descriptor_of(pusher.layout)["digest"]

        def registry(asked: Asked) -> Reply:
            return Reply(
                201 if asked.method == "PUT" else 200, {"docker-content-digest": digest}, b"<html>hello</html>"
            )

        hosts.names[host] = registry
        with pytest.raises(skopeo.PushError) as error:
            pusher.push(host)
    assert error.value.exit_code == 6
    assert str(error.value).startswith(f"{host}/team/app@{digest}: the registry serves sha256:")
