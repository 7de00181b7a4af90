"""Image references of the command line and of environment files."""

from dataclasses import replace

from accessory.errors import RefusedError
from lib.image_reference import ImageReferenceError, Reference, parse_reference


def parse(text: str, place: str = "--image") -> Reference:
    """
    Return a reference without its tag if it has a digest: docker pulls the digest.

    Args:
        text: HOST/PATH with a tag, a digest or both.
        place: option or key that has this value, for the error.

    Raises:
        RefusedError: the text is not a full reference with a tag or a digest.
    """
    try:
        reference = parse_reference(text, place)
    except ImageReferenceError as error:
        raise RefusedError(error.message, error.fix) from error
    return replace(reference, tag="") if reference.digest else reference
