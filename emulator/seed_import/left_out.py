"""What an import leaves out, with the reason; a value is never kept."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LeftOut:
    """
    A part of a live group that a seed does not have.

    Args:
        path: path of the part, such as `instanceTemplates.web-1.properties.metadata.items.api-key`
        reason: why the seed does not have it
    """

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"
