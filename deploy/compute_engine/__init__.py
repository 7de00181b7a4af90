"""Compute Engine over REST: the client, its login, its clock, and the reads that a decision rests on."""
