"""A seed made from what was read of a live group. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from emulator.environment.links import canonical, name_of
from emulator.environment.quotas import MACHINE_TYPES
from emulator.seed import ORDER, REGIONAL
from emulator.seed_import.hidden_values import without_secrets
from emulator.seed_import.left_out import LeftOut
from emulator.seed_import.live_group import LiveGroup
from emulator.seed_import.served_fields import served

_AGE_S: Final = 600.0  # seconds after which a new group of the emulator has settled
_LINK: Final = re.compile(r"https://[^/]+/compute/[^/]+/projects/([^/]+)/((?:global|regions|zones)/.+)")
_REPOSITORY: Final = r"(?<![\w.-])([a-z0-9-]+)-docker\.pkg\.dev/{project}/([a-z0-9-]+)/"


@dataclass(frozen=True)
class ImportedSeed:
    """
    A seed and what it lacks.

    Args:
        seed: values of the seed file, by key
        left_out: parts of the live group that the seed does not have
    """

    seed: dict[str, Any]
    left_out: tuple[LeftOut, ...]


def imported_seed(live: LiveGroup) -> ImportedSeed:
    """Return the seed of a live group."""
    project = live.place.project
    left_out = list(live.left_out)
    resources: dict[str, list[dict[str, Any]]] = {}
    for collection in ORDER:
        for document in live.resources.get(collection, []):
            body, unserved = served(collection, document)
            body, hidden = without_secrets(body, f"{collection}.{document.get('name')}")
            left_out += [*unserved, *hidden]
            if collection in REGIONAL and "/regions/" in str(document.get("selfLink", "")):
                body["region"] = str(live.region["name"])
            named = {"name": body.pop("name"), **body}  # the name first, as a person writes it
            resources.setdefault(collection, []).append(_shortened(named, project))
    left_out += _without_absent_checks(resources)
    templates = resources["instanceTemplates"]
    accounts, foreign = _accounts(templates, project)
    left_out += [*foreign, *_machine_types(templates)]
    seed = {
        "project": project,
        "region": str(live.region["name"]),
        "zones": _zones(live),
        "quotas": {quota["metric"]: quota["limit"] for quota in live.region.get("quotas") or []},
        "images": live.images,
        "service_accounts": accounts,
        "repositories": dict.fromkeys(_repositories(templates, project), "DOCKER"),
        "age_s": _AGE_S,
        "resources": resources,
    }
    return ImportedSeed({key: value for key, value in seed.items() if value}, tuple(left_out))


def _without_absent_checks(resources: dict[str, list[dict[str, Any]]]) -> Iterator[LeftOut]:
    """Remove the repairs by a health check that the seed does not have, because the emulator would refuse the group."""
    known = {check["name"] for check in resources.get("healthChecks", [])}
    for group in resources["instanceGroupManagers"]:
        checks = [str(policy.get("healthCheck", "")) for policy in group.get("autoHealingPolicies") or []]
        if any(check and name_of(check) not in known for check in checks):
            del group["autoHealingPolicies"]
            where = f"instanceGroupManagers.{group['name']}.autoHealingPolicies"
            yield LeftOut(where, "its health check is left out")


def _zones(live: LiveGroup) -> list[str]:
    """Return the zones of the region, the group's own first."""
    zones = sorted(name_of(canonical(link)) for link in live.region.get("zones") or [])
    own = live.place.zone
    return [own, *(zone for zone in zones if zone != own)] if own else zones


def _accounts(templates: list[dict[str, Any]], project: str) -> tuple[list[str], list[LeftOut]]:
    """Return the emails of the project's service accounts; and what is left out of the others."""
    emails = dict.fromkeys(
        str(account.get("email", ""))
        for template in templates
        for account in template.get("properties", {}).get("serviceAccounts") or []
    )
    own = [email for email in emails if email.endswith(f"@{project}.iam.gserviceaccount.com")]
    foreign = [email for email in emails if email not in own]
    return own, [LeftOut(f"service_accounts.{email}", _reason(email)) for email in foreign]


def _reason(email: str) -> str:
    if email.endswith("@developer.gserviceaccount.com"):
        return "is an account of Google's, which no seed has"
    return "is an account of another project"


def _machine_types(templates: list[dict[str, Any]]) -> Iterator[LeftOut]:
    names = {str(template.get("properties", {}).get("machineType", "")) for template in templates}
    for name in sorted(names - {*MACHINE_TYPES, ""}):
        yield LeftOut(f"machine type {name}", "is not in the emulator's catalogue, and `doctor` does not find it there")


def _repositories(templates: list[dict[str, Any]], project: str) -> Iterator[str]:
    """Yield LOCATION/NAME of each image repository of the project that metadata refers to; images need DOCKER."""
    pattern = re.compile(_REPOSITORY.format(project=re.escape(project)))
    for template in templates:
        for item in (template.get("properties", {}).get("metadata") or {}).get("items") or []:
            yield from (f"{location}/{name}" for location, name in pattern.findall(str(item.get("value", ""))))


def _shortened(value: Any, project: str) -> Any:
    """Return a value in which links to the project's own resources are partial ones."""
    if isinstance(value, dict):
        return {key: _shortened(member, project) for key, member in value.items()}
    if isinstance(value, list):
        return [_shortened(member, project) for member in value]
    link = _LINK.fullmatch(value) if isinstance(value, str) else None
    return link[2] if link and link[1] == project else value
