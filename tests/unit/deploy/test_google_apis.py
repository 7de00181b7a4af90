"""Reads of Google's APIs beside Compute Engine: hosts, errors and retries."""

from typing import Any

import httpx
import pytest

from deploy.documents.project_shapes import NamedDocument
from deploy.documents.validation import shape_check
from deploy.errors import CloudError, DeployError, NotAllowedError
from deploy.google_apis.client import GoogleApis
from deploy.retry import Time

NAMED = shape_check(NamedDocument)


def apis(answers: list[httpx.Response], urls: list[str], emulator_url: str = "") -> GoogleApis:
    """Return the APIs with these answers, one after the other; the URL of each request goes to a list."""

    def answer(request: httpx.Request) -> httpx.Response:
        urls.append(str(request.url))
        assert request.headers["authorization"] == "Bearer t"
        return answers.pop(0)

    slept: list[float] = []
    client = httpx.Client(transport=httpx.MockTransport(answer))
    time = Time(lambda: sum(slept), slept.append)
    return GoogleApis(client, lambda: {"authorization": "Bearer t"}, time, emulator_url, "https://rm.example")


@pytest.mark.parametrize(
    ("api", "emulator_url", "host"),
    [
        ("secretmanager", "", "https://secretmanager.googleapis.com"),
        ("cloudresourcemanager", "", "https://rm.example"),
        ("secretmanager", "http://emulator:8080", "http://emulator:8080"),
        ("cloudresourcemanager", "http://emulator:8080", "http://emulator:8080"),
    ],
)
def test_host_of_an_api(api: str, emulator_url: str, host: str) -> None:
    """Each API has its own host; the emulator serves all of them."""
    urls: list[str] = []
    read = apis([httpx.Response(200, json={"name": "x"})], urls, emulator_url)
    assert read.get(api, "projects/p/x", NAMED, [("names", "a"), ("names", "b")]) == {"name": "x"}
    assert urls == [f"{host}/v1/projects/p/x?names=a&names=b"]


def test_granted_permissions() -> None:
    """An answer without permissions means that the account has none of those that were asked for."""
    urls: list[str] = []
    read = apis([httpx.Response(200, json={}), httpx.Response(200, json={"permissions": ["a"]})], urls)
    assert read.granted("iam", "projects/-/serviceAccounts/x", ["a", "b"]) == frozenset()
    assert read.granted("iam", "projects/-/serviceAccounts/x", ["a", "b"]) == {"a"}
    assert urls[0] == "https://iam.googleapis.com/v1/projects/-/serviceAccounts/x:testIamPermissions"


def status(code: int, **error: Any) -> httpx.Response:
    """Return an error in the shape of google.rpc.Status."""
    return httpx.Response(code, json={"error": {"code": code, "message": "no", **error}})


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (status(404), CloudError),
        (status(403), NotAllowedError),
        (status(403, details=[{"reason": "IAM_PERMISSION_DENIED"}]), NotAllowedError),
        (status(403, details="odd"), NotAllowedError),
        (httpx.Response(302, headers={"location": "https://login.example"}), CloudError),
    ],
)
def test_final_errors(answer: httpx.Response, kind: type[DeployError]) -> None:
    """An absent resource, a denied permission and a redirect are final errors of their kinds."""
    with pytest.raises(DeployError, match="GET iam projects/p/x") as raised:
        apis([answer], []).get("iam", "projects/p/x", NAMED)
    assert type(raised.value) is kind


def test_disabled_api_has_the_command_that_enables_it() -> None:
    """The error of a disabled API has gcloud's command, whose API and project are those of the answer."""
    metadata = {"service": "iam.googleapis.com", "consumer": "projects/p"}
    disabled = status(403, details=[{"reason": "SERVICE_DISABLED", "metadata": metadata}])
    with pytest.raises(NotAllowedError) as raised:
        apis([disabled], []).get("iam", "x", NAMED)
    assert "gcloud services enable iam.googleapis.com --project p" in raised.value.fix


@pytest.mark.parametrize(
    "first",
    [status(503), httpx.Response(200, text="<html>"), httpx.Response(200, json={"error": {}, "name": "x"})],
)
def test_transient_answers_are_read_again(first: httpx.Response) -> None:
    """A transient status, a page of a proxy and an error with status 200 are read again."""
    urls: list[str] = []
    read = apis([first, httpx.Response(200, json={"name": "x"})], urls)
    assert read.get("iam", "x", NAMED) == {"name": "x"}
    assert len(urls) == 2


def test_answers_that_stay_transient_end_the_read() -> None:
    """A read ends with an error within its budget of 15 s."""
    urls: list[str] = []
    with pytest.raises(CloudError):
        apis([status(503) for _ in range(100)], urls).get("iam", "x", NAMED)
    assert 1 < len(urls) < 30


def test_login_without_a_quota_project_has_the_command_that_sets_one() -> None:
    """An API that answers for gcloud's own project is no API that a team could enable."""
    metadata = {"service": "iam.googleapis.com", "consumer": "projects/764086051850"}
    disabled = status(403, details=[{"reason": "SERVICE_DISABLED", "metadata": metadata}])
    with pytest.raises(NotAllowedError) as raised:
        apis([disabled], []).get("iam", "x", NAMED)
    assert "gcloud auth application-default set-quota-project" in raised.value.fix
