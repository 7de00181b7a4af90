"""Easy contracts: a lease as files in, its explanation as markdown out."""
