"""Compute Engine over REST: client, managed groups, templates, login, server clock, and the read of an observation."""
