"""What of the repository the verbs are given: never all of it, and never `.git`."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import dagger
from dagger import DefaultPath, Doc, Ignore, dag

_EXPORTED: Final = "source"
_NEVER: Final = (".git", "**/.venv", "**/__pycache__", "**/.*_cache", "**/.terraform", "**/*.tfstate*", "**/*.tfvars")

# What the build and all checks read.
SOURCES: Final = (
    "accessory", "app", "bench", "ci", "compose", "deploy", "docs", "emulator", "engine", "environments", "iac", "lib",
    "packer", "policy", "tests", ".ci", ".dockerignore", ".env", ".github", ".gitignore", "Dockerfile", "dagger.json",
    "daggerw", "pyproject.toml", "ruff.toml", "uv.lock",
)  # fmt: skip


def only(*paths: str) -> Ignore:
    """Leave out of the repository everything but some paths; `.git` and state of Terraform are never among them."""
    return Ignore(["**", *(f"!{path}" for path in paths), *_NEVER])


# An argument of every verb, and not of the constructor, which would start a Python of its own after every change.
Source = Annotated[
    dagger.Directory, DefaultPath("/"), only(*SOURCES), Doc("the repository, narrowed to what the steps read")
]


async def keyed_by_content(source: dagger.Directory, parts: Mapping[str, Sequence[str]]) -> dict[str, dagger.Directory]:
    """
    Take parts out of the repository, so that the engine keys each by its own content.

    What is filtered from a directory, the engine keys by all of that directory; what is loaded from the folder that a
    function works in, by its content (v0.19.10, tried). So the repository is written to that folder first.

    Args:
        source: The repository.
        parts: Paths of each part, by its name.

    Returns:
        The parts by name; a part is loaded when a step uses it.
    """
    await source.export(_EXPORTED)
    module = dag.current_module()
    return {name: module.workdir(_EXPORTED, exclude=only(*paths).patterns) for name, paths in parts.items()}
