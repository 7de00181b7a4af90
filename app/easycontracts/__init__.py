"""Easy contracts: a lease, explained."""
