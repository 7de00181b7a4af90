"""Findings about the login: the account, the enabled APIs, and the permissions that the account has."""

from collections.abc import Iterator
from dataclasses import fields
from typing import Final

from deploy.config import Config
from deploy.doctor.finding import Finding, ok, unknown, wrong
from deploy.doctor.readings import NO_TEMPLATE, Readings, Unread
from deploy.doctor.unread import unread_finding

ACT_AS: Final = "iam.serviceAccounts.actAs"
_PER_LINE: Final = 6  # permissions in one command, so that a line of the report holds the whole command


def account_findings(readings: Readings) -> Iterator[Finding]:
    """Yield the finding about the account that is logged in."""
    if isinstance(readings.account, Unread):
        text = f"{readings.account.text} Fix: {readings.account.fix}"
        yield wrong("account", text, "gcloud auth application-default login")
    else:
        yield ok("account", readings.account or "none: this emulator requires no login")


def api_findings(config: Config, readings: Readings) -> Iterator[Finding]:
    """Yield a finding for each API that the project does not enable."""
    services = readings.services
    if isinstance(services, Unread):
        for name in sorted(_disabled(readings)):
            yield wrong("APIs", f"{name} is not enabled", f"gcloud services enable {name} --project {config.project}")
        yield unread_finding("APIs", config, services, f"gcloud services list --enabled --project {config.project}")
        return
    disabled = [name for name, state in services.items() if state != "ENABLED"]
    for name in disabled:
        yield wrong("APIs", f"{name} is not enabled", f"gcloud services enable {name} --project {config.project}")
    if not disabled:
        yield ok("APIs", f"{len(services)} enabled")


def _disabled(readings: Readings) -> set[str]:
    """Return the APIs that answered that the project does not enable them."""
    values = [getattr(readings, row.name) for row in fields(readings)]
    values += readings.act_as.values()
    values += [value for secret in readings.secrets.values() for value in (secret.secret, secret.version)]
    return {value.service for value in values if isinstance(value, Unread) and value.service}


def permission_findings(config: Config, readings: Readings) -> Iterator[Finding]:
    """Yield the findings about permissions on the project."""
    check, missing, optional = "permissions", readings.missing_permissions, readings.missing_optional_permissions
    if isinstance(missing, Unread):
        yield unread_finding(check, config, missing, _policy_command(config, readings))
        return
    for names in (missing[first : first + _PER_LINE] for first in range(0, len(missing), _PER_LINE)):
        yield wrong(
            check,
            f"{len(names)} missing on the project; ROLE is the first role of mig-deploy's docs/permissions.md",
            f"gcloud iam roles update ROLE --project {config.project} --add-permissions {','.join(names)}",
        )
    if isinstance(optional, Unread):
        yield unread_finding(check, config, optional, _policy_command(config, readings))
    elif optional:
        yield unknown(
            check,
            f"a rollout works without {' and '.join(optional)}, but deploy reads fewer of these: quotas, boot phases,"
            " the serial port of a failed instance, and the instances and project metadata that `prune --images` reads;"
            " the first role of mig-deploy's docs/permissions.md has all",
            _policy_command(config, readings),
        )
    elif not missing:
        yield ok(check, "every required one on the project")


def instance_permission_findings(config: Config, readings: Readings) -> Iterator[Finding]:
    """Yield the finding about the permissions of the dry run by which a PATCH to another template is checked."""
    check, ungranted = "dry run", readings.ungranted_instance_permissions
    if isinstance(ungranted, Unread):
        yield unread_finding(check, config, ungranted, _policy_command(config, readings))
    elif ungranted:
        yield unknown(
            check,
            f"{', '.join(name.removeprefix('compute.') for name in ungranted)} of compute are not granted on the whole"
            " project; a grant under a condition on names that end in -0000 is enough, and is not reported",
            _policy_command(config, readings),
        )
    else:
        yield ok(check, "the account may create the instances of a template")


def act_as_findings(config: Config, readings: Readings) -> Iterator[Finding]:
    """Yield a finding for each service account of the template."""
    check = "service account"
    if isinstance(readings.template, Unread):
        yield unread_finding(check, config, NO_TEMPLATE, f"gcloud iam service-accounts list --project {config.project}")
        return
    if not readings.act_as:
        yield ok(check, "the template has none")
    for email, granted in readings.act_as.items():
        policy = f"gcloud iam service-accounts get-iam-policy {email} --project {config.project}"
        if isinstance(granted, Unread) and granted.is_absent:
            command = f"gcloud iam service-accounts list --project {config.project}"
            yield wrong(check, f"'{email}' does not exist", command)
        elif isinstance(granted, Unread):
            yield unread_finding(check, config, granted, policy)
        elif ACT_AS in granted:
            yield ok(check, f"the account may act as '{email}'")
        else:
            yield wrong(
                check,
                f"the account lacks {ACT_AS} on '{email}'",
                f"gcloud iam service-accounts add-iam-policy-binding {email} --project {config.project}"
                f" --member {readings.member} --role roles/iam.serviceAccountUser",
            )


def _policy_command(config: Config, readings: Readings) -> str:
    """Return the command that shows the account's roles on the project with their conditions."""
    return (
        f"gcloud projects get-iam-policy {config.project} --flatten 'bindings[]'"
        f" --filter bindings.members:{readings.member} --format 'table(bindings.role,bindings.condition.expression)'"
    )
