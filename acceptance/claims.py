"""
Rows of emulator/FIDELITY.md that recorded exchanges can confirm or contradict. Pure.

A claim says of a row which exchanges show it, and what must hold for each of them. Only answers of Google count.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from acceptance.exchange import Exchange

Verdict = Literal["measured", "contradicted", "not seen"]
Cases = Iterator[bool]  # for each case that the exchanges show, whether the behaviour holds

_GROUPS: Final = re.compile(r"/compute/v1/projects/[^/]+/zones/[^/]+/instanceGroupManagers")
_GROUP: Final = re.compile(rf"{_GROUPS.pattern}/[^/?]+")
_HEALTH_CHECKS: Final = re.compile(r"/compute/v1/projects/[^/]+/global/healthChecks")
_ROWS: Final = re.compile(rf"{_GROUP.pattern}/listManagedInstances.*")
_TEMPLATES: Final = re.compile(r"/compute/v1/projects/[^/]+/global/instanceTemplates")
_TEMPLATE: Final = re.compile(rf"{_TEMPLATES.pattern}/[^/?]+")
# Every method that the row of operation types covers, and the type of its operation.
_OPERATION_TYPES: Final = (
    ("POST", _HEALTH_CHECKS, "insert"),
    ("POST", _TEMPLATES, "compute.instanceTemplates.insert"),
    ("POST", _GROUPS, "compute.instanceGroupManagers.insert"),
    ("PATCH", _GROUP, "patch"),
    ("DELETE", _GROUP, "compute.instanceGroupManagers.delete"),
)
_PACIFIC: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}-0[78]:00")
_TEMPLATE_MEMBERS: Final = {"kind", "id", "selfLink", "creationTimestamp", "name", "properties"}


@dataclass(frozen=True)
class Claim:
    """
    A row of FIDELITY.md, and how exchanges show it.

    Args:
        row: test of the row, as the column `Test` has it.
        cases: function of the exchanges.
    """

    row: str
    cases: Callable[[Sequence[Exchange]], Cases]

    def verdict(self, exchanges: Sequence[Exchange]) -> Verdict:
        """Return what the exchanges show: one case that does not hold, or lacks a member, contradicts the row."""
        try:
            cases = list(self.cases(exchanges))
        except (KeyError, TypeError, AttributeError):
            return "contradicted"
        return "not seen" if not cases else "measured" if all(cases) else "contradicted"


def verdicts(exchanges: Sequence[Exchange]) -> dict[str, Verdict]:
    """Return what the answers of Google among the exchanges show of each row."""
    of_google = [exchange for exchange in exchanges if exchange.is_of_google]
    return {claim.row: claim.verdict(of_google) for claim in CLAIMS}


def verdicts_report(exchanges: Sequence[Exchange]) -> list[str]:
    """Return the lines of a report: which rows became measured, and which a recording contradicts."""
    if not any(exchange.is_of_google for exchange in exchanges):
        return ["no exchange with Google: no row of emulator/FIDELITY.md is measured"]
    return [f"{verdict:<12}  {row}" for row, verdict in sorted(verdicts(exchanges).items(), key=lambda item: item[1])]


def _answers(exchanges: Sequence[Exchange], verb: str, path: re.Pattern[str]) -> Iterator[Any]:
    """Yield the successful answers to a method that are JSON objects; a page of a proxy is no evidence."""
    for exchange in exchanges:
        is_document = exchange.status == 200 and isinstance(exchange.response, dict)
        if is_document and exchange.verb == verb and path.fullmatch(exchange.path.partition("?")[0]):
            yield exchange.response


def _operation_types(exchanges: Sequence[Exchange]) -> Cases:
    """Yield whether each operation has the type of its method, once every method is seen or a type is another."""
    cases = [
        [operation["operationType"] == name for operation in _answers(exchanges, verb, path)]
        for verb, path, name in _OPERATION_TYPES
    ]
    if all(cases) or any(False in holds for holds in cases):
        for holds in cases:
            yield from holds


def _missing_resource(exchanges: Sequence[Exchange]) -> Cases:
    """Yield for each 404 in the form of Google's errors whether it has reason and text of an absent resource."""
    for exchange in exchanges:
        error: Any = exchange.response.get("error") if isinstance(exchange.response, dict) else None
        if exchange.status == 404 and exchange.path.startswith("/compute/") and _is_error(error):
            yield error["errors"][0].get("reason") == "notFound" and "was not found" in error["message"]


