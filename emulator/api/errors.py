"""
Every error of the API, in Google's shape: one constructor for each.

The codes and reasons are those of Compute Engine; the texts are similar, not the same. Where a constructor names no
other source, code and reason are those that google-cloud-compute, gcloud and terraform-provider-google branch on.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

_STATUS: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    412: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
}


_API_TITLES: Final = {
    "artifactregistry.googleapis.com": "Artifact Registry API",
    "cloudresourcemanager.googleapis.com": "Cloud Resource Manager API",
    "compute.googleapis.com": "Compute Engine API",
    "iam.googleapis.com": "Identity and Access Management (IAM) API",
    "iamcredentials.googleapis.com": "IAM Service Account Credentials API",
    "secretmanager.googleapis.com": "Secret Manager API",
    "serviceusage.googleapis.com": "Service Usage API",
}


class ApiError(Exception):
    """
    A refused request.

    Args:
        code: HTTP status
        reason: Google's word for the reason, `errors[0].reason`
        message: text for people
        extra: more members of `errors[0]`, such as its location
        more: texts of the other entries of `errors`, which have the same reason
        details: entries of `details`
    """

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        extra: Mapping[str, str] | None = None,
        more: Sequence[str] = (),
        details: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.extra = dict(extra or {})
        self.more = tuple(more)
        self.details = tuple(details)

    def body(self) -> dict[str, Any]:
        """Return the JSON of the answer."""
        rows = [{"message": text, "domain": "global", "reason": self.reason} for text in (self.message, *self.more)]
        rows[0] |= self.extra
        error: dict[str, Any] = {"code": self.code, "message": self.message, "errors": rows}
        if self.code in _STATUS:
            error["status"] = _STATUS[self.code]
        if self.details:
            error["details"] = list(self.details)
        return {"error": error}


def not_found(path: str) -> ApiError:
    """Return the error for a missing resource; the path begins with `projects/`."""
    return ApiError(404, "notFound", f"The resource '{path}' was not found")


def already_exists(path: str) -> ApiError:
    """Return the error for a name that is taken; checked synchronously on insert."""
    return ApiError(409, "alreadyExists", f"The resource '{path}' already exists")


def invalid(field: str, value: object, why: str) -> ApiError:
    """Return the error for an invalid value of a field of the body, as `resource.x.y`, or of the query."""
    return ApiError(400, "invalid", f"Invalid value for field '{field}': '{value}'. {why}")


def required(field: str) -> ApiError:
    """Return the error for a missing field."""
    return ApiError(400, "required", f"Required field '{field}' not specified")


def invalid_parameter(name: str, value: object, why: str) -> ApiError:
    """Return the error for a value in the path. Source: the 400 quoted in terraform-google-vm issue 46."""
    return ApiError(400, "invalidParameter", f"Invalid value for field '{name}': '{value}'. {why}")


def malformed(why: str) -> ApiError:
    """Return the error for a body that is no JSON."""
    return ApiError(400, "parseError", f"Invalid JSON payload received. {why}")


def too_large(limit: int) -> ApiError:
    """Return the error for a body that is longer than the server reads."""
    return ApiError(413, "uploadTooLarge", f"Request Entity Too Large: the limit is {limit} bytes.")


def not_acted_on(field: str, value: object) -> ApiError:
    """Return the error for a field that Compute Engine acts on and this emulator does not."""
    message = (
        f"Field '{field}' with the value '{value!s:.80}' changes what Compute Engine does; this emulator does not."
    )
    return ApiError(501, "notImplemented", message)


def in_use(path: str, user: str) -> ApiError:
    """Return the error for a resource in use. Source: terraform-provider-google issues 1448 and 10365."""
    message = f"The {_kind(path)} resource '{path}' is already being used by '{user}'"
    return ApiError(400, "resourceInUseByAnotherResource", message)


def stale_fingerprint() -> ApiError:
    """Return the error for a write after another write since the fingerprint was read."""
    return ApiError(412, "conditionNotMet", "Supplied fingerprint does not match current metadata fingerprint.")


def unavailable(why: str) -> ApiError:
    """Return the error for a request that the server cannot perform now; nothing has changed."""
    return ApiError(503, "backendError", why)


def internal(why: str) -> ApiError:
    """Return the error for a defect of this server."""
    return ApiError(500, "internalError", why)


def forbidden(*missing: tuple[str, str]) -> ApiError:
    """
    Return the error for missing permissions, each with the path of its resource.

    Source of more than one entry: googleapi.Error of google-api-go-client prints a line for each entry of `errors`.
    """
    first, *more = (f"Required '{permission}' permission for '{path}'" for permission, path in missing)
    return ApiError(403, "forbidden", first, more=more)


def disabled_api(api: str, project: str) -> ApiError:
    """
    Return the error for an API that the project has not enabled.

    Source: answers that public repositories quote, such as those of cloudbilling and datastudio (read on 2026-11-27).
    """
    url = f"https://console.developers.google.com/apis/api/{api}/overview?project={project}"
    message = (
        f"{_API_TITLES[api]} has not been used in project {project} before or it is disabled. Enable it by visiting"
        f" {url} then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our"
        " systems and retry."
    )
    metadata = {"consumer": f"projects/{project}", "service": api, "activationUrl": url}
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "domain": "googleapis.com"}
    return ApiError(
        403,
        "accessNotConfigured",
        message,
        {"domain": "usageLimits", "extendedHelp": "https://console.developers.google.com"},
        details=[{**info, "reason": "SERVICE_DISABLED", "metadata": metadata}],
    )


def quota_exceeded(metric: str, limit: int) -> ApiError:
    """Return the error for a quota that is checked synchronously, such as the number of templates."""
    message = f"Quota '{metric}' exceeded.  Limit: {limit}.0 globally."
    return ApiError(403, "quotaExceeded", message)


def unauthenticated(why: str) -> ApiError:
    """Return the error for a token that is missing, unknown or expired. Source: Google's APIs, RFC 6750."""
    extra = {"location": "Authorization", "locationType": "header"}
    return ApiError(401, "required" if why == "missing" else "authError", f"Invalid credentials: token {why}.", extra)


def not_implemented(verb: str, path: str, method: str) -> ApiError:
    """Return the error for a path that this emulator does not serve, whether Compute Engine has it or not."""
    what = f"'{method}' is a method of Compute v1 that" if method else "a route that"
    return ApiError(501, "notImplemented", f"{verb} {path}: {what} this emulator does not serve")


def _kind(path: str) -> str:
    collection = path.split("/")[-2]
    return {"instanceTemplates": "instance_template", "healthChecks": "health_check"}.get(collection, collection[:-1])
