"""Easy contracts: explanations of a lease."""
