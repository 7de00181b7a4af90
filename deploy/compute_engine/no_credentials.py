"""The login of an emulator: apart from login.py, whose imports take 0.2 s of processor time."""

from dataclasses import dataclass


@dataclass(frozen=True)
class NoCredentials:
    """The login of an emulator, which needs no credentials."""

    account = ""
    member = "user:EMAIL"

    def __call__(self) -> dict[str, str]:
        """Return no headers."""
        return {}

    def authorization(self) -> dict[str, str]:
        """Return no headers."""
        return {}

    def renew(self) -> None:
        """Do nothing: there is no token."""
