"""The invariant of copies: a template that `deploy` made equals its base, image references and record aside."""

from collections.abc import Mapping
from typing import Any

from deploy.release import template
from tests.unit.deploy.values import REPOSITORY


def assert_copy_8(document: dict[str, Any], by_id: Mapping[str, dict[str, Any]]) -> None:
    """
    Check a template against its base.

    Args:
        document: template; one without a release record is no copy.
        by_id: every template that ever existed, by its id.
    """
    record = template.release_record(document)
    if record is None:
        return
    base = by_id.get(record.base_id)
    assert base is not None, "I-8: the base is unknown"
    texts = []
    for copy in (base, document):
        properties = {key: value for key, value in copy["properties"].items() if key != "metadata"}
        places = template.image_places(copy, REPOSITORY)
        metadata = places.rewritten(template.metadata(copy), record.digest)
        metadata.pop("release", None)
        texts.append((properties, metadata, places.entries))
    assert texts[0] == texts[1], "I-8: the copy differs"
