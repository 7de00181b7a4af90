"""inside/push.py, as far as it goes without a registry."""

import base64
import json
from pathlib import Path

import pytest

from ci.steps.inside import push


def test_authfile_is_a_login_with_an_access_token() -> None:
    auths = json.loads(push.authfile("some-docker.pkg.dev", "word"))["auths"]
    assert list(auths) == ["some-docker.pkg.dev"]
    assert base64.b64decode(auths["some-docker.pkg.dev"]["auth"]) == b"oauth2accesstoken:word"


def test_manifest_is_read_from_the_layout(tmp_path: Path) -> None:
    (tmp_path / "index.json").write_text(json.dumps({"manifests": [{"digest": "sha256:12"}]}))
    (tmp_path / "blobs" / "sha256").mkdir(parents=True)
    manifest = {"config": {"size": 3}, "layers": [{"size": 40}, {"size": 500}]}
    (tmp_path / "blobs" / "sha256" / "12").write_text(json.dumps(manifest))
    assert push.read_manifest(tmp_path) == ("sha256:12", 543)


def layout_of(folder: Path, created: str, history: list[dict[str, str]]) -> Path:
    """An OCI layout of one layer, as an engine writes it at some moment."""
    (folder / "blobs" / "sha256").mkdir(parents=True)
    config = {"created": created, "history": history, "config": {"User": "appuser"}, "rootfs": {"diff_ids": ["x"]}}
    stored = push._store(folder, config)
    manifest = push._store(folder, {"config": {"mediaType": "c", **stored}, "layers": [{"digest": "l", "size": 5}]})
    (folder / "index.json").write_text(json.dumps({"manifests": [{"mediaType": "m", "annotations": {}, **manifest}]}))
    return folder


def test_the_moment_of_a_build_is_forgotten(tmp_path: Path) -> None:
    one = layout_of(tmp_path / "one", "2026-11-23T11:23:57Z", [{"created_by": "pulled"}])
    two = layout_of(tmp_path / "two", "2026-11-23T11:25:38Z", [{"created_by": "COPY"}, {"created_by": "RUN"}])
    assert push.read_manifest(one)[0] != push.read_manifest(two)[0]
    for layout in (one, two):
        push.reconfigure(layout, push.forget_the_moment)
    assert push.read_manifest(one) == push.read_manifest(two)
    digest = push.read_manifest(one)[0]
    manifest = json.loads((one / "blobs" / digest.replace(":", "/")).read_text())
    assert manifest["layers"] == [{"digest": "l", "size": 5}]
    config = json.loads((one / "blobs" / manifest["config"]["digest"].replace(":", "/")).read_text())
    assert config["config"] == {"User": "appuser"}
    assert (config["created"], "history" in config) == ("1980-01-01T00:00:00Z", False)


def test_what_served_first_is_nobody_s_release(tmp_path: Path) -> None:
    layout = layout_of(tmp_path / "one", "2026-11-23T11:23:57Z", [])
    push.reconfigure(layout, push.forget_the_moment)
    release, size_bytes = push.read_manifest(layout)
    push.reconfigure(layout, push.call_first)
    digest, first_bytes = push.read_manifest(layout)
    assert digest != release
    assert size_bytes < first_bytes < size_bytes + 100


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("reading manifest: unauthorized: authentication required", 4),
        ("denied: Permission artifactregistry.repositories.uploadArtifacts denied", 4),
        ("pinging container registry: connection refused", 6),
    ],
)
def test_exit_code_tells_credentials_from_the_rest(words: str, code: int) -> None:
    assert push.PushError(words).exit_code == code
