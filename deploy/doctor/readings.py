"""What `doctor` has read: each value, or the reason why it could not be read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from deploy.analysis.reading import Answer
from deploy.documents.group_state import Group
from deploy.documents.resource import Document
from deploy.group.quotas import Quota
from deploy.release.secret_names import SecretName


@dataclass(frozen=True)
class Unread:
    """
    A read that gave no value.

    Args:
        text: why it could not be read.
        fix: one action, or empty.
        is_absent: whether the answer was that there is no such resource.
        service: API that the project does not enable, such as `secretmanager.googleapis.com`; empty if it does.
        lacks_quota_project: whether the login needs a quota project for this read.
    """

    text: str
    fix: str = ""
    is_absent: bool = False
    service: str = ""
    lacks_quota_project: bool = False


@dataclass(frozen=True)
class SecretReading:
    """
    A secret that the template's metadata names.

    Args:
        secret: document of the secret.
        version: document of the version that the script reads.
    """

    secret: Document | Unread
    version: Document | Unread


@dataclass(frozen=True)
class NetworkFirewalls:
    """
    The effective firewalls of a network.

    Args:
        network: name of the network.
        rules: firewall rules of the network itself.
        has_policies: whether firewall policies apply beside them.
    """

    network: str
    rules: tuple[Document, ...]
    has_policies: bool


NO_LOGIN = Unread("there is no login")
NO_GROUP = Unread("the group was not read")
NO_TEMPLATE = Unread("the template of the group was not read")


@dataclass(frozen=True, kw_only=True)
class Readings:
    """
    Everything that `doctor` has read.

    Args:
        account: account that is logged in, and its credential file; empty where the emulator requires no login.
        member: the account as IAM names it, `serviceAccount:EMAIL` or `user:EMAIL`.
        services: state of each required API, by name.
        missing_permissions: required permissions that the account does not have on the project.
        missing_optional_permissions: those that the account does not have, and that a rollout can do without.
        ungranted_instance_permissions: permissions of the dry run that the account does not have on the whole project.
        group: the group.
        health_check: health check that the group repairs by; None if the group has none, or the check is absent.
        template: template of the group.
        quotas: quotas of the group's region.
        project: project with its quotas.
        machine_types: machine type of the template, in each zone of the group; empty if the template was not read.
        firewalls: effective firewalls of the template's network.
        act_as: permissions that the account has on each service account of the template, by email.
        secrets: secrets that the template's metadata names.
        repository: image repository in Artifact Registry; None if another registry has the image.
        missing_repository_permissions: permissions that the account does not have on that repository.
        registry: answer of another registry; None if it accepts this login.
        clock_ahead_s: seconds that this computer's clock is ahead of Compute Engine's; None if no answer had a time.
        missing_analysis_permissions: permissions on metrics that the account does not have; empty for a server that is
            not Google's.
        checks: result of each check of the analysis over the group's instances; empty if they were not read.
    """

    account: str | Unread
    member: str = "user:EMAIL"
    services: Mapping[str, str] | Unread = NO_LOGIN
    missing_permissions: tuple[str, ...] | Unread = NO_LOGIN
    missing_optional_permissions: tuple[str, ...] | Unread = ()
    ungranted_instance_permissions: tuple[str, ...] | Unread = NO_LOGIN
    group: Group | Unread = NO_LOGIN
    health_check: Document | Unread | None = NO_GROUP
    template: Document | Unread = NO_GROUP
    quotas: tuple[Quota, ...] | Unread = NO_LOGIN
    project: Document | Unread = NO_LOGIN
    machine_types: Mapping[str, Document | Unread] = field(default_factory=dict)
    firewalls: NetworkFirewalls | Unread = NO_TEMPLATE
    act_as: Mapping[str, frozenset[str] | Unread] = field(default_factory=dict)
    secrets: Mapping[SecretName, SecretReading] = field(default_factory=dict)
    repository: Document | Unread | None = NO_LOGIN
    missing_repository_permissions: tuple[str, ...] | Unread = NO_LOGIN
    registry: Unread | None = NO_LOGIN
    clock_ahead_s: float | None = None
    missing_analysis_permissions: tuple[str, ...] | Unread = ()
    checks: Mapping[str, Answer] = field(default_factory=dict)
