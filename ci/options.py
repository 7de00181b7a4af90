"""The arguments that verbs share: one type, whose fields are the flags of the command line."""

import re
import shlex
from dataclasses import dataclass
from typing import Annotated, Final

import dagger
from dagger import Doc

from ci.credentials import VARIABLE
from ci.environments import LOCAL, folder
from ci.errors import RefusedError
from ci.inputs import Settings, Source, Tools

_NAME: Final = re.compile(r"[a-z0-9.:-]*")
_REPOSITORY: Final = re.compile(r"[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+")
_ARTIFACT_REGISTRY_PARTS: Final = 3

Credentials = Annotated[
    dagger.Secret | None,
    Doc("Google credential file, as file:PATH (default: GOOGLE_APPLICATION_CREDENTIALS, by .env); 'local' needs none"),
]
Project = Annotated[str, Doc("Google Cloud project, instead of the environment's")]
Group = Annotated[str, Doc("managed instance group, instead of the environment's")]

# Names of the options of every verb that reads an environment's file.
INPUTS: Final = ("source", "tools", "settings", "module")
# Names of the options of every verb that reads or changes a group.
GROUP_OPTIONS: Final = (
    *INPUTS,
    "env",
    "credentials",
    "project",
    "zone",
    "region",
    "group",
    "repository",
    "registry_credentials",
    "prometheus_token",
)
# Names of the options of every verb that pushes an image.
PUSH_OPTIONS: Final = ("commit", "registry_token", "no_latest", "allow_stand_in", "all_checks")


@dataclass(frozen=True, kw_only=True)
class Options:
    """
    The arguments that verbs share; a verb takes some of them, and the others keep their defaults.

    The comment of a flag is its text in `--help`. `.env` passes `credentials` to the constructor, because dagger prints
    a line for each verb that it passes a value to. `credentials` has no default: the engine takes a registered default,
    `null` too, for a value that a person passed (v0.19.10, tried).
    """

    source: Source
    tools: Tools
    settings: Settings = None
    module: Annotated[
        str, Doc("this module as you typed it behind -m, for the commands that a report prints (default: ./daggerw)")
    ] = ""
    credentials: Credentials
    env: Annotated[str, Doc("environment, by the name of its file in environments/")] = LOCAL
    project: Project = ""
    zone: Annotated[str, Doc("zone of a zonal group, instead of the environment's zone or region")] = ""
    region: Annotated[str, Doc("region of a regional group, instead of the environment's zone or region")] = ""
    group: Group = ""
    repository: Annotated[
        str, Doc("full name of the image, HOST/PROJECT/REPOSITORY/IMAGE, instead of the environment's")
    ] = ""
    registry_credentials: Annotated[
        dagger.Secret | None,
        Doc(
            "logins of registries that take no Google token, as 'docker login' writes them: "
            "file:$HOME/.docker/config.json"
        ),
    ] = None
    registry_token: Annotated[
        dagger.Secret | None,
        Doc("Google access token for the registry, as env:NAME or file:PATH (default: a token by --credentials)"),
    ] = None
    prometheus_token: Annotated[
        dagger.Secret | None,
        Doc("bearer token of the Prometheus server that is not Google's, as env:NAME or file:PATH"),
    ] = None
    commit: Annotated[
        str,
        Doc(
            "commit of the sources, 7 to 40 digits; its first 7 become a tag, and one with 12 digits of the digest"
            " (default: dev-<12 digits of the digest>)"
        ),
    ] = ""
    timeout: Annotated[
        str, Doc("seconds until the rollout, or a step of it, has failed (default: by the number of instances)")
    ] = ""
    by: Annotated[str, Doc("person or account that deploys, for the release record")] = ""
    format: Annotated[str, Doc("text, json or markdown")] = "text"
    long: Annotated[bool, Doc("text with full names, phases and instances")] = False
    no_latest: Annotated[bool, Doc("leave the tag 'latest' unchanged, for registries with immutable tags")] = False
    allow_stand_in: Annotated[
        bool, Doc("push an image that is built on stand-in base images to a real registry, too")
    ] = False
    all_checks: Annotated[
        bool,
        Doc("wait for every check of `check` too, beside the gates of delivery.yaml"),
    ] = False
    advisory: Annotated[bool, Doc("report failures of all gates but build and smoke without stopping for them")] = False

    @property
    def is_local(self) -> bool:
        """Whether the environment is the local one, which the pipeline starts itself."""
        return self.env == LOCAL

    @property
    def environment_files(self) -> dagger.Directory:
        """The folder of the environment files."""
        return folder(self.source, self.settings)

    @property
    def command(self) -> str:
        """The words that a person types before a verb."""
        return f"dagger -m {shlex.quote(self.module)} call" if self.module else "./daggerw call"

    def flags(self, *names: str) -> list[str]:
        """Return `--NAME VALUE` of each named option that has a value, or `--NAME` of a switch, for deploy."""
        values = [(name, getattr(self, name)) for name in names]
        return [
            part for name, value in values if value for part in (f"--{name}", *([] if value is True else [str(value)]))
        ]

    @property
    def retyped(self) -> str:
        """
        The flags that a person types, beside `--env`, for another verb on the same group.

        deploy prints them with the command that undoes a rollout. `.env` of this repository passes the Google
        credential file; the engine (v0.19.10) reads no `.env` of a module that it takes from a URL.
        """
        given = ["--registry-credentials", "file:$REGISTRY_CREDENTIALS"] if self.registry_credentials else []
        given += ["--prometheus-token", "env:PROMETHEUS_TOKEN"] if self.prometheus_token else []
        given += ["--settings", "DIR"] if self.settings else []
        if self.module:
            given += ["--credentials", f"file:${VARIABLE}"] if self.credentials else []
            given += ["--source", "SOURCE", "--module", shlex.quote(self.module)]
        return " ".join([*self.flags("project", "zone", "region", "group", "repository"), *given])


def checked(options: Options) -> Options:
    """
    Return options whose texts have the form of names.

    Raises:
        RefusedError: the project, the zone, the region, the group or the repository is not of its form
    """
    for name in ("project", "zone", "region", "group"):
        refuse_invalid_name(f"--{name}", getattr(options, name))
    if options.repository:
        refuse_invalid_repository(options.repository)
    return options


def refuse_invalid_name(flag: str, value: str) -> None:
    """
    Refuse a name that no project, zone, region or group can have: names become parts of paths and of cache volumes.

    Raises:
        RefusedError: the name has another character
    """
    if not _NAME.fullmatch(value):
        raise RefusedError(
            f"{flag}: got '{value}'. Fix: lower-case letters, digits, '-'; in a project also '.' and ':'"
        )


def refuse_invalid_repository(repository: str) -> None:
    """
    Refuse a text that is no full name of an image without tag.

    Raises:
        RefusedError: the text is not HOST/PATH, or not HOST/PROJECT/REPOSITORY/IMAGE on Artifact Registry
    """
    host, *path = repository.split("/")
    is_full = bool(re.search(r"[.:]", host)) or host == "localhost"
    if host.endswith("pkg.dev"):
        is_full = len(path) >= _ARTIFACT_REGISTRY_PARTS
    if not is_full or not _REPOSITORY.fullmatch(repository):
        raise RefusedError(
            f"--repository: got '{repository}'. Fix: the image's full name without tag, HOST/PROJECT/REPOSITORY/IMAGE, "
            "such as asia-northeast3-docker.pkg.dev/PROJECT/containers/web"
        )
