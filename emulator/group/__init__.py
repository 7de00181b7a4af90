"""How a managed instance group rolls: pure, computed from one moment to the next."""
