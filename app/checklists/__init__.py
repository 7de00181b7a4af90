"""Checklists of what to check before signing a lease."""
