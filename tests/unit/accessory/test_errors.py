"""What each error says, and the exit code that it leaves with."""

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
def test_errors_say_what_and_how_to_mend_it(kind: type[errors.AccessoryError], exit_code: int) -> None:
    assert str(kind("vllm: broke.", "mend it")) == "vllm: broke. Fix: mend it."
    assert str(kind("vllm: broke.")) == "vllm: broke."
    assert kind.exit_code == exit_code


@pytest.mark.parametrize("exit_code", [1, 3, 5, 7, 8, 9])
def test_end_on_the_machine_is_the_error_of_its_code(exit_code: int) -> None:
    assert errors.of(exit_code, "m", "f").exit_code == exit_code
