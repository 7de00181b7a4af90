"""The global instance templates of a project over REST: the one place that builds their paths."""

from dataclasses import dataclass
from typing import Final

from deploy.compute_engine.client import Compute
from deploy.compute_engine.operations import OperationResult
from deploy.documents import validation
from deploy.documents.resource import Document

_COLLECTION: Final = "global/instanceTemplates"


@dataclass(frozen=True)
class InstanceTemplates:
    """
    The templates of one project.

    Args:
        compute: API of the project.
    """

    compute: Compute

    def list_all(self) -> list[Document]:
        """List every template."""
        return list(self.compute.items(_COLLECTION))

    def get(self, name: str, within_s: float | None = None) -> Document:
        """
        Read a template.

        Args:
            name: name or numeric id of the template.
            within_s: seconds that the read may take, retries included; None for the budget of every request.

        Raises:
            CloudError: the template is absent, or can't be read.
            NotAllowedError: the account may not read templates.
        """
        check = validation.resource_check("instanceTemplates", name)
        return self.compute.get(f"{_COLLECTION}/{name}", within_s=within_s, check=check)

    def insert(self, body: Document) -> OperationResult:
        """
        Insert a template, and wait for the operation.

        Raises:
            CloudError: Compute Engine refused the template.
            NotAllowedError: the account may not insert templates.
        """
        return self.compute.wait(self.compute.write("POST", _COLLECTION, body))

    def delete(self, name: str) -> OperationResult:
        """
        Delete a template, and wait for the operation.

        Raises:
            CloudError: Compute Engine refused the deletion, or the template is absent.
            NotAllowedError: the account may not delete templates.
        """
        return self.compute.wait(self.start_deletion(name))

    def start_deletion(self, name: str) -> Document:
        """Delete a template without waiting, and return the operation; the errors are those of `delete`."""
        return self.compute.write("DELETE", f"{_COLLECTION}/{name}", None)
