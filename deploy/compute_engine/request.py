"""A request for a resource of a project, and how long one exchange with the API may take."""

from dataclasses import dataclass
from typing import Final

from deploy.documents import validation
from deploy.documents.resource import Document
from deploy.documents.validation import Check

EXCHANGE_S: Final = 30.0
# operations.wait holds its request until the operation is done, for up to two minutes. Source: google-cloud-compute
# 1.57.0, ZoneOperationsClient.wait, read on 2026-11-23.
WAIT_EXCHANGE_S: Final = 130.0
_SHORTEST_EXCHANGE_S: Final = 0.5  # for an exchange that begins at the end of its budget


@dataclass(frozen=True)
class Request:
    """
    A request for a resource of a project.

    Args:
        verb: HTTP method.
        project: name of the project.
        path: path of the resource below the project.
        params: parameters of the query.
        body: document to send; None for no body.
        check: check of the answer.
        within_s: seconds that the request may take, retries included; None for the budget of every request.
        is_retried: whether the request is sent again after a transient error.
        longest_exchange_s: seconds after which an attempt without an answer is over.
    """

    verb: str
    project: str
    path: str
    params: dict[str, str] | None = None
    body: Document | None = None
    check: Check = validation.check_object
    within_s: float | None = None
    is_retried: bool = True
    longest_exchange_s: float = EXCHANGE_S

    @property
    def where(self) -> str:
        """The method and the resource, for messages."""
        return f"{self.verb} {self.project}/{self.path}"

    def exchange_s(self, left_s: float) -> float:
        """Return the seconds of an attempt that begins when some seconds of the request's budget are left."""
        if self.within_s is None:
            return self.longest_exchange_s
        return max(_SHORTEST_EXCHANGE_S, min(self.longest_exchange_s, left_s))
