"""Whether the template of a fallback is still the recorded one: its numeric id is read and compared."""

from typing import Final

from deploy.compute_engine.client import Compute
from deploy.compute_engine.instance_templates import InstanceTemplates
from deploy.documents.resource import Document
from deploy.errors import CloudError
from deploy.release.record import Fallback
from deploy.retry import NOT_FOUND, read_despite_404

_READ_S: Final = 10.0  # for the read and its retries, because an automatic rollback waits for them


def compare_fallback(compute: Compute, fallback: Fallback) -> str:
    """
    Read the template of a fallback, and return how it differs from the recorded one; empty if it is the same.

    Args:
        compute: API of the project.
        fallback: version to restore.

    Raises:
        CloudError: the template can't be read.
        NotAllowedError: the account may not read the template.
    """
    prefix = f"projects/{compute.project}/"
    if not fallback.link.startswith(prefix):
        return f"template '{fallback.link}' belongs to another project than '{compute.project}'"
    templates, until_s = InstanceTemplates(compute), compute.time.now_s() + _READ_S

    def read() -> Document:
        return templates.get(fallback.link, within_s=max(0.0, until_s - compute.time.now_s()))

    try:
        document = read_despite_404(read, compute.time, _READ_S)
    except CloudError as error:
        if error.status == NOT_FOUND:
            return f"template '{fallback.template}' was deleted"
        raise
    template_id = str(document["id"])
    if template_id == fallback.template_id:
        return ""
    return (
        f"template '{fallback.template}' was deleted and created again: its id was {fallback.template_id}, and is"
        f" {template_id}"
    )
