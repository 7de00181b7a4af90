"""Guest attributes of an instance: what a read of a namespace, or of a single key, returns."""

from collections.abc import Mapping
from typing import Any

from emulator.api.errors import ApiError
from emulator.group.boot_phases import NAMESPACE


def query_result(values: Mapping[str, str], query_path: str, variable_key: str) -> dict[str, Any]:
    """
    Return the members of a GuestAttributes document that a query selects.

    Args:
        values: values of the namespace `release`, by key; an instance of the emulator writes no other namespace
        query_path: `NAMESPACE/` or `NAMESPACE/KEY`; empty for everything
        variable_key: `NAMESPACE/KEY`, whose value alone is returned; empty for a query by path

    Raises:
        ApiError: 404, if nothing is selected. Source of its text: gcloud 528 (ssh_utils) compares it, and public
            repositories have recorded it, such as on 2026-09-29 (read on 2026-11-27).
    """
    selected = variable_key or query_path
    namespace, _, key = selected.partition("/")
    matching = {name: value for name, value in values.items() if namespace in ("", NAMESPACE) and key in ("", name)}
    if not matching or (variable_key and not key):
        raise ApiError(404, "notFound", f"The resource '{selected}' of type 'Guest Attribute' was not found.")
    if variable_key:
        return {"variableKey": variable_key, "variableValue": matching[key]}
    items = [{"namespace": NAMESPACE, "key": name, "value": value} for name, value in sorted(matching.items())]
    return {"queryPath": query_path, "queryValue": {"items": items}}


def rate_exceeded(path: str) -> ApiError:
    """
    Return the error for too many reads of an instance's guest attributes.

    Its form is that of any rate of the API; no public source has an answer for this limit (searched on 2026-11-27).
    """
    return ApiError(
        403,
        "rateLimitExceeded",
        f"Rate Limit Exceeded: guest attributes of '{path}': at most 10 queries a minute, and 3 a second.",
        {"domain": "usageLimits"},
    )
