"""The container images in the VM images: images.txt agrees with compose/ and the Dockerfile."""

import re
from typing import Final

import yaml

from policy.running import ROOT

IMAGES: Final = ROOT / "packer/scripts/images.txt"
KINDS: Final = ("all", "cpu-base", "gpu-base")

# Images that updates pull, so the VM images do not contain them.
PULLED_LATER: Final = re.compile(r"\$\{(AI_SERVER|VLLM)_IMAGE|\bchromadb/chroma[:@]")


def _listed() -> dict[str, str]:
    """Return the VM image for each container image."""
    lines = IMAGES.read_text().splitlines()
    return dict(line.split()[:2] for line in lines if line and not line.startswith("#"))


def test_every_image_has_a_tag_and_a_vm_image() -> None:
    """A container image has a tag other than `latest` and a known VM image."""
    for image, kind in _listed().items():
        where = f"packer/scripts/images.txt: {image}"
        assert re.search(r":[\w][\w.-]*(@sha256:[0-9a-f]{64})?$", image), f"{where}: has no tag"
        assert not re.search(r":latest\b", image), f"{where}: 'latest' is not a version"
        assert kind in KINDS, f"{where}: is for {kind!r}, must be for {' or '.join(KINDS)}"


def _vllm() -> set[str]:
    """Return vLLM's upstream image at each tag that an environment starts with; its copy has the same layers."""
    files = [ROOT / f"environments/{environment}.yaml" for environment in ("dev", "prod")]
    images = [yaml.safe_load(file.read_text())["accessories"]["vllm"]["image"] for file in files]
    return {f"vllm/vllm-openai:{image.rpartition(':')[2]}" for image in images}


def test_gpu_image_has_the_layers_of_vllm() -> None:
    """The first boot of vLLM's VM pulls only a manifest if its image contains the layers."""
    assert _vllm() == {image for image, kind in _listed().items() if kind == "gpu-base" and image.startswith("vllm/")}


def test_images_are_those_of_compose_and_the_dockerfile() -> None:
    """The list has every image that a boot would pull except the updated ones, and no other image but vLLM's."""
    stacks = [path for path in sorted((ROOT / "compose").rglob("*.y*ml")) if path.name != "targets.yml"]
    services = [
        (stack, service["image"])
        for stack in stacks
        for service in (yaml.safe_load(stack.read_text()).get("services") or {}).values()
        if "image" in service and not PULLED_LATER.search(service["image"])
    ]
    base = re.findall(r"^FROM (?:--platform=\S+ )?(python:\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    listed = set(_listed())
    for stack, image in services:
        assert image in listed, (
            f"{stack.relative_to(ROOT)}: {image} is not in packer/scripts/images.txt: each boot pulls it"
        )
    unused = listed - {image for _, image in services} - set(base) - _vllm()
    assert not unused, f"packer/scripts/images.txt: {sorted(unused)} is used neither by compose/ nor by the Dockerfile"
    assert set(base) <= listed, f"Dockerfile: {sorted(set(base) - listed)} is not in packer/scripts/images.txt"
