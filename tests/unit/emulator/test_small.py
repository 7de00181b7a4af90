"""Clock, links, behaviours, health and faults: small parts, each alone."""

from dataclasses import replace

import pytest
from pydantic import ValidationError

from emulator.api.faults import Faults, PlanRequest
from emulator.api.permissions import permission
from emulator.api.routing import route
from emulator.api.serial_port import images
from emulator.environment.clock import Clock, timestamp
from emulator.environment.instance_rules import Rule, behaviour, mentions
from emulator.environment.links import canonical
from emulator.group.health import NEVER, Behaviour, Check, Tie, verdicts
from emulator.group.instances import Machine, Version

TEMPLATE = "projects/p/global/instanceTemplates/t"
MACHINE = Machine("web-1", "zone-a", Version(TEMPLATE), Behaviour(), 0.0)


def test_clocks_run_scaled_or_by_hand() -> None:
    real = [100.0]
    scaled, manual = Clock(1_000, 60, lambda: real[0]), Clock(1_000, None, lambda: real[0])
    real[0] += 2
    manual.move(5)
    assert (scaled.now_s(), manual.now_s()) == (1_120, 1_005)
    assert (scaled.real_s(60), manual.real_s(60)) == (1, 0)


def test_times_are_written_in_pacific_time_with_its_summer() -> None:
    assert timestamp(1_767_225_600.5) == "2025-12-31T16:00:00.500-08:00"
    assert timestamp(1_782_864_000) == "2026-06-30T17:00:00.000-07:00"


@pytest.mark.parametrize(
    "reference",
    [
        TEMPLATE, f"/{TEMPLATE}", f"https://www.googleapis.com/compute/v1/{TEMPLATE}", f"http://127.0.0.1:1/{TEMPLATE}",
        f"https://x/compute/v1/{TEMPLATE}?uniqueId=7", "global/instanceTemplates/t",
    ],
)  # fmt: skip
def test_every_form_of_a_reference_is_one_path(reference: str) -> None:
    assert canonical(reference, "projects/p") == TEMPLATE


def test_narrow_rules_go_before_wide_ones_and_new_before_old() -> None:
    rules = [
        Rule(machine="web-1", boot_s=1), Rule(template="t", boot_s=2, create_s=2), Rule(image="r/app:1", delete_s=3),
        Rule(boot_s=9, create_s=9, delete_s=9, stop_s=9), Rule(stop_s=4),
    ]  # fmt: skip
    drawn = behaviour(rules, MACHINE, "image: r/app:1\n", 0)
    assert (drawn.boot_s, drawn.create_s, drawn.delete_s, drawn.stop_s) == (1, 2, 3, 4)
    assert behaviour(rules, MACHINE, "image: r/app:10", 0).delete_s == 9


def test_dice_fall_the_same_way_for_the_same_seed_and_life() -> None:
    rules = [Rule(boot_s=(1, 100))]
    first, again = (behaviour(rules, MACHINE, "", 7).boot_s for _ in range(2))
    assert first == again
    assert first != behaviour(rules, replace(MACHINE, life=2), "", 7).boot_s
    assert first != behaviour(rules, MACHINE, "", 8).boot_s


def test_never_healthy_goes_before_times() -> None:
    assert behaviour([Rule(answer_s=1, never_healthy=True)], MACHINE, "", 0).answer_s is None


@pytest.mark.parametrize(
    ("text", "found"),
    [("image: r/app:1", True), ("r/app:1\r\n", True), ("x/r/app:1", False), ("r/app:1.2", False), ("r/app:1-x", False)],
)
def test_image_is_bounded_on_both_sides(text: str, found: bool) -> None:
    assert mentions(text, "r/app:1") is found


def test_images_of_a_script_are_found_in_order() -> None:
    script = (
        "a.pkg.dev/p/r/app@sha256:" + "0" * 64 + "\nprom/node-exporter:v1.9.0\nhttps://x/y\nprom/node-exporter:v1.9.0"
    )
    assert images(script) == ["a.pkg.dev/p/r/app@sha256:" + "0" * 64, "prom/node-exporter:v1.9.0"]


CHECK = Check("check", interval_s=5, healthy_threshold=2, unhealthy_threshold=3)


