"""The two startup scripts of the fleet, and the references that the tests replace in them."""

from pathlib import Path

import pytest

from tests.unit.deploy.values import REPOSITORY, digest

FOLDER = Path(__file__).parent / "scripts"
DESIGN, LATER = ((FOLDER / name).read_text() for name in ("design.sh", "later.sh"))
SHAPES = pytest.mark.parametrize("script", [DESIGN, LATER], ids=["design", "later"])
LATEST = f"{REPOSITORY}:latest"
NEW = f"{REPOSITORY}@{digest('1')}"
