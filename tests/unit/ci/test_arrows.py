from tests.unit.arrows import imported


def test_ci_imports_no_sibling() -> None:
    """It runs the others as programs."""
    assert not imported("ci") & {"app", "engine", "deploy", "emulator", "lib"}
