from tests.unit.arrows import imported


def test_accessory_imports_no_sibling_and_no_client_library() -> None:
    """It speaks SSH, through programs of their own; machines that roll are deploy's."""
    assert not imported("accessory") & {"app", "ci", "deploy", "engine", "emulator", "dagger", "google", "httpx"}
