"""Fixtures that several folders of tests/system use."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.emulator import Emulator, run_emulator
from tests.support.gcloud import Gcloud, gcloud_at
from tests.support.programs import ROOT, skip_without

_BUILD_S = 900
_UNAVAILABLE = 69  # exit code of ./daggerw on a host that lacks a program


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A running emulator whose seed's group has become stable; a virtual minute is a second."""
    with run_emulator() as running:
        running.wait_for_stable_group()
        yield running


@pytest.fixture(scope="session")
def gcloud_configuration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for gcloud's configuration, apart from that of the person at this host."""
    return tmp_path_factory.mktemp("gcloud")


@pytest.fixture
def gcloud(emulator: Emulator, gcloud_configuration: Path) -> Gcloud:
    """The real gcloud, which sends its requests to the emulator."""
    return gcloud_at(emulator.address, gcloud_configuration)


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The AI server's image for `docker load`: AI_SERVER_ARCHIVE, or the image that `./daggerw` builds."""
    if given := os.environ.get("AI_SERVER_ARCHIVE"):
        return Path(given)
    image = tmp_path_factory.mktemp("image") / "image.tar"
    command = ["./daggerw", "--silent", "call", "build", "export", "--path", str(image)]
    build = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_BUILD_S, check=False
    )
    if build.returncode == _UNAVAILABLE:
        skip_without("./daggerw", build.stderr.strip().splitlines()[-1])
    assert build.returncode == 0, f"{command}: exit code {build.returncode}\n{build.stderr}"
    return image
