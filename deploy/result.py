"""What a rollout came to."""

from dataclasses import dataclass

from deploy.observed import Version


@dataclass(frozen=True)
class Phase:
    """A part of a rollout that took time."""

    name: str
    seconds: float


@dataclass(frozen=True)
class Result:
    """
    What a rollout came to.

    Args:
        changed: False if the release served already.
        version: That the group has.
        before: That it had.
        phases: In order.
        machines: Rows at the end.
        pruned: Templates that were deleted.
        warnings: What to know.
        requests: Made in all.
    """

    changed: bool
    version: Version
    before: Version
    phases: tuple[Phase, ...] = ()
    machines: tuple[str, ...] = ()
    pruned: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    requests: int = 0
