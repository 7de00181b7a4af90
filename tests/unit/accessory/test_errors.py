"""Texts and exit codes of errors."""

import pytest

from accessory import errors


@pytest.mark.parametrize(
    ("kind", "exit_code"),
    [
        (errors.AccessoryError, 1),
        (errors.RefusedError, 3),
        (errors.ConfigError, 3),
        (errors.NotAllowedError, 4),
        (errors.HeldError, 5),
        (errors.RolledBackError, 7),
        (errors.NotRestoredError, 8),
        (errors.NoRoomError, 9),
        (errors.StoppedError, 130),
    ],
)
def test_text_of_an_error_has_its_fix(kind: type[errors.AccessoryError], exit_code: int) -> None:
    """The text is the message with its fix, and each class has its exit code."""
    assert str(kind("vllm: broke.", "mend it")) == "vllm: broke. Fix: mend it."
    assert str(kind("vllm: broke.")) == "vllm: broke."
    assert kind.exit_code == exit_code


@pytest.mark.parametrize("exit_code", [1, 3, 5, 7, 8, 9])
def test_exit_code_of_the_vm_gives_its_error(exit_code: int) -> None:
    """The error for an exit code of a run has this code."""
    assert errors.error_of(exit_code, "m", "f").exit_code == exit_code
