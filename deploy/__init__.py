"""Decides and performs a rollout on a managed instance group; plain Python, no Dagger."""
