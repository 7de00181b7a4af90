"""Commands of gcloud that fixes and findings print: pure."""

from deploy.config import Config
from deploy.documents.resource import name_of, region_of


def group_command(config: Config, verb: str, *flags: str) -> str:
    """Return a gcloud command on the group that a person can paste into a shell."""
    scope = ("--project", config.project, *config.location.flag)
    return " ".join(("gcloud compute instance-groups managed", verb, config.group, *scope, *flags))


def template_command(config: Config, link: str) -> str:
    """Return a gcloud command that shows the template of a link, with the flag of its location."""
    region = region_of(link)
    where = f"--region {region}" if region else "--global"
    return f"gcloud compute instance-templates describe {name_of(link)} --project {config.project} {where}"
