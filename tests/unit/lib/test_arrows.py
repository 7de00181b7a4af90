from tests.unit.arrows import imported


def test_lib_imports_no_program() -> None:
    """Programs import this package, never the other way round."""
    assert not imported("lib") & {"accessory", "app", "ci", "deploy", "emulator", "engine", "policy", "dagger"}
