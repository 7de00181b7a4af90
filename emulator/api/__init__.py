"""The Compute Engine API: from a request to the answer of its method."""
