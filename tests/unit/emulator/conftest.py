"""How the tests of the emulator choose their examples."""

from hypothesis import HealthCheck, settings

# The same examples each time, however slow the machine is: nobody's change fails for what it did not do.
settings.register_profile("same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("same")
