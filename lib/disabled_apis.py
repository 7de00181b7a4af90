"""Google's texts about an API that a project has not enabled, and gcloud's command that enables it."""

import re
from typing import Final

# Of an answer: `Enable it by visiting https://console.developers.google.com/apis/api/API/overview?project=PROJECT`.
# Of gcloud: `API [API] not enabled on project [PROJECT]`. Source: texts that public repositories quote, 2026-11-27.
_TEXTS: Final = (
    re.compile(r"/apis/api/([a-z0-9.-]+)/overview\?project=([a-z0-9:.-]+)"),
    re.compile(r"API \[([a-z0-9.-]+)\] not enabled on project \[([a-z0-9:.-]+)\]"),
)


def disabled_api(text: str) -> str:
    """Return the API that an error of Google or gcloud calls disabled; empty if the text names none."""
    return _api_and_project(text)[0]


def enabling_fix(text: str) -> str:
    """
    Return the fix of an error for a disabled API.

    Args:
        text: text of the error, from Google or from gcloud.

    Returns:
        One action, without a full stop; empty if the text names no disabled API.
    """
    api, project = _api_and_project(text)
    return f"run 'gcloud services enable {api} --project {project}', and try again in a few minutes" if api else ""


def _api_and_project(text: str) -> tuple[str, str]:
    for pattern in _TEXTS:
        match = pattern.search(text)
        if match:
            return match[1], match[2]
    return "", ""
