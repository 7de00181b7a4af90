"""Google's texts about an API that a project has not enabled, or a login without a quota project; and their fixes."""

import re
from typing import Final

# Of an answer: `Enable it by visiting https://console.developers.google.com/apis/api/API/overview?project=PROJECT`.
# Of gcloud: `API [API] not enabled on project [PROJECT]`. Source: texts that public repositories quote, 2026-11-27.
_TEXTS: Final = (
    re.compile(r"/apis/api/([a-z0-9.-]+)/overview\?project=([a-z0-9:.-]+)"),
    re.compile(r"API \[([a-z0-9.-]+)\] not enabled on project \[([a-z0-9:.-]+)\]"),
)
# An application-default login of a person counts for the project of gcloud's own OAuth client, unless it has a quota
# project. Source: google-auth-library-python issue 1459 (2024-01-24) and terraform-provider-google issue 7351.
_GCLOUD_PROJECT: Final = "764086051850"
_NO_QUOTA_PROJECT: Final = "requires a quota project"


def lacks_quota_project(text: str) -> bool:
    """Return whether an error of Google or gcloud is about a person's login that has no quota project."""
    return _NO_QUOTA_PROJECT in text or _api_and_project(text)[1] == _GCLOUD_PROJECT


def disabled_api(text: str) -> str:
    """Return the API that an error of Google or gcloud calls disabled; empty if the text names none."""
    return "" if lacks_quota_project(text) else _api_and_project(text)[0]


def enabling_fix(text: str) -> str:
    """
    Return the fix of an error for a disabled API, or for a login without a quota project.

    Args:
        text: text of the error, from Google or from gcloud.

    Returns:
        One action, without a full stop; empty if the text is about neither.
    """
    if lacks_quota_project(text):
        return (
            "run 'gcloud auth application-default set-quota-project PROJECT' with the project of the environment file,"
            " and try again"
        )
    api, project = _api_and_project(text)
    return f"run 'gcloud services enable {api} --project {project}', and try again in a few minutes" if api else ""


def _api_and_project(text: str) -> tuple[str, str]:
    for pattern in _TEXTS:
        match = pattern.search(text)
        if match:
            return match[1], match[2]
    return "", ""
