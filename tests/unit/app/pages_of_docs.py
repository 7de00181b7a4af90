"""The folder of the documentation."""

from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).parents[3] / "docs"
