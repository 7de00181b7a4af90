"""Fixtures of the tests with the real Terraform."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from policy.terraform import copy_iac
from tests.support.deployer import Deployer
from tests.support.emulator import run_emulator
from tests.support.fake_registry import FakeRegistry, served
from tests.support.programs import go_tool, require
from tests.system.terraform.fleet import STUBS, Fleet
from tests.system.terraform.google_links import google_links


@pytest.fixture(scope="session")
def provider() -> Path:
    """The directory of Terraform's google provider, which is built at the first use."""
    require("terraform", "install Terraform, 1.11.4 or newer")
    return go_tool("terraform-provider-google")


@pytest.fixture
def fleet(tmp_path: Path, provider: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    """An empty project, and the environment before its first apply."""
    monkeypatch.setenv("PATH", f"{provider}:{os.environ['PATH']}")
    options = ("--operation-s", "0", "--seed", "tests/system/terraform/empty.yaml")
    with run_emulator(*options) as emulator, google_links(emulator.address, tmp_path) as links:
        fleet = Fleet(copy_iac(tmp_path / "copy", STUBS), emulator, links)
        assert fleet.run("get").returncode == 0
        yield fleet


@pytest.fixture
def deployer(fleet: Fleet, tmp_path: Path) -> Iterator[Deployer]:
    """`python -m deploy --env dev`, with the environment's own names."""
    with served(FakeRegistry(holds_every_digest=True)) as registry:
        yield Deployer(fleet.emulator, registry, tmp_path)
