"""The profile of hypothesis for the tests of lib."""

from tests.unit.lib.depth import load_profile

load_profile()