def _is_error(error: Any) -> bool:
    """Return whether a member `error` has the form that Google documents: code, message and a list of causes."""
    return (
        isinstance(error, dict)
        and isinstance(error.get("code"), int)
        and isinstance(error.get("message"), str)
        and isinstance(error.get("errors"), list)
        and bool(error["errors"])
        and isinstance(error["errors"][0], dict)
    )


def _pacific(exchanges: Sequence[Exchange]) -> Cases:
    for path in (_GROUP, _TEMPLATE):
        for document in _answers(exchanges, "GET", path):
            yield bool(_PACIFIC.fullmatch(document["creationTimestamp"]))


def _template_members(exchanges: Sequence[Exchange]) -> Cases:
    for template in _answers(exchanges, "GET", _TEMPLATE):
        properties = template["properties"]
        yield (
            template.keys() >= _TEMPLATE_MEMBERS
            and template["kind"] == "compute#instanceTemplate"
            and "fingerprint" in properties["metadata"]
            and all("kind" in disk and "index" in disk for disk in properties["disks"])
            and all("name" in interface for interface in properties["networkInterfaces"])
        )


def _verifying(exchanges: Sequence[Exchange]) -> Cases:
    for group in _answers(exchanges, "GET", _GROUP):
        counts = {name: count for name, count in group["currentActions"].items() if count}
        if set(counts) == {"verifying"}:
            yield _flags(group) == (False, True)


def _idle_group(exchanges: Sequence[Exchange]) -> Cases:
    """Yield for each group without actions before the first PATCH whether it has both flags."""
    for exchange in exchanges:
        if exchange.verb == "PATCH":
            return
        for group in _answers([exchange], "GET", _GROUP):
            if exchange.step == "plan":
                yield _flags(group) == (True, True)


def _accepted_patch(exchanges: Sequence[Exchange]) -> Cases:
    """Yield for the first read after each PATCH with another version whether it has no flag and no action."""
    for number, exchange in enumerate(exchanges):
        if next(_answers([exchange], "PATCH", _GROUP), None) and "versions" in (exchange.request or {}):
            group = next(_answers(exchanges[number + 1 :], "GET", _GROUP), None)
            if group:
                counts = {name for name, count in group["currentActions"].items() if count}
                yield _flags(group) == (False, False) and counts == {"none"}


def _deleted_rows(exchanges: Sequence[Exchange]) -> Cases:
    """Yield for each instance that is being deleted whether its row names no version."""
    for answer in _answers(exchanges, "POST", _ROWS):
        for row in answer.get("managedInstances", []):
            if row["currentAction"] == "DELETING":
                yield "version" not in row


def _flags(group: Any) -> tuple[bool, bool]:
    return group["status"]["isStable"], group["status"]["versionTarget"]["isReached"]


CLAIMS: Final = (
    Claim("test_recorded.test_operation_types", _operation_types),
    Claim("test_errors.test_a_missing_resource", _missing_resource),
    Claim("test_templates.test_timestamps_are_pacific", _pacific),
    Claim("test_templates.test_the_server_adds_its_fields", _template_members),
    Claim("test_recorded.test_instances_that_wait_for_their_health_check", _verifying),
    Claim("test_flags.test_a_group_at_rest_on_the_old_version_looks_done", _idle_group),
    Claim("test_flags.test_an_accepted_patch_is_neither", _accepted_patch),
    Claim("test_flags.test_an_instance_that_is_being_deleted_has_no_version", _deleted_rows),
)
