"""Variants of an image: the same layers, another entry point, and digests of what is pushed."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from acceptance.variants import ENTRY_POINTS, rewrite, variant_config

CONFIG: dict[str, Any] = {
    "architecture": "amd64",
    "config": {"Cmd": ["python", "-m", "app"], "Env": ["A=1"], "Labels": {"a": "b"}},
    "rootfs": {"type": "layers", "diff_ids": ["sha256:1"]},
}


@pytest.mark.parametrize("name", ["second", "third"])
def test_a_sound_variant_starts_the_same_server(name: str) -> None:
    """A sound variant differs by a label alone, so its digest is another and its server the same."""
    settings = variant_config(CONFIG, name)["config"]
    assert settings == {**CONFIG["config"], "Labels": {"a": "b", "acceptance": name}}


@pytest.mark.parametrize("name", ["exits", "never-healthy", "crashes"])
def test_a_failing_variant_starts_another_program(name: str) -> None:
    """A failing variant replaces entry point and command, and keeps layers and environment."""
    config = variant_config(CONFIG, name)
    assert (config["config"]["Entrypoint"], config["config"]["Cmd"]) == (ENTRY_POINTS[name], [])
    assert (config["rootfs"], config["config"]["Env"]) == (CONFIG["rootfs"], ["A=1"])


def test_an_image_without_settings_gets_them() -> None:
    """A configuration may lack its section `config` and its labels."""
    assert variant_config({}, "second") == {"config": {"Labels": {"acceptance": "second"}}}


def test_digests_are_those_of_the_written_files(tmp_path: Path) -> None:
    """The manifest names the new configuration by its digest and size, and the result is the manifest's digest."""
    old = json.dumps(CONFIG).encode()
    digest = hashlib.sha256(old).hexdigest()
    (tmp_path / digest).write_bytes(old)
    layers = [{"digest": "sha256:2", "size": 3}]
    manifest = {"schemaVersion": 2, "config": {"digest": f"sha256:{digest}", "size": len(old)}, "layers": layers}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))

    result = rewrite(tmp_path, "exits")
    written = (tmp_path / "manifest.json").read_bytes()
    assert result == f"sha256:{hashlib.sha256(written).hexdigest()}"
    new = json.loads(written)
    config = (tmp_path / new["config"]["digest"].removeprefix("sha256:")).read_bytes()
    assert new["config"] == {"digest": f"sha256:{hashlib.sha256(config).hexdigest()}", "size": len(config)}
    assert new["layers"] == layers
    assert json.loads(config)["config"]["Entrypoint"] == ["false"]
