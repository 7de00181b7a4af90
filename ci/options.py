"""Arguments that several verbs take, with what `--help` says of them."""

import re
from typing import Annotated, Final

import dagger
from dagger import Doc, Name

from ci.errors import RefusedError

Advisory = Annotated[bool, Doc("report failures of lint, types, tests and policy without stopping for them")]
AllChecks = Annotated[
    bool, Doc("gate types and tests of every program, and policy, as `check` does; not only the app's")
]
AllowStandIn = Annotated[bool, Doc("push to a real registry even what was built on stand-in base images")]
By = Annotated[str, Doc("who asks, for the record of the release")]
Commit = Annotated[
    str,
    Doc("commit of the sources, 7 to 40 digits; its first 7 become the tag (default: dev-<12 digits of the digest>)"),
]
# .env passes it to the constructor, because dagger prints a line for each verb that it passes a value to. It has no
# Python default: the engine takes the registered `null` of one for a value that a person passed (v0.19.10, tried).
Credentials = Annotated[
    dagger.Secret | None,
    Doc("Google credential file, as file:PATH (default: GOOGLE_APPLICATION_CREDENTIALS, by .env); 'local' needs none"),
]
Env = Annotated[str, Doc("environment, by the name of its file in environments/")]
Format = Annotated[str, Name("format"), Doc("text, json or markdown")]
Group = Annotated[str, Doc("managed instance group, instead of the environment's")]
NoLatest = Annotated[bool, Doc("leave the tag 'latest' alone, for registries with immutable tags")]
Project = Annotated[str, Doc("Google Cloud project, instead of the environment's")]
RegistryCredentials = Annotated[
    dagger.Secret | None,
    Doc(
        "logins of registries that take no Google token, as 'docker login' writes them: file:$HOME/.docker/config.json"
    ),
]
RegistryToken = Annotated[
    dagger.Secret | None,
    Doc("Google access token for the registry, as env:NAME or file:PATH (default: one by --credentials)"),
]
Repository = Annotated[str, Doc("full name of the image, HOST/PROJECT/REPOSITORY/IMAGE, instead of the environment's")]
Timeout = Annotated[str, Doc("seconds until the rollout has failed (default: by the size of the group)")]
Zone = Annotated[str, Doc("zone of the group, instead of the environment's")]

_NAME: Final = re.compile(r"[a-z0-9.:-]*")


def refuse_odd_name(flag: str, value: str) -> None:
    """
    Refuse a name that Google has for no project, zone or group: names become parts of paths and of cache volumes.

    Raises:
        RefusedError: the name has another character
    """
    if not _NAME.fullmatch(value):
        raise RefusedError(
            f"{flag}: got '{value}'. Fix: lower-case letters, digits, '-'; in a project also '.' and ':'"
        )
