"""Rules that deploy and accessory share for their security; this package imports no program."""
