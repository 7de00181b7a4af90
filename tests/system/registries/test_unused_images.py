"""`prune --images --dry-run` as a process, with a real registry that wants a login, and a served emulator."""

import json
from pathlib import Path

import pytest

from ci.scripts import oci_layout, skopeo
from tests.support.deployer import Deployer
from tests.support.docker_registry import docker_registry, logins
from tests.support.emulator import Emulator
from tests.support.image_layout import write_image, write_image_list
from tests.support.programs import require

_PATH = "dojangkok-dev/dojangkok-ai/ai-server"
_REPOSITORY = f"asia-northeast3-docker.pkg.dev/{_PATH}"
_VERB = ("prune", "--images", "--dry-run")


def _push(folder: Path, host: str, tag: str) -> None:
    skopeo.skopeo(
        "copy", "--quiet", "--all", "--preserve-digests", "--dest-tls-verify=false", "--dest-creds=alice:a-password",
        f"oci:{folder}", f"docker://{host}/{_PATH}:{tag}",
    )  # fmt: skip


def test_images_of_a_real_registry(emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    An index with its images and a bill of materials are one image, the served one is in use, and another environment
    takes an image out of the list. Without the login, or for a login that may not read a project, nothing is listed.
    """
    require("skopeo", "the Debian package skopeo")
    monkeypatch.setenv("HOME", str(tmp_path))
    served = write_image(tmp_path / "served", "amd64")
    old = write_image(tmp_path / "old", "arm64")
    children = write_image_list(tmp_path / "list", "riscv64", "s390x")
    index = json.loads((tmp_path / "list/index.json").read_text())["manifests"][0]["digest"]
    bill = write_image(tmp_path / "bill", "mips64le")
    with docker_registry(tmp_path) as host:
        for folder, tag in (
            ("served", "latest"), ("old", "old"), ("list", "list"), ("bill", f"{old.replace(':', '-')}.sbom"),
        ):  # fmt: skip
            _push(tmp_path / folder, host, tag)
        deployer = Deployer(emulator, f"http://{host}", tmp_path)
        login = ("--registry-credentials", str(logins(tmp_path, host)))
        deployer.json("deploy", "--image", f"{_REPOSITORY}@{served}", *login)
        document = deployer.json(*_VERB, *login)
        images = {image["digest"]: image for image in document["images"]}
        assert images.keys() == {old, index}
        assert (images[old]["tags"], images[old]["manifests"]) == (["old"], [old, bill])
        assert set(images[index]["manifests"]) == {index, *children.values()}
        assert images[old]["size_bytes"] == sum(map(_size, (tmp_path / "old", tmp_path / "bill")))
        assert document["freed_bytes"] <= document["size_bytes"]

        denied = deployer.run(*_VERB)
        assert (denied.exit_code, denied.stdout) == (4, "")
        assert "requires a login at" in denied.stderr

        text = (tmp_path / "environments/dev.yaml").read_text().replace("dojangkok-dev\n", "dojangkok-prod\n")
        (tmp_path / "environments/prod.yaml").write_text(text)
        items = [{"key": "startup-script", "value": f"docker run {_REPOSITORY}@{old}"}]
        body = {"name": "t", "properties": {"machineType": "e2-medium", "metadata": {"items": items}}}
        emulator.ask("compute/v1/projects/dojangkok-prod/global/instanceTemplates", body)
        document = deployer.json(*_VERB, *login)
        assert [image["digest"] for image in document["images"]] == [index]
        assert document["projects"] == ["dojangkok-dev", "dojangkok-prod"]

        (tmp_path / "environments/prod.yaml").write_text("project: dojangkok-prod\n")
        broken = deployer.run(*_VERB, *login)
        assert (broken.exit_code, broken.stdout) == (3, "")
        assert "environments/prod.yaml: " in broken.stderr


def _size(folder: Path) -> int:
    """Return the bytes of a layout's manifest and of what it lists."""
    descriptor = oci_layout.descriptor_of(folder)
    manifest = json.loads((folder / "blobs" / descriptor["digest"].replace(":", "/")).read_text())
    return int(descriptor["size"]) + sum(int(blob["size"]) for blob in (manifest["config"], *manifest["layers"]))
