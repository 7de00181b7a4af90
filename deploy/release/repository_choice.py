"""The repository that an environment file should name, chosen among the images that a template's metadata refers to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from deploy.errors import RefusedError
from deploy.release.image_places import find_image
from deploy.release.record import RECORD_KEY
from lib.image_reference import DIGEST

# Stands for a repository that is not known yet. Source of the domain: RFC 2606, `.invalid` is never registered.
UNKNOWN_REPOSITORY: Final = "unknown.invalid/image"
_PATH: Final = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
_HOST: Final = r"(?:[a-z0-9-]+(?:\.[a-z0-9-]+)+(?::[0-9]+)?|[a-z0-9-]+:[0-9]+)"
_BEGIN: Final = r"(?:(?<![\w./@:$}-])|(?<=docker://)|(?<=:-))"
_NAMED: Final = re.compile(rf"{_BEGIN}({_HOST}(?:/{_PATH})+)(?=:[\w$]|@{DIGEST}|@\$)", re.ASCII)
# A name without tag and digest is an image only for sure at the host of a registry.
_REGISTRY: Final = r"(?:[a-z0-9-]+-docker\.pkg\.dev|(?:[a-z]+\.)?gcr\.io|ghcr\.io|docker\.io|quay\.io)"
_BARE: Final = re.compile(rf"{_BEGIN}({_REGISTRY}(?:/{_PATH})+)(?![\w/:@.-])", re.ASCII)


@dataclass(frozen=True)
class RepositoryChoice:
    """
    The repository of a group's image, or the reason why it is not chosen.

    Args:
        repository: HOST/PATH of the image; empty if the metadata does not decide it.
        candidates: every repository that the metadata refers to, each with its first place.
    """

    repository: str
    candidates: Mapping[str, str]

    @property
    def problem(self) -> str:
        """Why no repository is chosen; empty if one is."""
        if self.repository:
            return ""
        if not self.candidates:
            return "no metadata entry refers to an image with the host of its registry"
        places = ", ".join(f"'{repository}' ({place})" for repository, place in self.candidates.items())
        return f"the metadata refers to several images: {places}"


def choose_repository(metadata: Mapping[str, str]) -> RepositoryChoice:
    """
    Choose the only repository whose image `deploy` could replace; failing that, the only one that is mentioned.

    Args:
        metadata: every metadata entry of an instance, by key; the release record is ignored.
    """
    candidates = _candidates(metadata)
    decided = {name: place for name, place in candidates.items() if _is_decided(metadata, name)}
    chosen = decided or candidates
    return RepositoryChoice(next(iter(chosen)) if len(chosen) == 1 else "", chosen)


def _is_decided(metadata: Mapping[str, str], repository: str) -> bool:
    """Return whether `deploy` finds the places of a repository's image."""
    try:
        find_image(metadata, repository)
    except RefusedError:
        return False
    return True


def _candidates(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return each repository with its first place, in the order of the metadata."""
    places: dict[str, str] = {}
    for key, text in metadata.items():
        if key == RECORD_KEY:
            continue
        matches = [*_NAMED.finditer(text), *_BARE.finditer(text)]
        for match in sorted(matches, key=lambda match: match.start()):
            line = text.count("\n", 0, match.start()) + 1
            places.setdefault(match[1], f"'{key}' line {line}")
    return places
