"""The steps of a canary that README.md shows."""

import re

from tests.support.programs import ROOT


def readme_steps(bake_s: int) -> str:
    """
    Return the list of steps under "Canaries" of README.md, as YAML on one line.

    Args:
        bake_s: bake that each step gets in place of its own, in seconds.
    """
    section = (ROOT / "README.md").read_text().partition("\n## Canaries\n")[2].partition("\n## ")[0]
    [block] = re.findall(r"```yaml\n  steps:\n(.*?)```", section, re.DOTALL)
    steps = re.findall(r"- (\{.*?\})", block)
    return "[" + re.sub(r"bake_s: \d+", f"bake_s: {bake_s}", ", ".join(steps)) + "]"
