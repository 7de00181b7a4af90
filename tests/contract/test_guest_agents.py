"""Which image an instance starts: cloud-init and the container agent read their own metadata entries."""

import base64
import gzip

import pytest

from tests.contract.marks import covers, verified
from tests.contract.rig import ROLL, EmulatorClient

IMAGE = "registry.test/web:new"
UNIT = f"ExecStart=/usr/bin/docker run {IMAGE}\n".encode()
PACKED = base64.b64encode(gzip.compress(UNIT)).decode()
FILE = "#cloud-config\nwrite_files:\n- path: /etc/systemd/system/web.service\n"
KONLET = "gce-container-declaration"


@pytest.mark.parametrize(
    ("metadata", "starts"),
    [
        ({KONLET: f"spec:\n  containers:\n  - name: web\n    image: '{IMAGE}'\n"}, True),
        ({KONLET: f"spec:\n  containers:\n  - image: busybox:1 # {IMAGE}\n"}, False),
        ({KONLET: f"spec:\n  containers:\n  - image: {IMAGE}\n  - image: {IMAGE}\n"}, False),
        ({KONLET: f"spec: [{IMAGE}"}, False),
        ({"user-data": f"{FILE}  content: |\n    {UNIT.decode()}"}, True),
        ({"user-data": f"{FILE}  content: x # {IMAGE}\n"}, False),
        ({"user-data": f"{FILE}  encoding: gz+b64\n  content: {PACKED}\n"}, True),
        ({"user-data": f"{FILE}  encoding: gzip\n  content: !!binary {PACKED}\n"}, True),
        ({"user-data": f"{FILE}  encoding: b64\n  content: '?'\n"}, False),
        ({"user-data": f"#cloud-config\nruncmd:\n- [docker, run, {IMAGE}]\n"}, True),
        ({"user-data": f"#!/bin/sh\ndocker run {IMAGE}\n"}, True),
        ({"startup-script": f"docker run ${{IMAGE:-{IMAGE}}}\n"}, True),
        ({"startup-script": f"skopeo copy docker://{IMAGE} dir:/image\n"}, True),
        ({"startup-script": f"docker run {IMAGE}-debug mirror:/{IMAGE}\n"}, False),
        (
            {"user-data": base64.b64encode(f"{FILE}  content: {IMAGE}\n".encode()).decode()}
            | {"user-data-encoding": "base64"},
            True,
        ),
    ],
)
@verified("K")
@covers("instanceTemplates.insert", "instanceGroupManagers.patch")
def test_image_of_a_metadata_entry_starts(emulator: EmulatorClient, metadata: dict[str, str], starts: bool) -> None:
    """The agents decode files, ignore comments, and start one declared container; a broken entry starts nothing."""
    emulator.control("POST", "instance-rules", {"image": IMAGE, "never_healthy": True})
    emulator.web(1)
    items = [{"key": key, "value": value} for key, value in metadata.items()]
    emulator.roll(emulator.template("new", metadata={"items": items}), **ROLL)
    emulator.pass_time(120)
    assert emulator.group()["status"]["isStable"] is not starts
