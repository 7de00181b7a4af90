"""Checklists: what to look at before a lease is signed."""
