"""Whether a template is the very one that a record named: its numeric id is read and compared."""

from deploy.compute import Compute
from deploy.errors import CloudError
from deploy.record import Fallback

_GONE = 404
_READ_S = 10.0  # how long the read is retried: an automatic rollback waits for it


def mismatch(compute: Compute, fallback: Fallback) -> str:
    """
    Return why the template of a fallback is not the one that was recorded; empty if it is.

    Args:
        compute: API of the project.
        fallback: The version to restore.

    Raises:
        CloudError: The template can't be read.
        NotAllowedError: The caller may not read it.
    """
    prefix = f"projects/{compute.project}/"
    if not fallback.link.startswith(prefix):
        return f"template '{fallback.link}' belongs to another project than '{compute.project}'"
    try:
        template_id = str(compute.get(fallback.link.removeprefix(prefix), within_s=_READ_S).get("id", ""))
    except CloudError as error:
        if error.status == _GONE:
            return f"template '{fallback.template}' was deleted"
        raise
    if template_id == fallback.template_id:
        return ""
    return (
        f"template '{fallback.template}' was deleted and created again: its id was {fallback.template_id}, and is"
        f" {template_id}"
    )
