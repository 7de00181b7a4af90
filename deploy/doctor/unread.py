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
        command: command that shows the value; an API that is off, or a login without a quota project, is mended first.
    """
    if reading.service:
        command = f"gcloud services enable {reading.service} --project {config.project}"
    if reading.lacks_quota_project:
        command = f"gcloud auth application-default set-quota-project {config.project}"
    return unknown(check, reading.text, command)
