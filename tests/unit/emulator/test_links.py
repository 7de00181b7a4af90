"""References to resources."""

import pytest

from emulator.environment.links import canonical

TEMPLATE = "projects/p/global/instanceTemplates/t"


@pytest.mark.parametrize(
    "reference",
    [
        TEMPLATE, f"/{TEMPLATE}", f"https://www.googleapis.com/compute/v1/{TEMPLATE}", f"http://127.0.0.1:1/{TEMPLATE}",
        f"https://x/compute/v1/{TEMPLATE}?uniqueId=7", "global/instanceTemplates/t",
    ],
)  # fmt: skip
def test_every_form_of_a_reference_has_one_path(reference: str) -> None:
    """URLs of any host and partial paths lead to the same canonical path."""
    assert canonical(reference, "projects/p") == TEMPLATE
