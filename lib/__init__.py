"""Rules for security that deploy and accessory share; this package imports no program."""
