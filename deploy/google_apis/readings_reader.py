"""Reads everything that `doctor` judges, independent reads side by side; nothing is written, and no error ends it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, TypeVar

from deploy.analysis_settings import READ_PERMISSION
from deploy.compute_engine.instance_templates import InstanceTemplates
from deploy.compute_engine.managed_group import ManagedGroup
from deploy.compute_engine.permissions import INSTANCE_PERMISSIONS, OPTIONAL_PERMISSIONS, required_permissions
from deploy.config import Config
from deploy.doctor.access import ACT_AS
from deploy.doctor.readings import NetworkFirewalls, Readings, SecretReading, Unread
from deploy.documents import project_shapes
from deploy.documents.canary import serving_version
from deploy.documents.group_state import Group
from deploy.documents.resource import Document, link_of, name_of, project_of
from deploy.documents.validation import shape_check
from deploy.errors import CloudError, DeployError, RefusedError
from deploy.google_apis.client import GoogleApis
from deploy.google_apis.docker_images import LIST_PERMISSION
from deploy.google_apis.required_services import REQUIRED_SERVICES
from deploy.group.quotas import parse_quotas
from deploy.parallel import side_by_side
from deploy.prometheus.checks_reader import ChecksReader
from deploy.release import template as templates
from deploy.release.artifact_registry import artifact_repository
from deploy.release.secret_names import SecretName, secret_names
from deploy.retry import NOT_FOUND
from lib.disabled_apis import disabled_api, lacks_quota_project

_REPOSITORY_PERMISSIONS: Final = ("artifactregistry.repositories.downloadArtifacts", LIST_PERMISSION)
_PROJECT: Final = shape_check(project_shapes.ProjectDocument)
_MACHINE_TYPE: Final = shape_check(project_shapes.MachineTypeDocument)
_FIREWALLS: Final = shape_check(project_shapes.EffectiveFirewalls)
_SERVICES: Final = shape_check(project_shapes.ServiceStates)
_NAMED: Final = shape_check(project_shapes.NamedDocument)
_WITHIN_S: Final = 15.0  # for one read of Compute Engine with its retries
_Key = TypeVar("_Key")
RunReads = Callable[[Sequence[Callable[[], Any]]], list[Any]]


@dataclass(frozen=True)
class ReadingsReader:
    """
    The reads of `doctor`.

    Args:
        config: names of the environment.
        managed: the group.
        apis: Google's APIs beside Compute Engine.
        check_registry: checks that the registry of a repository accepts this login; called if Artifact Registry has
            not the image.
        run_reads: makes independent reads, and returns their results in order.
        checks: reads of the analysis; None for an environment without one.
    """

    config: Config
    managed: ManagedGroup
    apis: GoogleApis
    check_registry: Callable[[str], None]
    run_reads: RunReads = side_by_side
    checks: ChecksReader | None = None

    def read(self, account: str, member: str) -> Readings:
        """
        Read the project, the group, what the group and its template name, and the repository of the environment.

        Args:
            account: account that is logged in, and its credential file.
            member: the account as IAM names it.
        """
        return self.read_repository(self.read_group(account, member), self.config.repository)

    def read_group(self, account: str, member: str) -> Readings:
        """Read everything but the repository; arguments of `read`."""
        compute = self.managed.compute
        missing = partial(self._missing, "cloudresourcemanager", f"projects/{self.config.project}")
        reads: dict[str, Callable[[], Any]] = {
            "group": self.managed.read,
            "services": self._services,
            "missing_permissions": lambda: missing(required_permissions(self.managed.location)),
            "missing_optional_permissions": lambda: missing(OPTIONAL_PERMISSIONS),
            "ungranted_instance_permissions": lambda: missing(INSTANCE_PERMISSIONS),
            "quotas": lambda: parse_quotas(self.managed.get_region()),
            "project": lambda: compute.get("", within_s=_WITHIN_S, check=_PROJECT),
        }
        readings = Readings(account=account, member=member, **self._read_all(reads))
        readings = replace(readings, **self._of_group(readings.group), **self._of_analysis(readings.group))
        readings = replace(readings, **self._of_template(readings.group, readings.template, readings.project))
        clock = compute.server_clock
        return replace(readings, clock_ahead_s=clock.ahead_s if clock.is_known else None)

    def read_repository(self, readings: Readings, repository: str) -> Readings:
        """
        Return readings with those of an image repository.

        Args:
            readings: what was read before.
            repository: HOST/PATH of the image.
        """
        place = artifact_repository(repository)
        if place is None:
            return replace(readings, **self._read_all({"registry": lambda: self.check_registry(repository)}))
        reads: dict[str, Callable[[], Any]] = {
            "repository": lambda: self.apis.get("artifactregistry", place.path, _NAMED),
            "missing_repository_permissions": lambda: self._missing(
                "artifactregistry", place.path, _REPOSITORY_PERMISSIONS
            ),
        }
        return replace(readings, **self._read_all(reads))

    def _of_group(self, group: Group | Unread) -> Mapping[str, Any]:
        if isinstance(group, Unread):
            return {}
        return self._read_all(
            {
                "health_check": lambda: self.managed.get_health_check(group.raw),
                "template": lambda: self._template(group),
            }
        )

    def _of_analysis(self, group: Group | Unread) -> Mapping[str, Any]:
        """Read each check of the analysis over the group's instances, and the permission to read Google's metrics."""
        if self.checks is None or isinstance(group, Unread):
            return {}
        project, names = self.checks.analysis.google_project, [row.name for row in group.active_instances]
        reads: dict[str, Callable[[], Any]] = {"checks": partial(self.checks.read_once, names)} if names else {}
        missing = partial(self._missing, "cloudresourcemanager", f"projects/{project}", (READ_PERMISSION,))
        return self._read_all(reads | ({"missing_analysis_permissions": missing} if project else {}))

    def _of_template(
        self, group: Group | Unread, template: Document | Unread, project: Document | Unread
    ) -> Mapping[str, Any]:
        if isinstance(group, Unread) or isinstance(template, Unread):
            return {}
        properties: Document = template.get("properties") or {}
        machine_type = name_of(str(properties.get("machineType", "")))
        secrets = secret_names("\n".join(templates.metadata(template).values()), self.config.project)
        accounts = _accounts(properties, project)
        compute = self.managed.compute
        reads: dict[str | SecretName, Callable[[], Any]] = {
            **{
                f"zone {zone}": partial(
                    compute.get, f"zones/{zone}/machineTypes/{machine_type}", within_s=_WITHIN_S, check=_MACHINE_TYPE
                )
                for zone in group.zones
            },
            "firewalls": partial(self._firewalls, properties),
            **{f"account {email}": partial(self._granted_on_account, email) for email in accounts},
            **{name: partial(self._secret, name) for name in secrets},
        }
        values = self._read_all(reads)
        return {
            "machine_types": {zone: values[f"zone {zone}"] for zone in group.zones},
            "firewalls": values["firewalls"],
            "act_as": {email: values[f"account {email}"] for email in accounts},
            "secrets": {name: values[name] for name in secrets},
        }

    def _read_all(self, reads: Mapping[_Key, Callable[[], Any]]) -> dict[_Key, Any]:
        """Make reads side by side; a read that fails gives the reason."""
        results = self.run_reads([partial(_tried, read) for read in reads.values()])
        return dict(zip(reads, results, strict=True))

    def _services(self) -> dict[str, str]:
        """Return the state of each required API."""
        parent = f"projects/{self.config.project}"
        names = [("names", f"{parent}/services/{service}") for service in REQUIRED_SERVICES]
        rows = self.apis.get("serviceusage", f"{parent}/services:batchGet", _SERVICES, names).get("services") or []
        states = {name_of(str(row.get("name", ""))): str(row.get("state", "")) for row in rows}
        return {service: states.get(service, "") for service in REQUIRED_SERVICES}

    def _missing(self, api: str, path: str, permissions: Sequence[str]) -> tuple[str, ...]:
        granted = self.apis.granted(api, path, permissions)
        return tuple(permission for permission in permissions if permission not in granted)

    def _template(self, group: Group) -> Document | Unread:
        """Read the group's template, which must be a global one of the project, or one of the group's region."""
        serving = serving_version(group)
        link = serving.link if serving else ""
        project, region = f"projects/{self.config.project}", self.config.location.region
        if not link.startswith((f"{project}/global/", f"{project}/regions/{region}/")):
            return Unread(f"the template is neither a global one of the project nor one of {region}", is_absent=True)
        return InstanceTemplates(self.managed.compute).get(link, within_s=_WITHIN_S)

    def _granted_on_account(self, email: str) -> frozenset[str]:
        return self.apis.granted("iam", f"projects/-/serviceAccounts/{email}", (ACT_AS,))

    def _secret(self, name: SecretName) -> SecretReading:
        path = f"projects/{name.project}/secrets/{name.name}"
        return SecretReading(
            _tried(lambda: self.apis.get("secretmanager", path, _NAMED)),
            _tried(lambda: self.apis.get("secretmanager", f"{path}/versions/{name.version}", _NAMED)),
        )

    def _firewalls(self, properties: Document) -> NetworkFirewalls | Unread:
        """Read the effective firewalls of the template's network."""
        link = link_of(self._network((properties.get("networkInterfaces") or [{}])[0]), self.config.project)
        name, project = name_of(link), project_of(link)
        if project != self.config.project:
            return Unread(f"network '{name}' belongs to project {project}")
        path = f"global/networks/{name}/getEffectiveFirewalls"
        document = self.managed.compute.get(path, within_s=_WITHIN_S, check=_FIREWALLS)
        return NetworkFirewalls(name, tuple(document.get("firewalls") or ()), bool(document.get("firewallPolicys")))

    def _network(self, interface: Document) -> str:
        """Return the link of an interface's network, which a template with a subnetwork may leave out."""
        subnetwork = link_of(str(interface.get("subnetwork") or ""), self.config.project)
        if interface.get("network") or not subnetwork:
            return str(interface.get("network") or "global/networks/default")
        path = subnetwork.partition("/")[2].partition("/")[2]
        return str(self.managed.compute.get(path, within_s=_WITHIN_S).get("network", ""))


def _tried(read: Callable[[], Any]) -> Any:
    """Return the result of a read, or the reason of its failure."""
    try:
        return read()
    except RefusedError as error:
        return Unread(error.message, error.fix, is_absent=True)
    except CloudError as error:
        return Unread(error.message, error.fix, is_absent=error.status == NOT_FOUND)
    except DeployError as error:
        text = error.message
        return Unread(text, error.fix, service=disabled_api(text), lacks_quota_project=lacks_quota_project(text))


def _accounts(properties: Document, project: Document | Unread) -> list[str]:
    """Return the emails of a template's service accounts; `default` is the project's own default account."""
    emails = [str(account.get("email", "")) for account in properties.get("serviceAccounts") or []]
    default = "default" if isinstance(project, Unread) else str(project.get("defaultServiceAccount", "default"))
    return [default if email == "default" else email for email in emails]
