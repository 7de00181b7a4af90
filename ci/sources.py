"""What of the repository the verbs are given: never all of it, and never `.git`."""

from typing import Final

from dagger import Ignore


def only(*paths: str) -> Ignore:
    """Leave out of the repository everything but some paths; `.git` is never among them."""
    return Ignore(["**", *(f"!{path}" for path in paths), "**/.venv", "**/__pycache__", "**/.*_cache"])


# What the build and lint read.
SOURCES: Final = (
    "accessory", "app", "ci", "deploy", "emulator", "engine", "environments", "lib", "policy", "tests",
    ".ci", ".dockerignore", "Dockerfile", "dagger.json", "daggerw", "pyproject.toml", "ruff.toml", "uv.lock",
)  # fmt: skip
