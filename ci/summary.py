"""The summary of a release: which stages ran, how long, with which results."""

from collections.abc import Iterable
from typing import Final

from ci.output import printable
from ci.release import Release

_COLUMNS: Final = 80
_BETWEEN: Final = " · "


def summary(release: Release) -> str:
    """
    Render the stages of a release.

    Results are broken into lines of at most 80 columns, each of whole results: `app 487 passed` stays together.

    Returns:
        Lines of text; the last is the reference with its digest.
    """
    width = max(len(stage.name) for stage in release.stages)
    lines = []
    for stage in release.stages:
        results = ("FAILED, advisory",) if stage.failure else tuple(map(printable, stage.results))
        start = f"{stage.name:<{width}}  {stage.seconds:6.1f} s  "
        first, *others = _joined(results, _COLUMNS - len(start))
        lines += [f"{start}{first}".rstrip(), *(f"{' ' * len(start)}{line}" for line in others)]
    return "\n".join(
        [
            *(f"{printable(stage.failure)}\n" for stage in release.stages if stage.failure),
            *lines,
            f"{'image':<{width}}  {release.published.size_bytes / 1e6:6.1f} MB compressed, linux/amd64",
            release.published.reference,
        ]
    )


def _joined(results: Iterable[str], columns: int) -> list[str]:
    """Join results into lines; a result that is longer than a line has a line of its own."""
    lines = [""]
    for result in results:
        joined = f"{lines[-1]}{_BETWEEN}{result}" if lines[-1] else result
        if lines[-1] and len(joined) > columns:
            lines.append(result)
        else:
            lines[-1] = joined
    return lines
