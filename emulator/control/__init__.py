"""The routes below /emulator/ that steer the emulator, and the page that shows it."""
