"""A Compute Engine emulator: managed instance groups, behind the API that real clients use."""
