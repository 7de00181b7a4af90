"""The options that verbs share: their flags for deploy, and names that are refused."""

import pytest
from dagger import dag

from ci.errors import RefusedError
from ci.options import checked
from tests.unit.ci.doubles import SOURCE, TOOLS, options

ARTIFACT_REGISTRY = "asia-northeast3-docker.pkg.dev/some-project/dojangkok-ai"
IMAGE = f"{ARTIFACT_REGISTRY}/ai-server"


def test_only_options_with_a_value_become_flags() -> None:
    """deploy takes the rest from the environment's file."""
    names = ("env", "project", "zone", "group", "repository", "timeout")
    assert options("dev").flags(*names) == ["--env", "dev"]
    given = options("prod", project="p", zone="z", group="g", repository="host.test/project/repository/app")
    assert given.flags(*names) == [
        "--env", "prod", "--project", "p", "--zone", "z", "--group", "g",
        "--repository", "host.test/project/repository/app",
    ]  # fmt: skip


def test_retyped_flags_name_the_same_group_without_a_secret() -> None:
    """deploy prints them with the command that undoes a rollout; .env passes the Google credential file."""
    given = options(
        "prod",
        credentials=dag.set_secret("credentials", "word"),
        repository="host.test/repository/app",
        registry_credentials=dag.set_secret("logins", "{}"),
        prometheus_token=dag.set_secret("token", "word"),
    )
    assert given.retyped == (
        "--repository host.test/repository/app --registry-credentials file:$REGISTRY_CREDENTIALS"
        " --prometheus-token env:PROMETHEUS_TOKEN"
    )
    assert options().retyped == ""


def test_retyped_flags_of_another_repository_name_the_module_and_the_source() -> None:
    """There `./daggerw` and `.env` of this repository are not at hand; a folder's path is not known here."""
    url = "github.com/owner/delivery@v1"
    given = options("prod", module=url, settings=SOURCE, credentials=dag.set_secret("credentials", "word"))
    assert given.command == f"dagger -m {url} call"
    assert given.retyped == (
        f"--settings DIR --credentials file:$GOOGLE_APPLICATION_CREDENTIALS --source SOURCE --module {url}"
    )
    assert options().command == "./daggerw call"


def test_module_is_quoted_for_a_shell() -> None:
    """The commands of a report are pasted into a shell, and a folder may have a blank in its name."""
    given = options(module="/src/my module")
    assert given.command == "dagger -m '/src/my module' call"
    assert given.retyped.endswith("--module '/src/my module'")


def test_environment_files_are_in_the_source_unless_settings_name_another_folder() -> None:
    """The folder of the source is `environments`."""
    assert options().environment_files == SOURCE.directory("environments")
    assert options(settings=TOOLS).environment_files == TOOLS


@pytest.mark.parametrize(("flag", "value"), [("--project", "a_b"), ("--zone", "*"), ("--group", "Group")])
def test_name_that_google_never_gives_is_refused(flag: str, value: str) -> None:
    """Such a name would name another environment's volumes, or delete reports of all projects."""
    with pytest.raises(RefusedError, match=f"{flag}: got "):
        checked(options(**{flag.removeprefix("--"): value}))


@pytest.mark.parametrize(
    "repository",
    [
        "dojangkok-ai", "host.test/a:tag", "host.test/a@sha256:0", "https://host.test/a", "host.test/A", "host.test",
        "team/app", ARTIFACT_REGISTRY, "asia-northeast3-docker.pkg.dev/some-project", "host.test/", "host.test//a",
    ],
)  # fmt: skip
def test_partial_repository_is_refused(repository: str) -> None:
    """A repository is the full name of an image without tag."""
    with pytest.raises(RefusedError) as refused:
        checked(options(repository=repository))
    assert str(refused.value) == (
        f"--repository: got '{repository}'. Fix: the image's full name without tag, HOST/PROJECT/REPOSITORY/IMAGE, "
        "such as asia-northeast3-docker.pkg.dev/PROJECT/containers/web"
    )


@pytest.mark.parametrize(
    "repository",
    [IMAGE, "registry:5000/dojangkok-ai/ai-server", "gcr.io/project/image", "localhost/app", "host.test/app"],
)
def test_full_repository_is_unchanged(repository: str) -> None:
    """The same value stands in environments/*.yaml, and goes to `python -m deploy`."""
    assert checked(options(repository=repository)).repository == repository
