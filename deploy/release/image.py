"""The image reference on the command line."""

from deploy.errors import RefusedError
from lib.image_reference import ImageReferenceError, Reference, parse_reference


def parse(text: str) -> Reference:
    """
    Return the reference in the value of `--image`.

    Raises:
        RefusedError: the text is not a full reference with a tag or a digest.
    """
    try:
        return parse_reference(text, "image")
    except ImageReferenceError as error:
        raise RefusedError(error.message, error.fix) from error
