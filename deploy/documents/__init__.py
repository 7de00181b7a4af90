"""What Compute Engine's documents hold: their members and types, checked; frozen values read from them. Pure."""
