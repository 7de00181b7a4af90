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
