"""Inserting a release's template: made, or adopted where one of its name has the same content, and compared."""

import contextlib

from deploy.compute_engine.client import Compute
from deploy.compute_engine.instance_templates import InstanceTemplates
from deploy.config import Config
from deploy.documents.resource import Document
from deploy.errors import CloudError, NotAllowedError, RefusedError
from deploy.release import template
from deploy.rollout.write_errors import refused, untold


def insert(compute: Compute, config: Config, body: Document) -> None:
    """
    Insert a template, or adopt one of its name that has the same content, and compare what is there.

    Args:
        compute: API of the project.
        config: Names.
        body: Of the template.

    Raises:
        DeployError: It was refused, or what is there differs; the group was told nothing.
    """
    where, templates = f"template '{body['name']}'", InstanceTemplates(compute)
    try:
        outcome = templates.insert(body)
    except (CloudError, NotAllowedError) as error:
        outcome = refused(error)
    # What was refused, or lost on its way, may be there all the same: reading tells. Only a difference that a second
    # read shows too counts.
    unlike: list[str] = []
    for _ in range(2):
        try:
            there = templates.get(body["name"])
        except (CloudError, NotAllowedError) as error:
            what = "can't be read back" if outcome.state == "done" else "was not made"
            why = outcome if outcome.state == "failed" else refused(error)
            raise untold(compute, config, f"{where} {what}: {outcome.text or why.text}", why.code) from error
        unlike = _differences(body, there)
        if not unlike:
            return
    if outcome.state != "failed":
        with contextlib.suppress(CloudError, NotAllowedError):
            templates.start_deletion(body["name"])
    raise RefusedError(f"{where}: what is there differs in {', '.join(unlike)}.", "look at it by hand")


def _differences(body: Document, there: Document) -> list[str]:
    """Return what of a template differs from the body that it was made of."""
    unlike = template.differences(body, there)
    if template.metadata(there).get("startup-script") != template.metadata(body)["startup-script"]:
        unlike.append("the startup-script")
    if template.release_record(there) is None:
        unlike.append("the metadata entry 'release'")
    return unlike
