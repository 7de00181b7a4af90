"""The emulator on a socket."""
