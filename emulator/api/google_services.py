"""
What `doctor` reads of Google's other services: enabled APIs, granted permissions, secrets and image repositories.

The resources are documents of the environment, which a seed names; no request changes them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

from emulator.api.access import Access
from emulator.api.errors import ApiError
from emulator.api.messages import Request, decoded
from emulator.api.service_methods import SERVICE_METHODS, ServiceMethod
from emulator.environment.environment import Environment
from emulator.environment.view import Document

_STATUS: Final = {400: "INVALID_ARGUMENT", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
_MOST_SERVICES: Final = 30


class ServiceError(ApiError):
    """
    A refused request, in the shape of google.rpc.Status, which has no member `errors`.

    Args:
        code: HTTP status
        reason: reason of google.rpc.ErrorInfo; empty if the answer has no details
        message: text for people
        domain: domain of google.rpc.ErrorInfo
        metadata: metadata of google.rpc.ErrorInfo
    """

    def __init__(
        self, code: int, reason: str, message: str, domain: str = "", metadata: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(code, reason, message)
        self._domain = domain
        self._metadata = dict(metadata or {})

    def body(self) -> dict[str, Any]:
        """Return the JSON of the answer."""
        error: dict[str, Any] = {"code": self.code, "message": self.message, "status": _STATUS[self.code]}
        if self.reason:
            error["details"] = [
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": self.reason,
                    "domain": self._domain,
                    "metadata": self._metadata,
                }
            ]
        return {"error": error}


class GoogleServices:
    """
    The methods of services beside Compute Engine that are no part of a login.

    Args:
        environment: environment that has the documents
        access: permissions of all clients
    """

    def __init__(self, environment: Environment, access: Access) -> None:
        self._environment = environment
        self._access = access
        self._handlers: Final[Mapping[str, Callable[[Request, Mapping[str, str]], Document]]] = {
            "cloudresourcemanager.testIamPermissions": self._granted,
            "serviceusage.services.batchGet": self._services,
            "iam.serviceAccounts.testIamPermissions": self._granted_on_account,
            "secretmanager.secrets.get": self._secret,
            "secretmanager.versions.get": self._version,
            "artifactregistry.repositories.get": self._repository,
            "artifactregistry.repositories.testIamPermissions": self._granted_on_repository,
        }

    def result(self, name: str, request: Request, params: Mapping[str, str]) -> Document:
        """
        Return the JSON of an answer.

        Args:
            name: name of a method of SERVICE_METHODS
            request: request
            params: variables of its path

        Raises:
            ApiError: the permission is denied, or the resource is absent
        """
        self._check_permission(SERVICE_METHODS[name], request.path.removeprefix("/v1/"))
        return self._handlers[name](request, params)

    def _check_permission(self, row: ServiceMethod, resource: str) -> None:
        """
        Check the permission of a method.

        Source of the text: googleapis/python-secret-manager issue 389 (2023-01-10).

        Raises:
            ApiError: 403, if it is denied
        """
        if row.permission and not self._access.is_granted(row.permission, resource):
            raise ServiceError(
                403,
                "IAM_PERMISSION_DENIED",
                f"Permission '{row.permission}' denied for resource '{resource}' (or it may not exist).",
                row.service,
                {"permission": row.permission, "resource": resource},
            )

    def _services(self, request: Request, params: Mapping[str, str]) -> Document:
        parent = f"projects/{params['project']}"
        names = [value for key, value in parse_qsl(request.target.partition("?")[2]) if key == "names"]
        wrong = [name for name in names if not name.startswith(f"{parent}/services/")]
        if not 1 <= len(names) <= _MOST_SERVICES or wrong:
            raise ServiceError(400, "", f"names: 1 to {_MOST_SERVICES} services of '{parent}' are allowed.")
        services = [name.rpartition("/")[2] for name in names]
        return {
            "services": [
                {
                    "name": f"{parent}/services/{service}",
                    "config": {"name": service},
                    "state": "DISABLED" if service in self._access.disabled_apis else "ENABLED",
                    "parent": parent,
                }
                for service in services
            ]
        }

    def _granted(self, request: Request, _: Mapping[str, str]) -> Document:
        return self._access.granted(decoded(request.body))

    def _granted_on_account(self, request: Request, params: Mapping[str, str]) -> Document:
        """Source of the text: GoogleCloudPlatform/python-docs-samples issue 10243 (2023-06-14)."""
        account = params["account"]
        project = account.partition("@")[2].removesuffix(".iam.gserviceaccount.com")
        if self._environment.view.document(f"projects/{project}/serviceAccounts/{account}") is None:
            where = f"projects/{params['project']}/serviceAccounts/{account}"
            raise ServiceError(404, "", f"Service account {where} does not exist.")
        return self._access.granted(decoded(request.body))

    def _secret(self, _: Request, params: Mapping[str, str]) -> Document:
        path = f"projects/{params['project']}/secrets/{params['secret']}"
        return self._document(path, f"Secret [{path}] not found.")

    def _version(self, _: Request, params: Mapping[str, str]) -> Document:
        """
        Return a version; `latest` is the newest version, in any state.

        Source: firebase/firebase-tools pull request 3959 (2022-02-03), "not found or has no versions";
        google-github-actions/get-secretmanager-secrets issue 268 (2023-07-27), `latest` names a destroyed version.
        """
        path = f"projects/{params['project']}/secrets/{params['secret']}"
        versions = self._environment.view.collections.get(f"{path}/versions", {})
        number = max(versions, key=int, default="") if params["version"] == "latest" else params["version"]
        return self._document(f"{path}/versions/{number}", f"Secret [{path}] not found or has no versions.")

    def _repository(self, _: Request, params: Mapping[str, str]) -> Document:
        return self._document(_repository_path(params), "Requested entity was not found.")

    def _granted_on_repository(self, request: Request, params: Mapping[str, str]) -> Document:
        self._repository(request, params)
        return self._access.granted(decoded(request.body))

    def _document(self, path: str, message: str) -> Document:
        document = self._environment.view.document(path)
        if document is None:
            raise ServiceError(404, "", message)
        return document


def plant_services(
    environment: Environment,
    project: str,
    *,
    accounts: Sequence[str],
    secrets: Mapping[str, Sequence[str]],
    repositories: Mapping[str, str],
) -> None:
    """
    Write the documents of these services that the environment does not have yet.

    Args:
        environment: environment that gets the documents
        project: name of the project
        accounts: emails of service accounts
        secrets: states of the versions of each secret, oldest first
        repositories: format of each image repository, by `LOCATION/NAME`
    """
    home = f"projects/{project}"
    documents: dict[str, Document] = {f"{home}/serviceAccounts/{email}": {"email": email} for email in accounts}
    for secret, states in secrets.items():
        path = f"{home}/secrets/{secret}"
        documents[path] = {"name": path, "replication": {"automatic": {}}}
        for number, state in enumerate(states, start=1):
            documents[f"{path}/versions/{number}"] = {"name": f"{path}/versions/{number}", "state": state}
    for place, format_ in repositories.items():
        location, _, name = place.partition("/")
        path = f"{home}/locations/{location}/repositories/{name}"
        documents[path] = {"name": path, "format": format_, "mode": "STANDARD_REPOSITORY"}
    for path, document in documents.items():
        if environment.view.document(path) is None:
            environment.put(path, document)


def _repository_path(params: Mapping[str, str]) -> str:
    return f"projects/{params['project']}/locations/{params['location']}/repositories/{params['repository']}"
