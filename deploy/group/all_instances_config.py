"""Whether a group's `allInstancesConfig` decides the image in place of the template: pure."""

from collections.abc import Collection
from typing import Final

from deploy.config import Config
from deploy.documents.group_state import Group
from deploy.release.image_places import entry_mentions

_STARTUP_SCRIPT_KEYS: Final = ("startup-script", "startup-script-url")


def metadata_overrides(config: Config, group: Group, image_entries: Collection[str]) -> dict[str, str]:
    """
    Return each metadata entry of `allInstancesConfig` that decides the image, with what it does.

    Such an entry hides an entry of the template that holds the image, or refers to the repository itself.

    Args:
        config: repository and searched entries of the environment.
        group: the group.
        image_entries: keys of the template's metadata entries that hold the image.
    """
    hidden = {*image_entries, *(config.image_in or _STARTUP_SCRIPT_KEYS)}
    overrides = {}
    for key, text in group.metadata_of_all.items():
        if key in hidden:
            overrides[key] = f"a '{key}', which hides the template's"
        elif not config.image_in:
            mentions = entry_mentions(key, text, config.repository)
            places = [
                f"line {mention.line} '{mention.reference}'"
                for mention in mentions
                if mention.kind in ("reference", "undecidable")
            ]
            if places:
                overrides[key] = f"a '{key}', which refers to '{config.repository}': {', '.join(places)}"
    return overrides
