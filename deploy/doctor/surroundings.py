"""Findings about what a group's instances need: probes, machine type, secrets, the image repository and quotas."""

from collections.abc import Iterator, Sequence
from typing import Final

from deploy.config import Config
from deploy.doctor.finding import Finding, ok, unknown, wrong
from deploy.doctor.firewall import PROBE_RANGES, blocked_ranges
from deploy.doctor.readings import NO_TEMPLATE, Readings, SecretReading, Unread
from deploy.doctor.unread import unread_finding
from deploy.documents.resource import name_of
from deploy.group import preflight
from deploy.group.clock_skew import clock_skew_warnings
from deploy.release.artifact_registry import ArtifactRepository, artifact_repository
from deploy.release.secret_names import SecretName

_DOWNLOAD: Final = "artifactregistry.repositories.downloadArtifacts"
_LIST_IMAGES: Final = "artifactregistry.dockerimages.list"


def firewall_findings(config: Config, readings: Readings) -> Iterator[Finding]:
    """Yield the finding about the firewall rule that lets health-check probes reach the instances."""
    check, base, firewalls = "firewall", readings.template, readings.firewalls
    rules = f"gcloud compute firewall-rules list --project {config.project}"
    if isinstance(base, Unread) or isinstance(firewalls, Unread):
        reading = firewalls if isinstance(firewalls, Unread) else NO_TEMPLATE
        yield unread_finding(check, config, reading, rules)
        return
    health_check = readings.health_check
    port = preflight.health_check_probe(health_check)[1] if isinstance(health_check, dict) else 0
    properties = base.get("properties") or {}
    blocked, network = blocked_ranges(firewalls.rules, properties, port), firewalls.network
    asked = f"port {port}" if port else "the port of the health check"
    if not blocked:
        yield ok(check, f"network '{network}' admits the probes of health checks to {asked}")
    elif firewalls.has_policies:
        yield unknown(
            check,
            f"no rule of network '{network}' admits probes from {', '.join(blocked)} to {asked}; one of its firewall"
            " policies may",
            f"gcloud compute networks get-effective-firewalls {network} --project {config.project}",
        )
    else:
        tags = (properties.get("tags") or {}).get("items") or []
        target = f" --target-tags {tags[0]}" if tags else ""
        yield wrong(
            check,
            f"no rule of network '{network}' admits probes from {', '.join(blocked)} to {asked}",
            f"gcloud compute firewall-rules create {config.group[:40]}-probes --project {config.project} --network"
            f" {network} --allow tcp:{port or 'PORT'} --source-ranges {','.join(PROBE_RANGES)}{target}",
        )


def machine_type_findings(config: Config, readings: Readings) -> Iterator[Finding]:
    """Yield the findings about the template's machine type: each zone of the group that lacks it, or was not read."""
    check, base, machine_types = "machine type", readings.template, readings.machine_types
    zones = ",".join(machine_types) or config.zone
    where = f"--zones {zones}" if zones else f"--filter 'zone ~ ^{config.location.region}-'"
    show = f"gcloud compute machine-types list --project {config.project} {where}"
    if isinstance(base, Unread) or not machine_types:
        yield unread_finding(check, config, NO_TEMPLATE, show)
        return
    name = name_of(str((base.get("properties") or {}).get("machineType", "")))
    for zone, machine_type in machine_types.items():
        if isinstance(machine_type, Unread) and machine_type.is_absent:
            yield wrong(check, f"zone {zone} has no '{name}'", show)
        elif isinstance(machine_type, Unread):
            yield unread_finding(check, config, machine_type, show)
    readable = [zone for zone, machine_type in machine_types.items() if not isinstance(machine_type, Unread)]
    if len(readable) == len(machine_types):
        yield ok(check, f"{_zones(readable)} '{name}'")


def _zones(names: Sequence[str]) -> str:
    return f"zone {names[0]} has" if len(names) == 1 else f"zones {', '.join(names)} have"


def template_quota_findings(config: Config, readings: Readings) -> Iterator[Finding]:
    """Yield the finding about room for another instance template in the project's quota."""
    check, project = "template quota", readings.project
    show = (
        f"gcloud compute project-info describe --project {config.project} --flatten 'quotas[]'"
        " --format 'table(quotas.metric,quotas.usage,quotas.limit)'"
    )
    if isinstance(project, Unread):
        yield unread_finding(check, config, project, show)
        return
    quota = next((row for row in project.get("quotas") or [] if row.get("metric") == "INSTANCE_TEMPLATES"), None)
    if quota is None:
        yield unknown(check, "the project has no quota INSTANCE_TEMPLATES", show)
        return
    used, limit = int(quota.get("usage", 0)), int(quota.get("limit", 0))
    if used < limit:
        yield ok(check, f"{used} of {limit} instance templates are used")
    else:
        yield wrong(check, f"{used} of {limit} instance templates are used: prune, or delete unused ones", show)


