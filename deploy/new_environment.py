"""The text of a new environment file: the names that were given, and what was read of the group. Pure."""

from collections.abc import Mapping
from typing import Final

import yaml

from deploy.config import Config
from deploy.release.repository_choice import RepositoryChoice

_HEAD: Final = "# Written by `init` of mig-deploy, whose docs/reference.md explains every key. No secret belongs here."
_SEVERAL: Final = (
    "# The group's metadata refers to several images: leave the line of the one to deploy, without its '#'."
)
_NONE: Final = (
    "# The group's metadata refers to no image: write it there in full, HOST/PATH:TAG, and its HOST/PATH here."
)
_ROLLOUT: Final = (
    "# As the group's update policy has it; the defaults, one instance above in each zone, keep the full capacity."
)


def environment_text(config: Config, choice: RepositoryChoice, overrides: Mapping[str, str]) -> str:
    """
    Return the text of an environment file.

    Args:
        config: settings of the environment.
        choice: repository of the group's image.
        overrides: values of flags by key, which the file keeps.
    """
    lines = [_HEAD]
    for key in Config.model_fields:
        if key == "repository":
            lines += _repository_lines(choice)
        elif key in overrides:
            lines.append(_line(key, getattr(config, key)))
    changed = config.rollout.model_dump(mode="json", exclude_defaults=True)
    if changed:
        lines += [_ROLLOUT, f"rollout: {yaml.safe_dump(changed, default_flow_style=True).rstrip()}"]
    return "\n".join([*lines, ""])


def _repository_lines(choice: RepositoryChoice) -> list[str]:
    if choice.repository:
        return [_line("repository", choice.repository)]
    if not choice.candidates:
        return [_NONE, "# repository: HOST/PATH"]
    candidates = [f"# {_line('repository', repository)}  # {place}" for repository, place in choice.candidates.items()]
    return [_SEVERAL, *candidates]


def _line(key: str, value: str) -> str:
    """Return a key with its value as YAML, which quotes a name such as `null`."""
    return yaml.safe_dump({key: value}, width=1_000).rstrip()
