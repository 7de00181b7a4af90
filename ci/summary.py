"""The last thing that a person reads: what ran, how long, what came out."""

from collections.abc import Sequence

from ci.output import printable
from ci.release import Published, Stage


def summary(stages: Sequence[Stage], published: Published) -> str:
    """
    Render a pipeline's result.

    Args:
        stages: In the order of the way.
        published: What was pushed.

    Returns:
        Lines of text; the last is the reference with its digest.
    """
    width = max(len(stage.name) for stage in stages)
    said = ["FAILED, advisory" if stage.failure else printable(stage.said) for stage in stages]
    lines = [
        f"{stage.name:<{width}}  {stage.seconds:6.1f} s  {text}".rstrip()
        for stage, text in zip(stages, said, strict=True)
    ]
    advisory = [stage.failure for stage in stages if stage.failure]
    return "\n".join(
        [
            *(f"{printable(failure)}\n" for failure in advisory),
            *lines,
            f"{'image':<{width}}  {published.size_bytes / 1e6:6.1f} MB compressed, linux/amd64",
            published.reference,
        ]
    )
