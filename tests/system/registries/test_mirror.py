"""The line of iac/README.md that copies vLLM's image, run by skopeo between two registries on loopback."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.docker_registry import docker_registry, logins
from tests.support.image_layout import write_image_list
from tests.support.programs import ROOT, require

_HOST = "asia-northeast3-docker.pkg.dev"
_UPSTREAM = "docker.io"


def line() -> str:
    """Return the line of README.md, with the project of environments/dev.yaml."""
    (found,) = re.findall(r"^ *(skopeo .*copy .*)$", (ROOT / "iac/README.md").read_text(), re.MULTILINE)
    assert "/PROJECT/" in found
    return str(found).replace("PROJECT", str(_settings()["project"]))


def _settings() -> Any:
    return yaml.safe_load((ROOT / "environments/dev.yaml").read_text())


@pytest.fixture
def skopeo_environment(tmp_path: Path) -> dict[str, str]:
    """The variables of skopeo, without the logins and registries of the person at this computer."""
    require("skopeo", "the Debian package skopeo")
    return {**os.environ, "HOME": str(tmp_path), "REGISTRY_AUTH_FILE": str(tmp_path / "all-logins.json")}


def _run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_line_copies_the_image_for_amd64_with_its_digest(tmp_path: Path, skopeo_environment: dict[str, str]) -> None:
    """The copy in the repository has the digest of the upstream image for amd64."""
    digests = write_image_list(tmp_path / "layout", "arm64", "amd64")
    for name in ("upstream", "ours"):
        (tmp_path / name).mkdir()
    with docker_registry(tmp_path / "upstream") as upstream, docker_registry(tmp_path / "ours") as ours:
        files = [logins(tmp_path / "upstream", upstream), logins(tmp_path / "ours", ours)]
        entries = [json.loads(file.read_text())["auths"] for file in files]
        (tmp_path / "all-logins.json").write_text(json.dumps({"auths": entries[0] | entries[1]}))
        # skopeo reads docker.io from the first registry; it rewrites no destination.
        read_from = {_UPSTREAM: upstream, upstream: upstream, ours: ours}
        registries = tmp_path / ".config/containers/registries.conf"
        registries.parent.mkdir(parents=True)
        registries.write_text(
            "".join(
                f'[[registry]]\nprefix = "{name}"\nlocation = "{location}"\ninsecure = true\n'
                for name, location in read_from.items()
            )
        )
        environment = skopeo_environment
        source, target = re.findall(r"docker://(\S+)", line())
        seeded = f"docker://{source.replace(_UPSTREAM, upstream)}"
        _run(["skopeo", "copy", "--all", "--preserve-digests", f"oci:{tmp_path / 'layout'}", seeded], environment)

        command = line().replace(_HOST, ours).split()
        _run(command, environment)
        copied = f"docker://{target.replace(_HOST, ours)}"
        described = json.loads(_run(["skopeo", "inspect", copied], environment))
    assert (described["Digest"], described["Architecture"]) == (digests["amd64"], "amd64")


def test_target_is_the_image_that_the_first_boot_pulls() -> None:
    """The name of the copy is that of environments/dev.yaml, and its version is that of the source."""
    source, target = re.findall(r"docker://(\S+)", line())
    assert target == _settings()["accessories"]["vllm"]["image"]
    assert source.rpartition(":")[2] == target.rpartition(":")[2]
