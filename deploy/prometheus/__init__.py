"""Requests to a Prometheus server, for the analysis of a rollout."""
