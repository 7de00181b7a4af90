"""The outcome of a run as Markdown, for a job summary."""

from deploy import text
from deploy.result import Outcome


def outcome(found: Outcome, command: text.Command) -> str:
    """Return what a run came to: heading, facts, machines."""
    lines = [f"### {text.heading(found)}", ""]
    lines += [f"- {name}: {value}" for name, value in text.facts(found, command)]
    return "\n".join(lines)