def secret_findings(config: Config, readings: Readings) -> Iterator[Finding]:
    """Yield a finding for each secret that no instance could read, or one about all of them."""
    check = "secrets"
    if isinstance(readings.template, Unread):
        yield unread_finding(check, config, NO_TEMPLATE, f"gcloud secrets list --project {config.project}")
        return
    findings = [
        finding
        for name, reading in sorted(readings.secrets.items())
        for finding in _secret_findings(config, name, reading)
    ]
    yield from findings
    if not readings.secrets:
        yield ok(check, "the metadata names none")
    elif not findings:
        names = ", ".join(map(str, sorted(readings.secrets)))
        yield ok(check, f"{names}: each has an enabled version")


def _secret_findings(config: Config, secret_name: SecretName, reading: SecretReading) -> Iterator[Finding]:
    check, name, project = "secrets", secret_name.name, secret_name.project
    where = f"{name} --project {project}"
    secret, version = reading.secret, reading.version
    if isinstance(secret, Unread) and secret.is_absent:
        command = f"gcloud secrets create {where} --replication-policy automatic"
        yield wrong(check, f"'{name}' does not exist in project {project}", command)
    elif isinstance(version, Unread) and version.is_absent and secret_name.version != "latest":
        yield wrong(check, f"'{name}' has no version {secret_name.version}", f"gcloud secrets versions list {where}")
    elif isinstance(version, Unread) and version.is_absent:
        command = f'printf %s "$VALUE" | gcloud secrets versions add {where} --data-file -'
        yield wrong(check, f"'{name}' has no version", command)
    elif isinstance(version, Unread):
        yield unread_finding(check, config, version, f"gcloud secrets versions list {where}")
    elif version.get("state") != "ENABLED":
        number = name_of(str(version.get("name", "")))
        text = f"version {number} of '{name}' is {version.get('state')}"
        add = f'printf %s "$VALUE" | gcloud secrets versions add {where} --data-file -'
        enable = f"gcloud secrets versions enable {number} --secret {where}"
        yield wrong(check, text, enable if version.get("state") == "DISABLED" else add)


def repository_findings(config: Config, readings: Readings) -> Iterator[Finding]:
    """Yield the findings about the image repository, and about this login's permission to read it."""
    check, place = "repository", artifact_repository(config.repository)
    if place is None:
        show = f"skopeo list-tags docker://{config.repository}"
        if readings.registry is None:
            yield ok(check, f"{config.registry} accepts this login")
        elif readings.registry.fix:  # the registry has answered, and refused
            yield wrong(check, f"{readings.registry.text} Fix: {readings.registry.fix}", show)
        else:
            yield unread_finding(check, config, readings.registry, show)
        return
    show = f"gcloud artifacts repositories describe {place.flags}"
    document = readings.repository
    if isinstance(document, Unread) and document.is_absent:
        command = f"gcloud artifacts repositories create {place.flags} --repository-format docker"
        yield wrong(check, f"'{place.name}' does not exist in {place.location} of project {place.project}", command)
    elif isinstance(document, Unread):
        yield unread_finding(check, config, document, show)
        if not isinstance(readings.missing_repository_permissions, Unread):
            yield from _download_findings(config, readings, place)
    elif document and document.get("format") != "DOCKER":
        yield wrong(check, f"'{place.name}' has the format {document.get('format')}, and images need DOCKER", show)
    else:
        findings = list(_download_findings(config, readings, place))
        yield from findings or [ok(check, f"'{place.name}' is for images, and this login may read it")]


def _download_findings(config: Config, readings: Readings, place: ArtifactRepository) -> Iterator[Finding]:
    missing = readings.missing_repository_permissions
    policy = f"gcloud artifacts repositories get-iam-policy {place.flags}"
    if isinstance(missing, Unread):
        yield unread_finding("repository", config, missing, policy)
    elif _DOWNLOAD in missing:
        yield wrong(
            "repository",
            f"the account lacks {_DOWNLOAD} on '{place.name}'",
            f"gcloud artifacts repositories add-iam-policy-binding {place.flags} --member {readings.member}"
            " --role roles/artifactregistry.reader",
        )
    elif _LIST_IMAGES in missing:
        yield unknown(
            "repository",
            f"a rollout works without {_LIST_IMAGES} on '{place.name}', but `prune --images` needs it;"
            " roles/artifactregistry.reader has it",
            policy,
        )


def clock_findings(readings: Readings) -> Iterator[Finding]:
    """Yield the finding about this computer's clock."""
    check, ahead_s = "clock", readings.clock_ahead_s
    show = "date -u; curl -sI https://compute.googleapis.com | grep -i ^date"
    warnings = clock_skew_warnings(ahead_s) if ahead_s is not None else ()
    for text in warnings:
        yield wrong(check, text, show)
    if ahead_s is None:
        yield unknown(check, "Compute Engine has not answered", show)
    elif not warnings:
        yield ok(check, f"{abs(ahead_s):.0f} s from Compute Engine's")
