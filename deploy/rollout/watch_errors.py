"""How a watch ends that does not prove its version; these errors never leave the program."""

from deploy.group.health import Verdict


class NotServedError(Exception):
    """
    The target version does not serve, or not in time.

    Args:
        verdict: why the version failed.
    """

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.text)
        self.verdict = verdict


class InconclusiveError(Exception):
    """
    A version serves, and a check of its bake could not judge it.

    Args:
        text: the check, and why it could not judge the version.
        warnings: warnings of the watch, which it returns of a version that is proven.
    """

    def __init__(self, text: str, warnings: tuple[str, ...]) -> None:
        super().__init__(text)
        self.warnings = warnings
