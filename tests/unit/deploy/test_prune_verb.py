"""What `prune` refuses before it reads anything."""

from typing import cast

import pytest

from deploy.call import Call
from deploy.errors import RefusedError
from deploy.prune_verb import prune

_NOT_DRY = (
    "prune: --images: deploy deletes no image, because only the registry refuses one that another image needs. Fix: add"
    " --dry-run for the list, and delete images in the registry."
)
_NO_IMAGES = (
    "prune: --dry-run: lists images alone, and --images is missing. Fix: add --images, or run `prune` without --dry-run"
    " to delete old templates."
)


@pytest.mark.parametrize(("images", "dry_run", "text"), [(True, False, _NOT_DRY), (False, True, _NO_IMAGES)])
def test_one_flag_without_the_other_is_refused(images: bool, dry_run: bool, text: str) -> None:
    """A person who wants a list never gets a deletion, and deploy deletes no image."""
    with pytest.raises(RefusedError) as caught:
        prune(cast("Call", None), images, dry_run)
    assert (str(caught.value), caught.value.exit_code) == (text, 3)
