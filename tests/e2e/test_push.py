"""The push against a registry that wants credentials, with the pipeline's own code in this process."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import dagger
import pytest
from dagger import dag

from ci import publish
from ci.application import Application
from ci.destination import Destination
from ci.errors import NotAllowedError
from ci.options import Options
from ci.scripts import rehearse
from ci.steps import base
from ci.steps.local_volumes import LocalVolumes
from tests.e2e.artifact_registry import ACCESS_TOKEN, ArtifactRegistry, running
from tests.support.emulator import Emulator, run_emulator
from tests.support.programs import ROOT

LARGE_MB = 200
IMAGE = "registry:5000/dojangkok-ai/ai-server"
ISSUER = "http://registry:8080"
ENVIRONMENT = f"""\
project: p
zone: z
group: g
repository: {IMAGE}
google_registries: ['registry:5000']
token_hosts: ['registry:8080']
"""


@pytest.fixture(autouse=True)
def cli(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_EXPERIMENTAL_DAGGER_CLI_BIN", str(ROOT / "daggerw"))


@pytest.fixture
def artifact_registry(tmp_path: Path) -> Iterator[ArtifactRegistry]:
    with running(tmp_path) as started:
        yield started


def push(
    to: ArtifactRegistry, token: str | None, *, size_mb: int = 1, issuer: Emulator | None = None
) -> dict[str, object]:
    """Push an image of a given size, as `publish` does it; with a token, or a keyless login at an issuer's."""

    async def session(log: TextIO) -> dict[str, object]:
        # Without a file the SDK gives the CLI a pipe that is never read: once it is full, the session never ends.
        async with dagger.connection(dagger.Config(log_output=log)):
            ports = [
                dagger.PortForward(backend=to.port, frontend=5000),
                dagger.PortForward(backend=to.login_port, frontend=5001),
            ]
            if issuer is not None:
                ports.append(dagger.PortForward(backend=int(issuer.address.rpartition(":")[2]), frontend=8080))
            service = dag.host().service(ports, host="127.0.0.1")
            content = f"head -c {size_mb * 1_000_000} /dev/urandom > /content"
            image = dag.container().from_(base.PYTHON.reference).with_exec(["sh", "-c", content])
            secret = dag.set_secret(uuid.uuid4().hex, token) if token else None
            file = (
                json.dumps(rehearse.keyless(ISSUER, issuer.ask("emulator/tokens")["request_token"])) if issuer else ""
            )
            credentials = dag.set_secret(uuid.uuid4().hex, file) if issuer else None
            where = Destination(
                IMAGE, ("0123456", "latest"), "test", secret, credentials, volumes=LocalVolumes("project", "group")
            )
            here = dag.host().directory(
                str(ROOT), include=["deploy", "lib", "pyproject.toml", "uv.lock"], exclude=["**/.venv"]
            )
            settings = dag.directory().with_new_file("test.yaml", ENVIRONMENT)
            given = Options(source=here, tools=here, settings=settings, credentials=credentials, env="test")
            application = Application(image="ai-server", port=8000, bill_of_materials="uv.lock")
            laid_out = await publish.lay_out(image, here, application, where.name)
            return await publish.run_push(laid_out, given, where, service, uuid.uuid4().hex)

    with _log(to).open("a") as log:
        return asyncio.run(session(log))


def _log(to: ArtifactRegistry) -> Path:
    """The output of the CLI in the sessions that push to a registry."""
    return to.folder / "dagger.log"


def test_right_token_pushes_and_a_second_push_uploads_nothing(artifact_registry: ArtifactRegistry) -> None:
    """A valid token pushes the image, and the second push of the same image uploads no blob."""
    first = push(artifact_registry, ACCESS_TOKEN)
    assert first["tags"] == ["0123456", "latest"]
    assert artifact_registry.tags() == ["0123456", "latest", f"{str(first['digest']).replace(':', '-')}.sbom"]
    uploads = artifact_registry.uploads()
    assert uploads > 0
    assert push(artifact_registry, ACCESS_TOKEN) == first
    assert artifact_registry.uploads() == uploads
    assert all(artifact_registry.logins)


@pytest.mark.parametrize("token", [None, "canary-of-a-token"], ids=["none", "wrong"])
def test_without_the_right_token_nothing_is_pushed(
    artifact_registry: ArtifactRegistry, token: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    """A push with a wrong token, or without a token, writes nothing, and no output contains the token."""
    with pytest.raises(NotAllowedError) as refused:
        push(artifact_registry, token)
    assert str(refused.value).startswith("publish: registry:5000/dojangkok-ai/ai-server was not pushed: ")
    login = "does not accept the login that it was sent." if token else "was sent no login."
    assert str(refused.value).splitlines()[-1].startswith(f"registry:5000 {login} Fix: pass ")
    assert artifact_registry.tags() == []
    assert artifact_registry.uploads() == 0
    log = _log(artifact_registry).read_text()
    assert "scripts.push" in log
    assert "canary-of-a-token" not in str(refused.value) + "".join(capfd.readouterr()) + log


def test_token_that_ends_during_the_upload_leaves_no_tag(artifact_registry: ArtifactRegistry) -> None:
    """A push whose token expires during the upload fails, and no tag is written."""
    artifact_registry.lifetime_s = 1
    with pytest.raises(NotAllowedError):
        push(artifact_registry, ACCESS_TOKEN, size_mb=LARGE_MB)
    assert artifact_registry.uploads() > 0
    assert artifact_registry.tags() == []
    artifact_registry.lifetime_s = 300
    assert push(artifact_registry, ACCESS_TOKEN, size_mb=LARGE_MB)["tags"] == ["0123456", "latest"]


def test_credential_file_becomes_a_token_right_before_the_push(artifact_registry: ArtifactRegistry) -> None:
    """A keyless login, as a job on GitHub makes it, through google-auth in the push's own container."""
    artifact_registry.accepts = lambda token: token.startswith("ya29.")
    with run_emulator("--allow-host", "registry") as issuer:
        assert push(artifact_registry, None, issuer=issuer)["tags"] == ["0123456", "latest"]
        assert all(artifact_registry.logins)
        artifact_registry.accepts = lambda token: False
        with pytest.raises(NotAllowedError):
            push(artifact_registry, None, issuer=issuer)
