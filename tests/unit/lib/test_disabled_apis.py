"""Texts about APIs that a project has not enabled."""

import pytest

from lib.disabled_apis import disabled_api, enabling_fix, lacks_quota_project

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


GCLOUD_PROJECT = ANSWER.replace("123456789012", "764086051850")
NO_QUOTA_PROJECT = (
    "Your application is authenticating by using local Application Default Credentials. The"
    " secretmanager.googleapis.com API requires a quota project, which is not set by default."
)


@pytest.mark.parametrize(
    "text",
    [GCLOUD_PROJECT, NO_QUOTA_PROJECT, "403 off; API [iam.googleapis.com] not enabled on project [764086051850]"],
)
def test_login_without_a_quota_project_gives_the_command_that_sets_one(text: str) -> None:
    """The fix is a quota project of the login, because nobody but Google can enable an API of gcloud's own project."""
    assert lacks_quota_project(text)
    assert enabling_fix(text) == (
        "run 'gcloud auth application-default set-quota-project PROJECT' with the project of the environment file, and"
        " try again"
    )
    assert disabled_api(text) == ""


@pytest.mark.parametrize("text", ["", ANSWER, GCLOUD])
def test_disabled_api_of_another_project_is_no_lack_of_a_quota_project(text: str) -> None:
    """An API of a team's own project is enabled there."""
    assert not lacks_quota_project(text)
