from tests.unit.arrows import imported


def test_accessory_imports_no_sibling_and_no_client_of_compute() -> None:
    """It speaks SSH, through programs of their own; machines that roll are deploy's. Of Google it has the login."""
    assert not imported("accessory") & {"app", "ci", "deploy", "engine", "emulator", "dagger"}
