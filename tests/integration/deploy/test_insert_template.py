"""The template of a release is inserted, adopted if it exists already, and refused if its content differs."""

import pytest

from deploy.errors import RefusedError
from tests.integration.deploy.rig import new_rig

TEMPLATES = "projects/dojangkok-dev/global/instanceTemplates"


def test_template_of_the_same_name_with_other_content_is_refused() -> None:
    """A template that deploy did not insert is neither applied nor deleted."""
    rig = new_rig()
    name = rig.plan_release("a").template["name"]
    rig.control("POST", TEMPLATES, {"name": name, "properties": {"machineType": "e2-small"}})
    with pytest.raises(RefusedError, match="the existing template differs in"):
        rig.deploy("a")
    assert rig.serving() == ["latest"] * 3
    assert name in rig.templates()


def test_template_of_a_failed_run_is_adopted() -> None:
    """A deploy uses the equal template that an earlier run left, and inserts no second one."""
    rig = new_rig()
    rig.control("POST", TEMPLATES, rig.plan_release("a").template)
    rig.deploy("a")
    assert rig.serving() == ["a"] * 3
    assert len(rig.templates()) == 2
