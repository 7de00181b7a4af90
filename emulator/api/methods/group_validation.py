"""The rules that Compute Engine checks before it stores the write of a group."""

from typing import Final

from emulator.api.calls import Call
from emulator.api.errors import forbidden, invalid, not_acted_on, required
from emulator.api.methods.instance_permissions import instance_permissions
from emulator.api.methods.unsupported_fields import GROUP, check_supported
from emulator.environment.autoscaling import autoscaler_of, mode_of
from emulator.environment.group_settings import has_target_size
from emulator.environment.links import canonical, name_of
from emulator.environment.location import Location, location_of
from emulator.environment.view import Document

_PERCENT_FROM: Final = 10  # instances; in a smaller group, surge and unavailable cannot be percentages


def check_group(call: Call, path: str, document: Document) -> None:
    """
    Check a group's whole document.

    Raises:
        ApiError: 400, if a field is invalid; it names the field. Source of each rule: gcloud 528, google-cloud-compute
            1.57.0 and public reports
    """
    size, location = document.get("targetSize", 0), location_of(path, document)
    if not 0 <= size <= location.most_instances:
        raise invalid("resource.targetSize", size, f"Must be from 0 to {location.most_instances}.")
    _check_standby(document)
    if len(document["baseInstanceName"]) > 58:
        raise invalid("resource.baseInstanceName", document["baseInstanceName"], "Must be at most 58 characters long.")
    unknown = [note.removeprefix("unknown field ") for note in call.notes if note.startswith("unknown field ")]
    if unknown:
        raise not_acted_on(unknown[0], "...")
    check_supported(document, GROUP)
    _check_versions(call, document, location)
    _check_policy(document, size, location)
    _check_redistribution(call, path, document)
    _check_healing(call, document, location)
    _check_instance_creation(call, path, document)


def _check_versions(call: Call, document: Document, location: Location) -> None:
    versions = document.get("versions")
    if not versions:
        raise required("resource.instanceTemplate")
    if len(versions) > 2:
        raise invalid("resource.versions", len(versions), "At most 2 versions are allowed.")
    for index, version in enumerate(versions):
        where = f"resource.versions[{index}]"
        template = canonical(version.get("instanceTemplate") or "", call.project)
        if call.environment.view.get(template) is None:
            why = "The referenced instance template resource cannot be found."
            raise invalid(f"{where}.instanceTemplate", version.get("instanceTemplate"), why)
        _check_region(f"{where}.instanceTemplate", template, location)
        longest = call.environment.options.version_name_length
        if len(version.get("name") or "") > longest:
            raise invalid(f"{where}.name", version["name"], f"Must be at most {longest} characters long.")
        _check_target_size(f"{where}.targetSize", version.get("targetSize") or {})
    open_ended = [version for version in versions if not has_target_size(version)]
    if len(open_ended) != 1:
        raise invalid("resource.versions", len(open_ended), "Exactly one version must leave its targetSize out.")
    keys = [(name_of(version["instanceTemplate"]), version.get("name", "")) for version in versions]
    names = [version["name"] for version in versions if version.get("name")]
    if len(set(keys)) < len(keys) or len(set(names)) < len(names):
        raise invalid("resource.versions", names, "Versions must differ, and their names be unique.")


def _check_target_size(field: str, target_size: Document) -> None:
    """
    Check the target size of a version.

    Source: google-cloud-compute 1.57.0: a percentage is 0 to 100, and a fixed number may exceed the group's size;
    Terraform's provider: one conflicts with the other, and its issue 14826 has a fixed number of 0. Read on 2026-11-27.
    """
    fixed, percent = target_size.get("fixed"), target_size.get("percent")
    if fixed is not None and percent is not None:
        raise invalid(field, target_size, "Only one of fixed and percent can be set.")
    if percent is not None and not 0 <= percent <= 100:
        raise invalid(f"{field}.percent", percent, "Must be from 0 to 100.")
    if fixed is not None and fixed < 0:
        raise invalid(f"{field}.fixed", fixed, "Must not be negative.")


def _check_region(field: str, path: str, location: Location) -> None:
    """
    Check that a regional resource, which a group names, is in the group's own region.

    Source: Compute Engine, "Instance templates": a regional template is for the region in which it was created; the
    text of the refusal is the emulator's own.
    """
    region = path.partition("/regions/")[2].partition("/")[0]
    if region and region != location.region:
        raise invalid(field, path, f"Must be global, or in the region '{location.region}' of the group.")


