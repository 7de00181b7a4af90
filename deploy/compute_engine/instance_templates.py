"""The instance templates of a project over REST: the one place that builds their paths."""

from dataclasses import dataclass
from typing import Final

from deploy.compute_engine.client import Compute
from deploy.compute_engine.operations import OperationResult
from deploy.documents import validation
from deploy.documents.resource import Document, name_of

_COLLECTION: Final = "instanceTemplates"


@dataclass(frozen=True)
class InstanceTemplates:
    """
    The templates of one project: global ones, and those of its regions.

    Every template is named by its link, `projects/P/global/instanceTemplates/NAME` or
    `projects/P/regions/R/instanceTemplates/NAME`.

    Args:
        compute: API of the project.
    """

    compute: Compute

    def list_global(self) -> list[Document]:
        """List the global templates."""
        return list(self.compute.items(f"global/{_COLLECTION}"))

    def list_regional(self, region: str) -> list[Document]:
        """List the templates of a region."""
        return list(self.compute.items(f"regions/{region}/{_COLLECTION}"))

    def list_all(self, region: str) -> list[Document]:
        """
        List the global templates, and those of a region.

        A group may be set from templates of the one kind to those of the other; its releases are in both.
        """
        return [*self.list_global(), *self.list_regional(region)]

    def get(self, link: str, within_s: float | None = None) -> Document:
        """
        Read a template.

        Args:
            link: link of the template, by its name or numeric id.
            within_s: seconds that the read may take, retries included; None for the budget of every request.

        Raises:
            CloudError: the template is absent, or can't be read.
            NotAllowedError: the account may not read templates.
        """
        check = validation.resource_check(_COLLECTION, name_of(link))
        return self.compute.get(self._path(link), within_s=within_s, check=check)

    def insert(self, link: str, body: Document) -> OperationResult:
        """
        Insert a template, and wait for the operation.

        Args:
            link: link that the template is to have.
            body: document of the template.

        Raises:
            CloudError: Compute Engine refused the template.
            NotAllowedError: the account may not insert templates.
        """
        collection = self._path(link).rpartition("/")[0]
        return self.compute.wait(self.compute.write("POST", collection, body))

    def start_deletion(self, link: str) -> Document:
        """
        Delete a template without waiting, and return the operation.

        Raises:
            CloudError: Compute Engine refused the deletion, or the template is absent.
            NotAllowedError: the account may not delete templates.
        """
        return self.compute.write("DELETE", self._path(link), None)

    def _path(self, link: str) -> str:
        return link.removeprefix(f"projects/{self.compute.project}/")
