"""A managed instance group over REST: the one place that builds Compute Engine's paths of a group and its instances."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deploy.compute_engine.client import Compute
from deploy.compute_engine.operations import OperationResult
from deploy.documents import validation
from deploy.documents.group_state import Group, Instance, health_check_of, parse_group
from deploy.documents.location import Location
from deploy.documents.resource import Document, name_of
from deploy.errors import CloudError, NotAllowedError, RefusedError
from deploy.retry import NOT_FOUND, TransientError


@dataclass(frozen=True)
class ManagedGroup:
    """
    A group of one zone or one region.

    Args:
        compute: API of the project that has the group.
        location: zone or region of the group.
        name: name of the group.
    """

    compute: Compute
    location: Location
    name: str

    @property
    def _path(self) -> str:
        return f"{self.location.path}/instanceGroupManagers/{self.name}"

    def get(self, within_s: float | None = None) -> Document:
        """
        Read the document of the group.

        Args:
            within_s: seconds that the read may take, retries included; None for the budget of every request.

        Raises:
            CloudError: the group is absent, or can't be read.
            NotAllowedError: the account may not read the group.
        """
        return self.compute.get(self._path, within_s=within_s, check=validation.group_check(self.name, self.location))

    def patch(self, body: Document) -> OperationResult:
        """
        Patch the group, and wait for the operation.

        Args:
            body: members to change; its fingerprint must be the group's.

        Raises:
            CloudError: Compute Engine refused the PATCH; status 412 if the fingerprint is no longer the group's.
            NotAllowedError: the account may not change the group.
        """
        return self.compute.wait(self.compute.write("PATCH", self._path, body))

    def list_instances(self) -> list[Document]:
        """List the managed instances of the group, those that are being created or deleted included."""
        return list(self.compute.items(f"{self._path}/listManagedInstances", "managedInstances", "POST"))

    def list_errors(self, within_s: float) -> Iterator[Document]:
        """
        Yield the errors of the group's latest attempts.

        Args:
            within_s: seconds that a page may take, retries included.
        """
        return self.compute.items(f"{self._path}/listErrors", within_s=within_s)

    def serial_port(self, instance: Instance, within_s: float) -> str:
        """
        Read the serial port of an instance, in the zone of the instance.

        Args:
            instance: the instance.
            within_s: seconds that the read may take, retries included.
        """
        path = f"zones/{instance.zone}/instances/{instance.name}/serialPort"
        return str(self.compute.get(path, within_s=within_s).get("contents", ""))

    def guest_attributes(self, instance: Instance, namespace: str, within_s: float) -> Any:
        """
        Read a namespace of an instance's guest attributes, by one attempt; empty if nothing was written into it.

        Args:
            instance: the instance.
            namespace: name of the namespace.
            within_s: seconds that the read may take; it is not repeated, because Google limits these reads.
        """
        path = f"zones/{instance.zone}/instances/{instance.name}/getGuestAttributes"
        try:
            document = self.compute.get(path, {"queryPath": f"{namespace}/"}, within_s, is_retried=False)
        except CloudError as error:
            if error.status == NOT_FOUND:
                return []
            raise
        value = document.get("queryValue")
        return value.get("items") if isinstance(value, dict) else []

    def list_autoscalers(self) -> list[Document]:
        """List the autoscalers of the zone or region, those of other groups included."""
        return list(self.compute.items(f"{self.location.path}/autoscalers"))

    def get_region(self) -> Document:
        """Read the document of the region, with its quotas."""
        return self.compute.get(f"regions/{self.location.region}", check=validation.check_region)

    def get_health_check(self, document: Mapping[str, Any]) -> Document | None:
        """
        Read the health check that the group repairs by, wherever it is: it may be regional, or of a legacy kind.

        Args:
            document: document of the group.

        Returns:
            The health check; None if the group has none, or the health check is absent.
        """
        link = health_check_of(document)
        if not link:
            return None
        path = link.partition("/projects/")[2].partition("/")[2] or link
        try:
            return self.compute.get(path, check=validation.resource_check("healthChecks", name_of(path)))
        except CloudError as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def read(self) -> Group:
        """
        Read the group and its instances.

        Raises:
            RefusedError: the zone or region has no such group.
            CloudError: the group can't be read.
            NotAllowedError: the account may not read the group.
        """
        try:
            document = self.get()
        except CloudError as error:
            if error.status == NOT_FOUND:
                raise self._absence() from error
            raise
        rows = self.list_instances()
        state = parse_group(document, rows)
        if state.is_stable and state.target_size and not rows:
            # A group without instances has an empty list too, but a stable group has as many as its target size.
            where = f"POST {self.compute.project}/{self._path}/listManagedInstances"
            raise TransientError(f"{where}: no row of {state.target_size}")
        return state

    def _absence(self) -> RefusedError:
        """Return the error for a group that the location does not have; a group of that name elsewhere is named."""
        text = f"group '{self.name}': not found in {self.location} of project {self.compute.project}"
        try:
            documents = [document for document in list_groups(self.compute) if document.get("name") == self.name]
        except (CloudError, NotAllowedError):
            documents = []
        others = [location for document in documents if (location := Location.of(document))]
        if not others:
            fix = f"correct `group`, `{self.location.kind}` or `project` in the environment file"
            return RefusedError(f"{text}.", fix)
        other, names = others[0], " and ".join(map(str, others))
        fix = f"set `{other.kind}: {other.name}` in the environment file"
        if other.kind != self.location.kind:
            fix += f" in place of `{self.location.kind}`"
        return RefusedError(f"{text}; a group of that name is in {names}.", fix)


def list_groups(compute: Compute) -> list[Document]:
    """List the groups of all zones and regions of a project."""
    return [
        document
        for page in compute.pages("aggregated/instanceGroupManagers", validation.check_group_page)
        for scope in page.get("items", {}).values()
        for document in scope.get("instanceGroupManagers", [])
    ]
