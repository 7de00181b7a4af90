"""One rollout: what is to be done, doing it, watching it, and what it came to."""