def _check_policy(document: Document, size: int, location: Location) -> None:
    policy = document["updatePolicy"]
    zones = len(location.zones)
    amounts = {}
    for key in ("maxSurge", "maxUnavailable"):
        where, value = f"resource.updatePolicy.{key}", policy.get(key) or {}
        fixed, percent = value.get("fixed"), value.get("percent")
        if fixed is not None and percent is not None:
            raise invalid(where, value, "Only one of fixed and percent can be set.")
        if percent is not None and not 0 <= percent <= 100:
            raise invalid(f"{where}.percent", percent, "Must be from 0 to 100.")
        if percent is not None and size < _PERCENT_FROM:
            raise invalid(f"{where}.percent", percent, "Percentages need a group of 10 or more instances.")
        if fixed is not None and fixed < 0:
            raise invalid(f"{where}.fixed", fixed, "Must not be negative.")
        if fixed and fixed < zones:
            why = (
                f"Fixed updatePolicy.{key} for regional managed instance group has to be either 0"
                " or at least equal to the number of zones."
            )
            raise invalid(f"{where}.fixed", fixed, why)
        amounts[key] = fixed if fixed is not None else percent or 0
    if not any(amounts.values()):
        raise invalid("resource.updatePolicy.maxUnavailable", 0, "maxSurge and maxUnavailable must not both be 0.")
    if policy["replacementMethod"] == "RECREATE" and amounts["maxSurge"]:
        raise invalid(
            "resource.updatePolicy.maxSurge",
            amounts["maxSurge"],
            "maxSurge must be 0 when replacementMethod is RECREATE.",
        )
    stateful = document.get("statefulPolicy", {}).get("preservedState", {}).get("disks")
    if stateful and (amounts["maxSurge"] or policy["replacementMethod"] != "RECREATE"):
        raise invalid(
            "resource.updatePolicy.maxSurge", amounts["maxSurge"], "A stateful group needs maxSurge 0 and RECREATE."
        )


def _check_redistribution(call: Call, path: str, document: Document) -> None:
    """
    Check that a group that is scaled in both directions redistributes its instances.

    Source: Compute Engine, "Autoscaling groups of instances", as quoted in the module compute-mig of
    GoogleCloudPlatform/cloud-foundation-fabric: "To scale in and out, you must enable proactive instance
    redistribution", read on 2026-11-27; the text of the refusal is the emulator's own.
    """
    autoscaler = autoscaler_of(call.environment.view, path)
    scales = autoscaler is not None and mode_of(autoscaler) == "ON"
    if scales and document["updatePolicy"].get("instanceRedistributionType") == "NONE":
        why = "The group is autoscaled; its instances must be redistributed proactively."
        raise invalid("resource.updatePolicy.instanceRedistributionType", "NONE", why)


def _check_healing(call: Call, document: Document, location: Location) -> None:
    policies = document.get("autoHealingPolicies") or []
    if len(policies) > 1:
        raise invalid("resource.autoHealingPolicies", len(policies), "At most one policy is allowed.")
    for policy in policies:
        delay = policy.get("initialDelaySec", 0)
        if not 0 <= delay <= 3600:
            raise invalid("resource.autoHealingPolicies[0].initialDelaySec", delay, "Must be from 0 to 3600.")
        link = policy.get("healthCheck")
        field = "resource.autoHealingPolicies[0].healthCheck"
        if link and call.environment.view.get(canonical(link, call.project)) is None:
            raise invalid(field, link, "The referenced health check cannot be found.")
        _check_region(field, canonical(link or "", call.project), location)


def _check_instance_creation(call: Call, path: str, document: Document) -> None:
    """
    Check by a dry run that the caller may create an instance of each template that is new to the group.

    Source: a role of upwindsecurity/terraform-google-onboarding (modules/_shared/iam/roles.tf, 2026-04-09) with the
    condition `resource.name.endsWith('-0000')`: "Upgrading templates performs a 'dry-run' of instance creation".
    """
    stored = call.environment.view.get(path)
    if call.environment.options.instance_check not in ("both", "patch" if stored else "insert"):
        return
    before = {version["instanceTemplate"] for version in stored["versions"]} if stored else set()
    links = dict.fromkeys(version["instanceTemplate"] for version in document["versions"])
    needed = [
        row
        for link in links
        if link not in before
        for row in instance_permissions(call.environment.view.get(canonical(link)) or {}, path, document)
    ]
    missing = [row for row in dict.fromkeys(needed) if not call.is_granted(*row)]
    if missing:
        raise forbidden(*missing)


def _check_standby(document: Document) -> None:
    """Check the standby pool. Source of the delay: google-cloud-compute 1.57.0, "between 0 and 3600 seconds"."""
    for field in ("targetSuspendedSize", "targetStoppedSize"):
        size = document.get(field, 0)
        if not 0 <= size <= 1_000:
            raise invalid(f"resource.{field}", size, "Must be from 0 to 1000.")
    delay_s = document.get("standbyPolicy", {}).get("initialDelaySec", 0)
    if not 0 <= delay_s <= 3600:
        raise invalid("resource.standbyPolicy.initialDelaySec", delay_s, "Must be from 0 to 3600.")
