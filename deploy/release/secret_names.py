"""The secrets of Secret Manager that metadata names literally; a name in a variable is not found."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_NAME: Final = r"[A-Za-z][\w-]*"
_LINK: Final = re.compile(rf"projects/([a-z][a-z0-9.:-]*)/secrets/({_NAME})(?:/versions/([\w-]+))?")
_BERGLAS: Final = re.compile(rf"sm://([a-z][a-z0-9.:-]*)/({_NAME})")
_ACCESS: Final = re.compile(r"secrets versions access(?:(?!secrets versions access)[^\n;|&])*")  # a single command
_VERSION: Final = re.compile(r"access\s+[\"']?(\d+)\b")
_FLAG: Final = re.compile(rf"--secret[=\s]+[\"']?({_NAME})[\"']?")
_PROJECT: Final = re.compile(r"--project[=\s]+[\"']?([a-z][a-z0-9.:-]*)")
# A shell function that reads the secret of its first argument, itself or by another, as in iac/scripts/secret.sh.
_FUNCTION: Final = re.compile(r"^(\w+)\(\)\s*\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIRST_ARGUMENT: Final = re.compile(r"secrets versions access[^\n]*--secret[=\s]+[\"']?\$\{?1\b")


@dataclass(frozen=True, order=True)
class SecretName:
    """
    A secret, and the version of it that a script reads.

    Args:
        project: project of the secret.
        name: name of the secret.
        version: number of a version, or `latest`.
    """

    project: str
    name: str
    version: str = "latest"

    def __str__(self) -> str:
        return self.name if self.version == "latest" else f"{self.name} version {self.version}"


def secret_names(text: str, project: str) -> tuple[SecretName, ...]:
    """
    Return the secrets that a text names, each once, in the order of their names.

    Args:
        text: values of metadata, such as a startup script; comment lines are ignored.
        project: project of the secrets that are named without one.
    """
    code = re.sub(r"(?m)^[ \t]*#.*$", "", text.replace("\\\n", " "))
    return tuple(sorted({*_links(code), *_accesses(code, project), *_calls(code, project)}))


def _links(code: str) -> Iterator[SecretName]:
    for project, name, version in _LINK.findall(code):
        yield SecretName(project, name, version or "latest")
    for project, name in _BERGLAS.findall(code):
        yield SecretName(project, name)


def _accesses(code: str, project: str) -> Iterator[SecretName]:
    """Yield the secrets of `gcloud secrets versions access VERSION --secret NAME`."""
    for command in _ACCESS.findall(code):
        name, version, own_project = _FLAG.search(command), _VERSION.search(command), _PROJECT.search(command)
        if name:
            yield SecretName(own_project[1] if own_project else project, name[1], version[1] if version else "latest")


def _calls(code: str, project: str) -> Iterator[SecretName]:
    """Yield the arguments of calls of the script's own functions that read a secret."""
    for function in _readers(dict(_FUNCTION.findall(code))):
        for name in re.findall(rf"\$\(\s*{function}\s+[\"']?({_NAME})[\"']?\s*\)", code):
            yield SecretName(project, name)


def _readers(bodies: dict[str, str]) -> set[str]:
    """Return the functions that read the secret of their first argument, and those that pass theirs to one of them."""
    readers: set[str] = set()
    more = {function for function, body in bodies.items() if _FIRST_ARGUMENT.search(body)}
    while more:
        readers |= more
        call = re.compile(rf"\b(?:{'|'.join(sorted(more))})\s+[\"']?\$\{{?1\b")
        more = {function for function, body in bodies.items() if call.search(body)} - readers
    return readers
