"""Reads of Google's APIs beside Compute Engine, for `doctor`."""
