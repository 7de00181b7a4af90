from tests.unit.arrows import imported


def test_engine_imports_nothing_of_ours() -> None:
    """It must work before anything is installed."""
    assert not imported("engine") & {"app", "ci", "deploy", "emulator", "lib", "dagger"}
