"""A group that its zone does not have."""

import pytest

from deploy.errors import RefusedError
from tests.integration.deploy.rig import new_rig
from tests.unit.deploy.values import GROUP


def test_unknown_group_is_named_with_the_values_to_correct() -> None:
    """The error names the values that the operator may have to correct."""
    rig = new_rig()
    rig.config = rig.config.model_copy(update={"group": "other"})
    with pytest.raises(RefusedError) as error:
        rig.observed()
    assert str(error.value) == (
        "group 'other': not found in zone asia-northeast3-a of project dojangkok-dev."
        " Fix: correct `group`, `zone` or `project` in the environment file."
    )


def test_group_of_that_name_elsewhere_is_named_with_its_place() -> None:
    """The error has the region of the group, and the key of the environment file to set."""
    rig = new_rig()
    zonal = rig.control("GET", GROUP)
    body = {key: zonal[key] for key in ("baseInstanceName", "targetSize", "instanceTemplate")}
    body["updatePolicy"] = {"maxSurge": {"fixed": 3}, "maxUnavailable": {"fixed": 0}}
    answer = rig.control(
        "POST", "projects/dojangkok-dev/regions/asia-northeast3/instanceGroupManagers", {**body, "name": "wide"}
    )
    assert "error" not in answer
    rig.config = rig.config.model_copy(update={"group": "wide"})
    with pytest.raises(RefusedError) as error:
        rig.observed()
    assert str(error.value) == (
        "group 'wide': not found in zone asia-northeast3-a of project dojangkok-dev; a group of that name is in region"
        " asia-northeast3. Fix: set `region: asia-northeast3` in the environment file in place of `zone`."
    )
