"""Inserts the template of a release, or adopts an existing template of the same name and content."""

import contextlib

from deploy.compute_engine.instance_templates import InstanceTemplates
from deploy.compute_engine.managed_group import ManagedGroup
from deploy.documents.resource import Document
from deploy.errors import CloudError, NotAllowedError, RefusedError
from deploy.release import template
from deploy.rollout.write_errors import refused_write, unchanged_group_error

_READS = 2


def insert_template(managed: ManagedGroup, link: str, body: Document) -> tuple[str, ...]:
    """
    Insert a template, read it back, and compare it with its body.

    A refused or lost insertion may have taken effect all the same, and so may an earlier one; the read shows that.

    Args:
        managed: group that the template is for.
        link: link that the template is to have.
        body: body of the template.

    Returns:
        Warnings of Compute Engine's operation.

    Raises:
        DeployError: the insertion was refused, or the template differs from the body; the group is unchanged.
    """
    where, templates = f"template '{body['name']}'", InstanceTemplates(managed.compute)
    try:
        operation = templates.insert(link, body)
    except (CloudError, NotAllowedError) as error:
        operation = refused_write(error)
    differences: list[str] = []
    for _ in range(_READS):  # only a difference that a second read shows too counts
        try:
            document = templates.get(link)
        except (CloudError, NotAllowedError) as error:
            problem = "can't be read back" if operation.state == "done" else "was not inserted"
            cause = operation if operation.state == "failed" else refused_write(error)
            text = f"{where} {problem}: {operation.text or cause.text}"
            raise unchanged_group_error(managed, text, cause.code) from error
        differences = _differences(body, document)
        if not differences:
            return operation.warnings
    if operation.state != "failed":
        with contextlib.suppress(CloudError, NotAllowedError):
            templates.start_deletion(link)
    raise RefusedError(
        f"{where}: the existing template differs in {', '.join(differences)}.", "delete it if no group needs it"
    )


def _differences(body: Document, document: Document) -> list[str]:
    """Return the parts of a template that differ from its body."""
    differences = template.differences(body, document)
    if template.metadata(document).get("startup-script") != template.metadata(body)["startup-script"]:
        differences.append("the startup-script")
    if template.release_record(document) is None:
        differences.append("the metadata entry 'release'")
    return differences
