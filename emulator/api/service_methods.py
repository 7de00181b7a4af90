"""
Methods of Google's other services that a login or `doctor` calls: routes, services and permissions.

Source of the routes and permissions: the REST references of Resource Manager v1, Service Usage v1, Secret Manager v1,
Artifact Registry v1, IAM v1 and IAM Credentials v1 on docs.cloud.google.com, read on 2026-11-27.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from emulator.api.schema.check import Method


@dataclass(frozen=True)
class ServiceMethod:
    """
    A method of a service beside Compute Engine.

    Args:
        method: method, with the variables of its path
        suffix: text after the last colon of the path; methods with equal paths differ in it
        service: API that the project must enable, such as `iam.googleapis.com`; empty for GitHub's and Google's STS
        permission: permission that the caller needs; empty if the method needs none
    """

    method: Method
    suffix: str = ""
    service: str = ""
    permission: str = ""


def _row(name: str, http: str, service: str = "", permission: str = "") -> ServiceMethod:
    verb, _, path = http.partition(" ")
    bare, _, suffix = path.partition(":")
    method = Method(name, verb, tuple(bare.split("/")), {}, "")
    return ServiceMethod(method, suffix, f"{service}.googleapis.com" if service else "", permission)


_ROWS: Final = (
    _row("github.oidc", "GET github/oidc"),
    _row("sts.token", "POST v1/token"),
    _row(
        "iamcredentials.generateAccessToken",
        "POST v1/projects/{project}/serviceAccounts/{account}:generateAccessToken",
        "iamcredentials",
    ),
    _row(
        "cloudresourcemanager.testIamPermissions",
        "POST v1/projects/{project}:testIamPermissions",
        "cloudresourcemanager",
    ),
    _row(
        "serviceusage.services.batchGet",
        "GET v1/projects/{project}/services:batchGet",
        "serviceusage",
        "serviceusage.services.get",
    ),
    _row(
        "iam.serviceAccounts.testIamPermissions",
        "POST v1/projects/{project}/serviceAccounts/{account}:testIamPermissions",
        "iam",
    ),
    _row(
        "secretmanager.secrets.get",
        "GET v1/projects/{project}/secrets/{secret}",
        "secretmanager",
        "secretmanager.secrets.get",
    ),
    _row(
        "secretmanager.versions.get",
        "GET v1/projects/{project}/secrets/{secret}/versions/{version}",
        "secretmanager",
        "secretmanager.versions.get",
    ),
    _row(
        "artifactregistry.repositories.get",
        "GET v1/projects/{project}/locations/{location}/repositories/{repository}",
        "artifactregistry",
        "artifactregistry.repositories.get",
    ),
    _row(
        "artifactregistry.repositories.testIamPermissions",
        "POST v1/projects/{project}/locations/{location}/repositories/{repository}:testIamPermissions",
        "artifactregistry",
    ),
)
SERVICE_METHODS: Final[Mapping[str, ServiceMethod]] = {row.method.name: row for row in _ROWS}
