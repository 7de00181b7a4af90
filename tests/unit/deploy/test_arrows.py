from tests.unit.arrows import imported


def test_deploy_imports_no_sibling_and_no_client_library() -> None:
    """It speaks HTTP; of Google it takes google-auth alone."""
    assert not imported("deploy") & {"app", "ci", "engine", "emulator", "dagger", "googleapiclient"}
