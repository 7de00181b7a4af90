"""What an operator reads if no release can be restored."""

import pytest

from deploy.documents.resource import Document, links_of
from deploy.errors import RefusedError
from deploy.release import history
from tests.unit.deploy.test_history import release, releases

FIRST = release(1, commit="c" * 40)
SECOND = release(2, FIRST, "b", "c" * 40)
AT_ONCE = {**SECOND, "creationTimestamp": FIRST["creationTimestamp"]}
NONE = "there is no proven release before the serving one. Fix: name one: `rollback --to TEMPLATE`."


def refusal(*templates: Document, serving: Document, name: str = "", force: bool = False) -> str:
    """Return why a rollback is refused while a proven release serves."""
    with pytest.raises(RefusedError) as error:
        history.rollback_release(releases(*templates, serving=serving), links_of(serving)[0], name, force=force)
    return str(error.value)


def test_only_an_earlier_release_is_restored() -> None:
    """A release that was made at the same time as the serving release is not earlier."""
    assert refusal(FIRST, serving=FIRST) == f"rollback: {NONE}"
    assert refusal(FIRST, AT_ONCE, serving=AT_ONCE) == f"rollback: {NONE}"


def test_name_of_no_release_is_refused_with_the_newest_releases() -> None:
    """The refusal lists releases of the group, newest first, and the command that prints them."""
    newest = f"{SECOND['name']}, {FIRST['name']}"
    text = f"rollback: --to 'zzz' is no release of this group (newest: {newest}). Fix: see `history`."
    assert refusal(FIRST, SECOND, serving=FIRST, name="zzz") == text


def test_commit_of_two_images_is_refused_with_both_templates() -> None:
    """A commit that two digests were built from names neither of them, also with force."""
    templates = f"{SECOND['name']}, {FIRST['name']}"
    text = f"rollback: --to 'ccccccc' means several releases: {templates}. Fix: write more of it."
    assert refusal(FIRST, SECOND, serving=FIRST, name="c" * 7, force=True) == text


def test_unproven_release_is_refused_with_the_option_that_restores_it() -> None:
    """The refusal of an unproven release names `--force`."""
    text = f"rollback: '{SECOND['name']}' is unproven: it failed, or was rolled back."
    assert (
        refusal(FIRST, SECOND, serving=FIRST, name=SECOND["name"]) == f"{text} Fix: choose another one, or add --force."
    )
