"""What a rollout needs of a project, and what of it is missing: pure."""
