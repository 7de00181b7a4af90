"""scripts/push.py, as far as it goes without a registry."""

import fcntl
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from ci.scripts import push, skopeo
from ci.scripts.skopeo import PushError


class Skopeo:
    """Stand-ins for skopeo and deploy, with their recorded arguments and their exit codes."""

    def __init__(self, code: int = 0, stdout: str = "", stderr: str = "") -> None:
        self.calls: list[tuple[list[str], dict[str, object]]] = []
        self.ended = (code, stdout, stderr)

    def __call__(self, command: list[str], **options: object) -> "subprocess.CompletedProcess[str | bytes]":
        self.calls.append((command, options))
        code, stdout, stderr = self.ended
        if options.get("text"):
            return subprocess.CompletedProcess(command, code, stdout, stderr)
        return subprocess.CompletedProcess(command, code, stdout.encode(), stderr.encode())


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(skopeo, "_SECRETS", tmp_path)
    monkeypatch.setenv("ENVIRONMENT", "dev")
    return tmp_path


def test_deploy_decides_the_login_of_a_push(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The secrets are passed by their paths."""
    for name in ("credentials", "registry-credentials"):
        (secrets / name).touch()
    run = Skopeo(stdout='{"auths": {}}')
    monkeypatch.setattr(subprocess, "run", run)
    assert skopeo.authfile("host/path/app") == '{"auths": {}}'
    (command, options) = run.calls[0]
    assert command == [
        "/opt/venv/bin/python", "-m", "deploy.authfile", "--env", "dev", "--repository", "host/path/app",
        "--credentials", f"{secrets}/credentials", "--registry-credentials", f"{secrets}/registry-credentials",
    ]  # fmt: skip
    assert options["cwd"] == Path("/src")


def test_push_without_secrets_has_no_authfile(secrets: Path) -> None:
    """The embedded registry wants no login."""
    assert skopeo.authfile("registry:5000/path/app") == ""


@pytest.mark.parametrize("code", [3, 4])
def test_a_login_that_deploy_refuses_ends_the_push_with_its_code(
    code: int, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """3 is a wrong kind of login, 4 a login that Google refuses."""
    (secrets / "registry-token").touch()
    monkeypatch.setattr(subprocess, "run", Skopeo(code, stderr="--registry-token: is a Google access token\n"))
    with pytest.raises(skopeo.LoginError, match=r"is a Google access token$") as error:
        skopeo.authfile("host/path/app")
    assert error.value.exit_code == code


@pytest.mark.parametrize(
    ("logins", "text"),
    [
        ("", "h.example was sent no login. Fix: pass --registry-credentials file:PATH with a login of h.example"),
        ('{"auths": {}}', "h.example was sent no login. Fix: "),
        ('{"auths": {"h.example": {}}}', "h.example does not accept the login that it was sent. Fix: "),
    ],
)
def test_a_registry_that_refuses_a_push_is_named_with_the_login_that_it_wants(logins: str, text: str) -> None:
    """The fix differs where a login was sent."""
    assert skopeo.login_fix("h.example", logins).startswith(text)


@pytest.mark.parametrize("served", ["manifest", "another manifest", ""])
def test_a_digest_counts_by_the_bytes_that_the_registry_serves(served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A header of the registry proves nothing."""
    run = Skopeo(stdout=served)
    monkeypatch.setattr(subprocess, "run", run)
    digest = f"sha256:{hashlib.sha256(b'manifest').hexdigest()}"
    if served == "manifest":
        skopeo.refuse_other_content("h.example/a:1", digest, ["--authfile=x"])
    else:
        with pytest.raises(PushError, match=f"h.example/a:1: the registry serves sha256:.*, but {digest} was built"):
            skopeo.refuse_other_content("h.example/a:1", digest, ["--authfile=x"])
    assert run.calls[0][0] == ["skopeo", "inspect", "--raw", "--authfile=x", "docker://h.example/a:1"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("reading manifest: unauthorized: authentication required", 4),
        ("denied: Permission artifactregistry.repositories.uploadArtifacts denied", 4),
        ("pinging container registry: connection refused", 6),
    ],
)
def test_exit_code_tells_credentials_from_the_rest(words: str, code: int) -> None:
    """skopeo ends with the same code for every failure."""
    assert PushError(words).exit_code == code


def layout_of(folder: Path, content: str) -> Path:
    """Write an OCI layout with a manifest that has no layers."""
    (folder / "blobs/sha256").mkdir(parents=True)
    manifest = json.dumps({"config": {"size": 1}, "layers": [], "content": content})
    digest = hashlib.sha256(manifest.encode()).hexdigest()
    (folder / "blobs/sha256" / digest).write_text(manifest)
    (folder / "index.json").write_text(json.dumps({"manifests": [{"digest": f"sha256:{digest}"}]}))
    return folder


@pytest.mark.parametrize(
    ("moved_by_another", "tags", "moved"),
    [
        ("", ["0123456", "0123456-DIGITS", "latest"], []),
        ("latest", ["0123456", "0123456-DIGITS"], ["latest"]),
        ("0123456", ["0123456-DIGITS", "latest"], ["0123456"]),
    ],
)
def test_a_tag_that_another_push_has_moved_is_named_and_no_failure(
    moved_by_another: str, tags: list[str], moved: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two jobs push at once: `latest` belongs to the later one, and both images are in the registry."""
    image, bill = (layout_of(tmp_path / name, name) for name in ("image", "bill"))
    contents = {folder.name: next((folder / "blobs/sha256").iterdir()).read_bytes() for folder in (image, bill)}

    def serve(command: list[str], **_: object) -> "subprocess.CompletedProcess[bytes]":
        content = contents["bill" if command[-1].endswith(".sbom") else "image"]
        is_moved = command[1] == "inspect" and command[-1].endswith(f":{moved_by_another}")
        return subprocess.CompletedProcess(command, 0, b"another manifest" if is_moved else content, b"")

    monkeypatch.setattr(subprocess, "run", serve)
    pushed = push.push(image, bill, "h.example/path/app", ["0123456", "0123456-", "latest"])
    digits = hashlib.sha256(contents["image"]).hexdigest()[:12]
    assert pushed["tags"] == [tag.replace("DIGITS", digits) for tag in tags]
    assert pushed["moved"] == moved


def test_a_tag_with_a_digest_of_its_own_must_serve_this_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No other push moves the tag by which the cleanup policy keeps the image."""
    image, bill = (layout_of(tmp_path / name, name) for name in ("image", "bill"))
    monkeypatch.setattr(subprocess, "run", Skopeo(stdout="another manifest"))
    with pytest.raises(PushError, match=r"^h.example/path/app@sha256:.*: the registry serves sha256:"):
        push.push(image, bill, "h.example/path/app", ["0123456-"])


def test_push_waits_for_a_reset_and_for_another_push(tmp_path: Path) -> None:
    """Each call has a registry of its own over the volume of the local environment: one of them writes at a time."""
    lock = tmp_path / "push.lock"
    with lock.open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        program = f"from pathlib import Path; from ci.scripts.push import lock; lock(Path('{lock}')); print('pushes')"
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=2)
        fcntl.flock(other, fcntl.LOCK_UN)
        output, _ = process.communicate(timeout=30)
    assert (process.returncode, output) == (0, "pushes\n")


def test_push_to_a_real_registry_waits_for_nothing(tmp_path: Path) -> None:
    """There is no volume of the embedded registry in its container."""
    assert push.lock(tmp_path / "none/push.lock") is None
