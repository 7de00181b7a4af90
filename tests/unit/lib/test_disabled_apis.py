"""Texts about APIs that a project has not enabled."""

import pytest

from lib.disabled_apis import enabling_fix

ANSWER = (
    "Compute Engine API has not been used in project 123456789012 before or it is disabled. Enable it by visiting"
    " https://console.developers.google.com/apis/api/compute.googleapis.com/overview?project=123456789012 then retry."
    " If you enabled this API recently, wait a few minutes for the action to propagate to our systems and retry."
)
GCLOUD = "API [oslogin.googleapis.com] not enabled on project [dojangkok-dev]. Would you like to enable and retry"


@pytest.mark.parametrize(
    ("text", "command"),
    [
        (ANSWER, "gcloud services enable compute.googleapis.com --project 123456789012"),
        (GCLOUD, "gcloud services enable oslogin.googleapis.com --project dojangkok-dev"),
        (
            f"ERROR: (gcloud.compute.ssh) {ANSWER}",
            "gcloud services enable compute.googleapis.com --project 123456789012",
        ),
    ],
)
def test_text_about_a_disabled_api_gives_the_command(text: str, command: str) -> None:
    """The fix is gcloud's command, with the API and the project of the text."""
    assert enabling_fix(text) == f"run '{command}', and try again in a few minutes"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Required 'compute.instances.create' permission for 'projects/p'",
        "https://console.developers.google.com/apis/api/compute.googleapis.com/overview",
        "https://console.developers.google.com/apis/api/$(reboot)/overview?project=p",
        "API [x'; reboot] not enabled on project [p]",
    ],
)
def test_other_text_gives_no_command(text: str) -> None:
    """Another text, or a name with characters that no API has, gives no fix."""
    assert enabling_fix(text) == ""
