"""The original server: requests of its backend, and what it answered and called."""
