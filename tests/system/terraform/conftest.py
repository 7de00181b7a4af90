"""Fixtures of the tests with the real Terraform."""

from pathlib import Path

import pytest

from tests.support.programs import go_tool, require


@pytest.fixture(scope="session")
def provider() -> Path:
    """The directory of Terraform's google provider, which is built at the first use."""
    require("terraform", "install Terraform, 1.11.4 or newer")
    return go_tool("terraform-provider-google")
