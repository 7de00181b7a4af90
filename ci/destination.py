"""The destination of an image: name, tags, and the logins that its registry may be sent. Pure."""

import re
from dataclasses import dataclass, field
from typing import Final

import dagger

from ci.environments import LOCAL
from ci.errors import RefusedError
from ci.steps.local_volumes import LocalVolumes

EMBEDDED_HOST: Final = "registry:5000"
_COMMIT: Final = re.compile(r"[0-9a-f]{7,40}")


@dataclass(frozen=True)
class Destination:
    """
    The place of an image in a registry.

    Args:
        name: name of the image in full, without tag or digest, such as `registry:5000/group/web`
        tags: tags in the order of their push; one that ends in `-` is completed with the first 12 digits of the digest
        env: name of the file in environments/ whose rules say which login the registry is sent
        token: access token of a Google account
        credentials: Google credential file, from which a token is minted where none is passed
        registry_credentials: logins of registries, as `docker login` writes them
        volumes: cache volumes of the local environment that the embedded registry belongs to
    """

    name: str
    tags: tuple[str, ...]
    env: str = LOCAL
    token: dagger.Secret | None = None
    credentials: dagger.Secret | None = None
    registry_credentials: dagger.Secret | None = None
    volumes: LocalVolumes = field(kw_only=True)

    @property
    def logins(self) -> dict[str, dagger.Secret]:
        """Secrets that the registry may be sent, by their file names in /run/secrets; a token replaces credentials."""
        google = ("registry-token", self.token) if self.token else ("credentials", self.credentials)
        secrets = (google, ("registry-credentials", self.registry_credentials))
        return {name: secret for name, secret in secrets if secret is not None}

    @property
    def is_embedded(self) -> bool:
        """Whether the registry is the embedded one, which the pipeline starts itself."""
        return self.name.split("/", 1)[0] == EMBEDDED_HOST


def without_tag(reference: str) -> str:
    """Return host and path of a reference."""
    host, _, path = reference.partition("@")[0].partition("/")
    return f"{host}/{path.partition(':')[0]}"


def push_tags(commit: str, *, latest: bool) -> tuple[str, ...]:
    """
    Return the tags of a push, in its order.

    The tag of a commit moves when the commit is pushed again with other content. The tag with the digest never does, so
    that no image loses its last tag: the cleanup policy of iac/ deletes images without one.

    Args:
        commit: commit that becomes the first tag, and the second one with the digest; empty for a tag by the digest
        latest: whether the tag `latest` follows

    Raises:
        RefusedError: the commit is not of its form
    """
    if commit and not _COMMIT.fullmatch(commit):
        raise RefusedError(
            f"--commit: got '{commit}'. Fix: 7 to 40 lower-case hexadecimal digits, as 'git rev-parse HEAD' prints"
        )
    own = (commit[:7], f"{commit[:7]}-") if commit else ("dev-",)
    return own + (("latest",) if latest else ())


def refuse_stand_in(destination: Destination, stand_in: str | None, *, is_allowed: bool) -> None:
    """
    Keep images that were built on stand-in images out of the registries that instances pull from.

    Args:
        destination: destination of the image
        stand_in: label of the image; empty or None where it was built on official images
        is_allowed: whether `--allow-stand-in` was passed

    Raises:
        RefusedError: the image has the label, and the destination is not the embedded registry
    """
    if stand_in and not destination.is_embedded and not is_allowed:
        raise RefusedError(
            f"{destination.name}: got an image that is built on a stand-in of {stand_in}. "
            "Fix: build it where the official images can be pulled, or pass --allow-stand-in"
        )
