from tests.unit.arrows import imported


def test_emulator_imports_no_sibling_and_no_client() -> None:
    """It answers HTTP, and must not know the clients that it is tested with."""
    assert not imported("emulator") & {"app", "ci", "engine", "deploy", "lib", "dagger", "googleapiclient"}
