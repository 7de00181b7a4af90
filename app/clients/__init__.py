"""Everything that this server asks of others."""
