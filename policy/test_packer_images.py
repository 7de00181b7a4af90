"""The container images that machine images hold already: images.txt, beside compose/ and the Dockerfile."""

import re
from typing import Final

import pytest
import yaml

from policy.running import ROOT

IMAGES: Final = ROOT / "packer/scripts/images.txt"
KINDS: Final = ("all", "cpu-base", "gpu-base")

# Not in the machine images: they are what is updated, and what updates them pulls them.
PULLED_LATER: Final = re.compile(r"\$\{(AI_SERVER|VLLM)_IMAGE|\bchromadb/chroma[:@]")


def _listed() -> dict[str, str]:
    """Image to kind of machine."""
    lines = IMAGES.read_text().splitlines()
    return dict(line.split()[:2] for line in lines if line and not line.startswith("#"))


def test_every_image_is_pinned_and_for_a_machine() -> None:
    """An image has a tag that is no `latest`, and names the machines that get it."""
    for image, kind in _listed().items():
        where = f"packer/scripts/images.txt: {image}"
        assert re.search(r":[\w][\w.-]*(@sha256:[0-9a-f]{64})?$", image), f"{where}: has no tag"
        assert not re.search(r":latest\b", image), f"{where}: 'latest' is no version"
        assert kind in KINDS, f"{where}: is for {kind!r}, must be for {' or '.join(KINDS)}"


def test_the_images_are_those_of_compose_and_the_dockerfile() -> None:
    """What a machine pulls at its boot beside the app is there already; what is there is what it pulls."""
    stacks = sorted((ROOT / "compose").rglob("*.yml")) + sorted((ROOT / "compose").rglob("*.yaml"))
    if not stacks:
        pytest.skip("compose/ is not there")
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
    unused = listed - {image for _, image in services} - set(base)
    assert not unused, f"packer/scripts/images.txt: {sorted(unused)} is used neither by compose/ nor by the Dockerfile"
    assert set(base) <= listed, f"Dockerfile: {sorted(set(base) - listed)} is not in packer/scripts/images.txt"