def test_verdicts_come_with_the_probes() -> None:
    assert verdicts(100, Behaviour(answer_s=7), CHECK, None) == [(100, "UNKNOWN"), (115, "HEALTHY")]
    assert verdicts(100, Behaviour(answer_s=20), CHECK, None) == [
        (100, "UNKNOWN"), (115, "UNHEALTHY"), (125, "HEALTHY"),
    ]  # fmt: skip
    assert verdicts(100, Behaviour(answer_s=0, crash_after_s=20), CHECK, None) == [
        (100, "UNKNOWN"), (110, "HEALTHY"), (130, "UNHEALTHY"),
    ]  # fmt: skip
    assert verdicts(100, Behaviour(answer_s=None), CHECK, None) == [(100, "UNKNOWN"), (115, "UNHEALTHY")]
    assert verdicts(-1, Behaviour(), CHECK, None) == []


def test_a_real_container_decides_in_place_of_times() -> None:
    assert verdicts(100, Behaviour(answer_s=None), CHECK, Tie(True, 50))[-1] == (110, "HEALTHY")
    assert verdicts(100, Behaviour(answer_s=0), CHECK, Tie(False, 50))[-1] == (115, "UNHEALTHY")
    assert verdicts(100, Behaviour(), CHECK, Tie(False, 200))[1:] == [(110, "HEALTHY"), (210, "UNHEALTHY")]
    # Silent from 150 to 155, for fewer probes than the threshold; from 150 to 160, for as many.
    assert verdicts(100, Behaviour(), CHECK, Tie(True, 155, 150))[1:] == [(110, "HEALTHY")]
    assert verdicts(100, Behaviour(), CHECK, Tie(True, 163, 150))[1:] == [
        (110, "HEALTHY"), (160, "UNHEALTHY"), (170, "HEALTHY"),
    ]  # fmt: skip
    assert verdicts(100, Behaviour(), CHECK, Tie(True, 155, 50)) == verdicts(100, Behaviour(), CHECK, Tie(True, 155))
    assert NEVER > 10**12


def test_a_plan_counts_what_it_saw_and_what_it_did() -> None:
    faults = Faults()
    request = PlanRequest.model_validate(
        {"faults": [{"on": "*.list", "nth": [2], "status": 503}, {"on": "x", "hang": 1}]}
    )
    plan = faults.create(request)
    fired = [bool(faults.on("instanceTemplates.list")) for _ in range(3)]
    assert fired == [False, True, False]
    assert (plan.seen, plan.fired) == ([3, 0], [1, 0])
    assert Faults(faults.dump()).dump() == faults.dump()
    assert faults.delete(plan.id)
    assert not faults.delete(plan.id)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ({"status": 503}, "say either on (a method) or when (a moment)"),
        ({"on": "x"}, "say what goes wrong"),
        ({"on": "x", "statuss": 503}, "Extra inputs are not permitted"),
        ({"when": {"phase": "gap"}, "status": 503}, "a moment needs a request"),
        ({"on": "x", "nth": [0], "status": 503}, "greater than or equal to 1"),
    ],
)
def test_a_fault_that_cannot_be_says_why(fault: dict[str, object], text: str) -> None:
    with pytest.raises(ValidationError) as error:
        PlanRequest.model_validate({"faults": [fault]})
    assert text in str(error.value)


@pytest.mark.parametrize(
    ("method", "needed"),
    [
        ("instanceTemplates.insert", "compute.instanceTemplates.create"),
        ("instanceGroupManagers.patch", "compute.instanceGroupManagers.update"),
        ("instanceGroupManagers.listManagedInstances", "compute.instanceGroupManagers.list"),
        ("zoneOperations.wait", "compute.zoneOperations.get"),
        ("instances.getSerialPortOutput", "compute.instances.getSerialPortOutput"),
    ],
)
def test_permissions_are_those_of_the_reference(method: str, needed: str) -> None:
    assert permission(method) == needed


def test_routes_with_and_without_prefix_are_one() -> None:
    path = "projects/p/zones/z/instanceGroupManagers/g/listManagedInstances"
    for prefix in ("", "/", "/compute/v1/"):
        found = route("POST", prefix + path)
        assert found is not None
        assert found.method.name == "instanceGroupManagers.listManagedInstances"
        assert found.params == {"project": "p", "zone": "z", "instanceGroupManager": "g"}
    assert route("GET", "projects/p/nowhere/x") is None
    assert route("POST", "v1/projects/p:testIamPermissions") is not None
    assert route("POST", "v1/projects/p:other") is None
