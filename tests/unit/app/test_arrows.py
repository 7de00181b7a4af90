from tests.unit.arrows import imported


def test_app_imports_no_sibling() -> None:
    """It is shipped alone."""
    assert not imported("app") & {"ci", "engine", "deploy", "emulator", "lib", "dagger"}
