"""Seed files made from a live group: what is read, what of it the emulator serves, and the file."""
