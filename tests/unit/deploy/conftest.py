"""The number of examples of each property."""

from tests.unit.lib.depth import load_profile

load_profile()
