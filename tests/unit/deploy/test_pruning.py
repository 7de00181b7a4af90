"""What is not even tried to be deleted, because it is in use somewhere."""

import httpx
import pytest

from deploy import pruning
from deploy.compute import Compute
from deploy.errors import RolledBackError
from emulator.api import Api
from emulator.inprocess import Transport
from tests.unit.deploy.faulty import behave, world
from tests.unit.deploy.rig import GROUP


class OneGroupAPage(Transport):
    """The emulator, with aggregated lists of one group a page; it notes what somebody tried to delete."""

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self.tried: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.tried += [request.url.path] if request.method == "DELETE" else []
        if "/aggregated/" in request.url.path:
            request.url = request.url.copy_merge_params({"maxResults": "1"})
        return super().handle_request(request)


def test_f57_group_on_a_later_page_keeps_its_template_as_well() -> None:
    """Nobody even tries to delete it; Google's refusal is not what it is kept by."""
    one = world()
    one.deploy("0")
    first = one.observed().group.versions[0].template
    other = {"name": "other", "baseInstanceName": "other", "targetSize": 0}
    one.control("POST", GROUP.rpartition("/")[0], {**other, "instanceTemplate": f"global/instanceTemplates/{first}"})
    for letter in "123456789":
        one.deploy(letter)
    for letter in "ab":  # newer ones that are not good, so that the first is not kept as one of those
        behave(one, letter, never_healthy=True)
        with pytest.raises(RolledBackError):
            one.deploy(letter)
    emulator, time = OneGroupAPage(one.api), one.compute().time
    compute = Compute(httpx.Client(transport=emulator), "http://emulator/compute/v1", one.config.project, dict, time)
    assert list(pruning.pruned(compute, one.config)) == []
    assert emulator.tried == []
    assert first in one.templates()
