from tests.unit.arrows import imported


def test_accessory_imports_no_sibling_and_no_client_of_compute() -> None:
    """It speaks SSH, through programs of their own; of Google it has the login alone. Machines that roll are deploy's."""
    assert not imported("accessory") & {"app", "ci", "deploy", "engine", "emulator", "dagger", "httpx"}
