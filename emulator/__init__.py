"""A Compute Engine that really rolls: managed instance groups, behind the API that real clients use."""
