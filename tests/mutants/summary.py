"""What a run of mutants shows: how many the tests killed, and which survived without a reason."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import tomllib

# Folders of deploy: the pure ones, and what performs a plan.
FOLDERS: Final = ("analysis", "doctor", "documents", "group", "release", "rollout")
THRESHOLD: Final = 92.0  # percent of the mutants that are not equivalent
EQUIVALENT: Final = Path(__file__).with_name("equivalent.toml")


@dataclass(frozen=True)
class Mutant:
    """
    A change of a line, and whether a test killed it.

    Args:
        function: module and function that was changed, such as `deploy.group.health.add_poll`.
        removed: the line before the change, without its indent.
        added: the line after the change, without its indent.
        is_killed: whether a test failed, or ran out of time.
    """

    function: str
    removed: str
    added: str
    is_killed: bool


@dataclass(frozen=True)
class Equivalent:
    """
    A mutant that no test can kill.

    Args:
        function: module and function that is changed.
        removed: the line before the change, without its indent.
        added: the line after the change, without its indent.
        reason: why the program does the same after the change.
    """

    function: str
    removed: str
    added: str
    reason: str

    def is_same(self, mutant: Mutant) -> bool:
        """Whether a mutant is this change."""
        return (self.function, self.removed, self.added) == (mutant.function, mutant.removed, mutant.added)


def read_equivalents(file: Path = EQUIVALENT) -> tuple[Equivalent, ...]:
    """Read the mutants that no test can kill, with their reasons."""
    return tuple(Equivalent(**entry) for entry in tomllib.loads(file.read_text()).get("equivalent", []))


def summarize(mutants: Sequence[Mutant], equivalents: Iterable[Equivalent], folders: Sequence[str]) -> tuple[str, bool]:
    """
    Return the text of a summary, and whether the tests killed enough mutants of every folder.

    Args:
        mutants: the outcome of every mutant of a run.
        equivalents: mutants that no test can kill.
        folders: dotted names of the folders that were mutated; equivalents of other folders are left out.
    """
    listed = [entry for entry in equivalents if entry.function.startswith(tuple(f"{folder}." for folder in folders))]
    judged = [mutant for mutant in mutants if not any(entry.is_same(mutant) for entry in listed)]
    survivors = [mutant for mutant in judged if not mutant.is_killed]
    unmatched = [entry for entry in listed if not any(entry.is_same(mutant) for mutant in mutants)]
    lines = [f"survived: {mutant.function}\n  - {mutant.removed}\n  + {mutant.added}" for mutant in survivors]
    lines += [f"{EQUIVALENT.name}: {entry.function}: no such mutant. Fix: delete the entry." for entry in unmatched]
    is_enough = not unmatched
    for folder in folders:
        outcomes = [mutant.is_killed for mutant in judged if mutant.function.startswith(f"{folder}.")]
        total = sum(mutant.function.startswith(f"{folder}.") for mutant in mutants)
        percent = 100 * sum(outcomes) / len(outcomes) if outcomes else 0.0
        is_enough = is_enough and percent >= THRESHOLD
        lines.append(
            f"{folder}: {sum(outcomes)} of {len(outcomes)} mutants killed, {percent:.1f} %, at least {THRESHOLD:.0f} %"
            f" needed; {total - len(outcomes)} more are equivalent"
        )
    return "\n".join(lines), is_enough
