"""Whether the firewall rules of a network let Google's health-check probes reach the instances of a template."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network
from typing import Any, Final

from deploy.documents.resource import Document

# Sources of the probes of autohealing health checks. Source: Google Cloud, "Health checks overview", read 2026-11-27.
PROBE_RANGES: Final = ("35.191.0.0/16", "130.211.0.0/22")
_TCP: Final = ("tcp", "6", "all")
_DEFAULT_PRIORITY: Final = 1000


def blocked_ranges(rules: Sequence[Document], properties: Document, port: int) -> tuple[str, ...]:
    """
    Return the ranges of PROBE_RANGES from which no probe reaches an instance.

    Of the rules that cover a range, the one of the lowest priority number decides, and a denial before an allowance of
    the same number. Without a rule, ingress is denied. Source: Google Cloud, "VPC firewall rules".

    Args:
        rules: firewall rules of the network.
        properties: properties of the instance template.
        port: TCP port of the probes; 0 if it is not known, which any allowed port matches.
    """
    applied = [rule for rule in rules if _applies(rule, properties)]
    return tuple(text for text in PROBE_RANGES if not _is_allowed(applied, IPv4Network(text), port))


def _applies(rule: Document, properties: Document) -> bool:
    """Return whether a rule is for ingress, is enabled, and has the instances of a template as its targets."""
    if rule.get("disabled") or rule.get("direction", "INGRESS") != "INGRESS":
        return False
    tags, accounts = rule.get("targetTags") or [], rule.get("targetServiceAccounts") or []
    own_tags = (properties.get("tags") or {}).get("items") or []
    own_accounts = [account.get("email") for account in properties.get("serviceAccounts") or []]
    return not (tags or accounts) or bool({*tags} & {*own_tags}) or bool({*accounts} & {*own_accounts})


def _is_allowed(rules: Sequence[Document], probes: IPv4Network, port: int) -> bool:
    deciding = sorted(
        (int(rule.get("priority", _DEFAULT_PRIORITY)), not rule.get("denied"))
        for rule in rules
        if _covers(rule, probes) and any(_matches(entry, port) for entry in _entries(rule))
    )
    return bool(deciding) and deciding[0][1]


def _covers(rule: Document, probes: IPv4Network) -> bool:
    """Return whether every address of a range is a source of a rule; a rule without any source has all addresses."""
    if not any(rule.get(key) for key in ("sourceRanges", "sourceTags", "sourceServiceAccounts")):
        return True
    ranges = [IPv4Network(text, strict=False) for text in rule.get("sourceRanges") or [] if ":" not in text]
    return any(probes.subnet_of(source) for source in ranges)


def _entries(rule: Document) -> list[Document]:
    return [*(rule.get("allowed") or []), *(rule.get("denied") or [])]


def _matches(entry: Document, port: int) -> bool:
    if str(entry.get("IPProtocol", "")).lower() not in _TCP:
        return False
    ports = entry.get("ports") or []
    return not ports or port == 0 or any(port in spans for spans in _spans(ports))


def _spans(ports: Sequence[Any]) -> Iterator[range]:
    for text in map(str, ports):
        first, _, last = text.partition("-")
        yield range(int(first), int(last or first) + 1)
