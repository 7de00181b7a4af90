"""Commands that mention an image and start no container: they list, delete, compare or print."""

import re
from functools import lru_cache
from typing import Final

_ENGINES: Final = ("docker", "podman", "nerdctl", "crictl")
_HARMLESS: Final = ("images", "rmi", "ps", "inspect", "inspecti", "prune", "history")
_HARMLESS_BELOW: Final = {
    "image": ("ls", "list", "rm", "remove", "prune", "inspect", "history"),
    "container": ("ls", "list", "ps", "prune", "inspect"),
    "system": ("prune", "df"),
}
_PATTERN_COMMANDS: Final = ("grep", "egrep", "fgrep")
_PRINTERS: Final = ("echo", "printf", "logger", "wall")
# Words before a command that do not change it.
_PREFIX: Final = re.compile(r"sudo|command|time|env|nice|nohup|timeout|xargs|exec|-\S*|\d+[smh]?|\w+=\S*")
_OPTIONS_WITH_VALUE: Final = (
    "--config",
    "-c",
    "--context",
    "-H",
    "--host",
    "-l",
    "--log-level",
    "--root",
    "-n",
    "--namespace",
)
_SWITCHES: Final = ("-D", "--debug", "--tls", "--tlsverify", "--remote", "-r")


def starts_nothing(words: tuple[str, ...], *, is_output_used: bool) -> bool:
    """
    Return whether a command starts no container of the images that it mentions.

    Args:
        words: words of a simple command, without quotes.
        is_output_used: whether the command's output goes elsewhere than to a terminal or a log.
    """
    command = _command(words)
    if not command:
        return False
    name = command[0].rpartition("/")[2]
    if name in _PATTERN_COMMANDS or (name in _PRINTERS and not is_output_used and command[1:2] != ("-v",)):
        return True
    return name in _ENGINES and _is_harmless(command)


@lru_cache(maxsize=64)  # one command may have thousands of mentions
def has_image_filter(words: tuple[str, ...], repository: str) -> bool:
    """Return whether a command of a container engine selects containers by an image of a repository."""
    command = _command(words)
    is_engine = bool(command) and command[0].rpartition("/")[2] in _ENGINES
    return is_engine and any("ancestor=" in word and repository in word for word in command)


def _command(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of a command, from the name of the command on."""
    for index, word in enumerate(words):
        name = word.rpartition("/")[2]
        if name in (*_ENGINES, *_PATTERN_COMMANDS, *_PRINTERS):
            return words[index:]
        if not _PREFIX.fullmatch(name):
            return ()
    return ()


@lru_cache(maxsize=64)
def _is_harmless(words: tuple[str, ...]) -> bool:
    """Return whether a command of a container engine has a verb that starts nothing."""
    verbs: list[str] = []
    skips = False
    for word in words[1:]:
        if (
            not (verbs or skips or "=" in word)
            and word.startswith("-")
            and word not in (*_OPTIONS_WITH_VALUE, *_SWITCHES)
        ):
            return False  # the next word may be the value of this unknown option
        verbs += [] if skips or word.startswith("-") else [word]
        skips = not skips and word in _OPTIONS_WITH_VALUE
    verb, below = (*verbs, "", "")[:2]
    return verb in _HARMLESS or below in _HARMLESS_BELOW.get(verb, ())
