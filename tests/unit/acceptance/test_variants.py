"""Variants of an image: the same layers, another entry point, and digests of what is pushed."""

import hashlib
import json
import subprocess
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
    """A failing variant starts another program, which gets the image's own command; layers and environment stay."""
    settings = {**CONFIG["config"], "Entrypoint": ["tini", "--"]}
    config = variant_config({**CONFIG, "config": settings}, name)
    started = (config["config"]["Entrypoint"], config["config"]["Cmd"])
    assert started == (ENTRY_POINTS[name], ["tini", "--", "python", "-m", "app"])
    assert (config["rootfs"], config["config"]["Env"]) == (CONFIG["rootfs"], ["A=1"])


def test_crashing_variant_runs_the_command_of_the_image_and_stays() -> None:
    """The entry point runs the image's own command, and its container stays when that command has ended."""
    entry_point = [word.replace("sleep infinity", "echo stays") for word in ENTRY_POINTS["crashes"] or ()]
    done = subprocess.run([*entry_point, "echo", "serves"], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["serves", "stays"]


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
