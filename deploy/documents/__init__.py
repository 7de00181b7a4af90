"""Compute Engine's documents: their members and types, checks, and frozen values parsed from them. Pure."""
