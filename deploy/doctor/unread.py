"""The finding for a value that could not be read."""

from deploy.config import Config
from deploy.doctor.finding import Finding, unknown
from deploy.doctor.readings import Unread


def unread_finding(check: str, config: Config, reading: Unread, command: str) -> Finding:
    """
    Return an unknown finding.

    Args:
        check: name of the check.
        config: names of the environment.
        reading: why the value could not be read.
        command: command that shows the value; of an API that is off, its activation goes first.
    """
    if reading.service:
        command = f"gcloud services enable {reading.service} --project {config.project}"
    return unknown(check, reading.text, command)
