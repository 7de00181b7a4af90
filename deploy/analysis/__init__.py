"""Verdicts of an analysis on values of metrics: pure."""
