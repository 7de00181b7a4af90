"""The readiness of the server."""


class Readiness:
    """The readiness of the server: open from the end of its start to the first SIGTERM."""

    def __init__(self) -> None:
        self.is_open = False

    def open(self) -> None:
        """Become ready for requests."""
        self.is_open = True

    def close(self) -> None:
        """Become not ready; the server still answers requests."""
        self.is_open = False
