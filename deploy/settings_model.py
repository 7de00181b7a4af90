"""How every part of an environment's settings is read."""

from typing import Final

from pydantic import ConfigDict

# Frozen, and without unknown keys. The text below a key is its meaning in docs/reference.md.
SETTINGS_MODEL: Final = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
