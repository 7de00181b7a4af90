"""Configuration, templates, history, verdicts and intents: decisions without a world."""

import copy
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.documents.group_state import Group, Instance, Version
from deploy.environment_file import read_config
from deploy.errors import ConfigError, RefusedError
from deploy.group import version_name
from deploy.group.health import PollSummary, Verdict, add_poll, group_verdict
from deploy.release import history, template
from deploy.release.history import Release
from deploy.release.record import Fallback, ReleaseRecord
from tests.unit.deploy.values import REPOSITORY, digest

BASE = {
    "id": "7", "kind": "compute#instanceTemplate", "name": "seed", "creationTimestamp": "2026-11-23T04:00:00.000-08:00",
    "selfLink": "https://www.googleapis.com/compute/v1/projects/p/global/instanceTemplates/seed",
    "unknown": {"deep": [1]},
    "properties": {
        "machineType": "e2-small", "newField": {"a": [None, {"b": 1}]}, "tags": {"items": ["x"], "fingerprint": "f"},
        "disks": [{"boot": True, "kind": "k", "index": 0, "licenses": ["l"], "initializeParams": {"labels": {}}}],
        "networkInterfaces": [
            {"network": "n", "name": "nic0", "kind": "k", "accessConfigs": [{"kind": "k", "name": "e"}]},
        ],
        "metadata": {
            "kind": "k", "fingerprint": "f",
            "items": [{"key": "startup-script", "value": f"run {REPOSITORY}:latest\n"}],
        },
    },
}  # fmt: skip
SEED = "projects/p/global/instanceTemplates/seed"
ENTRY = ReleaseRecord(REPOSITORY, digest("a"), SEED, "7", "zone/group", fallback=Fallback(SEED, "7", "v"))


def test_copy_keeps_everything_but_what_only_the_server_sets() -> None:
    body = template.new_template(BASE, ENTRY)
    assert body["unknown"] == {"deep": [1]}
    assert body["properties"]["newField"] == {"a": [None, {"b": 1}]}
    assert body["properties"]["networkInterfaces"] == [{"network": "n", "accessConfigs": [{"name": "e"}]}]
    assert body["properties"]["disks"] == [{"boot": True, "initializeParams": {"labels": {}}}]
    assert template.metadata(body)["startup-script"] == f"run {REPOSITORY}@{digest('a')}\n"
    assert template.release_record({**body, "selfLink": f"projects/p/global/instanceTemplates/{body['name']}"}) == ENTRY
    assert not {"id", "kind", "selfLink", "creationTimestamp"} & body.keys()
    assert template.differences(BASE, body) == []
    assert BASE["name"] == "seed"


def test_difference_is_named_by_its_path() -> None:
    other = copy.deepcopy(BASE)
    other["properties"]["newField"]["a"][1]["b"] = 2  # type: ignore[index]
    other["properties"]["metadata"]["items"].append({"key": "more", "value": "x"})  # type: ignore[index]
    assert template.differences(BASE, other) == ["properties.metadata.items.more", "properties.newField.a[1].b"]


def test_name_follows_the_content_and_never_grows() -> None:
    first = template.new_template(BASE, ENTRY)["name"]
    again = template.new_template(BASE, replace(ENTRY, run="other", fallback=None))["name"]
    others = [
        template.new_template(BASE, replace(ENTRY, digest=digest("b")))["name"],
        *(
            template.content_name("p", replace(ENTRY, **change), "script")
            for change in ({"base_id": "8"}, {"group": "zone/2"})
        ),
        template.content_name("other", ENTRY, "script"),
        template.content_name("p", ENTRY, "script"),
    ]
    assert first == again
    assert len({first, *others}) == 1 + len(others)
    long = template.content_name("p", replace(ENTRY, base=SEED + "x" * 59), "script")
    assert len(long) <= 63
    assert len(
        template.content_name("p", replace(ENTRY, base=f"projects/p/global/instanceTemplates/{long}"), "s")
    ) == len(long)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"metadata": {"items": []}}, "no 'startup-script' in its metadata (keys: none)"),
        ({"metadata": {"items": [{"key": "startup-script-url", "value": "gs://x"}]}}, "points to a script outside"),
        (
            {"disks": [{"diskEncryptionKey": {"rawKey": "k"}}]},
            "disks[0].diskEncryptionKey.rawKey: a customer-supplied key",
        ),
        ({"resourceManagerTags": {"a": "b"}}, "tags of Resource Manager are input-only"),
    ],
)
def test_what_cannot_be_copied_is_refused(change: dict[str, object], text: str) -> None:
    base = {**BASE, "properties": {**BASE["properties"], **change}}  # type: ignore[dict-item]
    with pytest.raises(RefusedError) as error:
        template.new_template(base, ENTRY)
    assert text in str(error.value)


@pytest.mark.parametrize(("size", "fits"), [(262_144, True), (262_145, False)])
def test_metadata_is_refused_from_the_first_byte_too_many(size: int, fits: bool) -> None:
    script = f"run {REPOSITORY}@{digest('0')}\n"
    script += "#" * (size - len(script))
    base = copy.deepcopy(BASE)
    base["properties"]["metadata"]["items"][0]["value"] = script  # type: ignore[index]
    if fits:
        assert template.new_template(base, ENTRY)
    else:
        with pytest.raises(
            RefusedError, match=r"has 262145 bytes, at most 262144 are allowed\. Fix: make it shorter\."
        ):
            template.new_template(base, ENTRY)


def released(name: str, hour: int, fallback: str = "", *, is_proven: bool = True) -> Release:
    record = replace(ENTRY, fallback=Fallback(fallback, "1") if fallback else None)
    return Release(name, f"{name}-id", datetime(2026, 11, 23, hour, tzinfo=UTC), record, is_proven)


def test_prune_keeps_five_good_two_others_and_whatever_is_needed() -> None:
    good = [released(f"g{hour}", hour, f"g{hour - 1}") for hour in range(8, 0, -1)]
    others = [released(f"x{number}", 10 + number, "g8", is_proven=False) for number in range(3, -1, -1)]
    found = [*others, *good]
    assert [one.link for one in history.prunable_releases(found, frozenset({"g1"}))] == ["g2", "x0", "x1"]
    assert [one.link for one in history.prunable_releases(found, frozenset({"g1-id", "g2"}))] == ["x0", "x1"]


TARGET = Version("new", "deploy/x")
NEW = Instance("n", TARGET, "RUNNING", "NONE", "HEALTHY")
OLD = Instance("o", Version("old"), "RUNNING", "NONE", "HEALTHY")


def group(
    *machines: Instance, size: int = 1, stable: bool = True, reached: bool = True, told: Version = TARGET
) -> Group:
    return Group({}, (told,), size, "f", stable, reached, machines)


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (group(NEW), "done"),
        (group(NEW, stable=False), "waiting"),
        (group(NEW, reached=False), "waiting"),
        (group(NEW, OLD), "waiting"),
        (group(OLD), "waiting"),
        (group(NEW, size=2), "waiting"),
        (group(Instance("n", TARGET, "RUNNING", "VERIFYING", "HEALTHY")), "waiting"),
        (group(Instance("n", TARGET, "RUNNING", "NONE", "UNHEALTHY")), "waiting"),
        (group(Instance("n", TARGET, "RUNNING", "NONE", "")), "waiting"),
        (group(NEW, told=Version("new", "deploy/y")), "superseded"),
        (group(size=0), "done"),
    ],
)
def test_success_is_all_of_it_at_once(found: Group, state: str) -> None:
    assert group_verdict(found, TARGET, add_poll(found, TARGET, PollSummary())).state == state


def test_capacity_fails_after_two_looks_and_repairs_after_two_times() -> None:
    short = group(Instance("n", TARGET, "", "CREATING", "", (("QUOTA_EXCEEDED", "no"),)), OLD)
    once = add_poll(short, TARGET, PollSummary())
    assert group_verdict(short, TARGET, once).state == "waiting"
    assert group_verdict(short, TARGET, add_poll(short, TARGET, once)) == Verdict("capacity", "QUOTA_EXCEEDED: no", "n")
    seen = PollSummary()
    for action in ("RECREATING", "RECREATING", "VERIFYING", "RECREATING"):
        repaired = group(Instance("n", TARGET, "RUNNING", action, ""), OLD)
        seen = add_poll(repaired, TARGET, seen)
    assert (
        group_verdict(repaired, TARGET, seen).text
        == "n was recreated 2 times because it was unhealthy after the initial delay of 0 s"
    )


def test_intent_survives_a_name() -> None:
    now = datetime(2026, 11, 23, 12, 0, 5, tzinfo=UTC)
    one = version_name.VersionName("deploy", "0" * 12, "run.1-x", now, now.replace(minute=9))
    assert version_name.parse_version_name(str(one)) == one
    for other in ("", "0/2026-11-23", str(one) + "x", str(one).replace("deploy", "other"), "deploy/0/x/y/z"):
        assert version_name.parse_version_name(other) is None


def test_environment_files_are_read(tmp_path: Path) -> None:
    for name in ("local", "dev", "prod"):
        assert read_config(name, {}).group
    assert read_config("dev", {"zone": "us-a", "group": ""}).zone == "us-a"


def test_accessories_of_an_environment_are_left_to_their_reader(tmp_path: Path) -> None:
    text = Path("environments/dev.yaml").read_text()
    assert read_config("dev", {}).accessories.keys() == {"vllm", "chromadb"}
    (tmp_path / "x.yaml").write_text(text.partition("accessories:")[0] + "accessories: {other: {anything: 1}}\n")
    assert read_config("x", {}, tmp_path).accessories == {"other": {"anything": 1}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("projct: x", "projct: unknown key. Fix: did you mean 'project'."),
        ("rollout: {bake: 3}", "rollout.bake: unknown key. Fix: did you mean 'bake_s'."),
        ("rollout: {surge: -1}", "rollout.surge: got '-1': Input should be greater than or equal to 0."),
        ("zone: A", "zone: got 'A': String should match pattern"),
        ("project: ../other", "project: got '../other': String should match pattern"),
        ("compute_url: https://user:word@host", "compute_url: got 'https://user:word@host': String should match"),
        ("resource_manager_url: http://127.0.0.1", "resource_manager_url: got 'http://127.0.0.1': String should match"),
        ("registry_url: http://", "registry_url: got 'http://': String should match"),
        ("rollout: {method: RECREATE}", "rollout.method: got 'RECREATE': Input should be 'SUBSTITUTE'."),
        ("rollout: {surge: yes}", "rollout.surge: got 'True': Input should be a valid integer."),
        ("rollout: {surge: 1e300}", "rollout.surge: got '1e300': Input should be a valid integer."),
        (f"rollout: {{surge: 0x{'f' * 5_000}}}", "rollout.surge: got a value of type int that is too long to print: "),
        ("rollout: {unavailable: 10001}", "unavailable: got '10001': Input should be less than or equal to 10000."),
        ("rollout: {timeout_s: .inf}", "rollout.timeout_s: got 'inf': Input should be "),
        ("rollout: {timeout_s: .nan}", "rollout.timeout_s: got 'nan': Input should be a finite number."),
        ("rollout: {timeout_s: 1.0e-9}", "timeout_s: got '1e-09': Input should be greater than or equal to 1."),
        ("rollout: {timeout_s: 86401}", "timeout_s: got '86401': Input should be less than or equal to 86400."),
        ("rollout: {timeout_s: true}", "rollout.timeout_s: got 'True': Input should be a valid number."),
        ("rollout: {timeout_s: '60'}", "rollout.timeout_s: got '60': Input should be a valid number."),
        ("rollout: {bake_s: .inf}", "rollout.bake_s: got 'inf': Input should be "),
        ("rollout: {poll_s: [1e300, 1e300]}", "rollout.poll_s.0: got '1e300': Input should be a valid number."),
        ("rollout: {poll_s: [1.0e+300, 1]}", "poll_s.0: got '1e+300': Input should be less than or equal to 3600."),
        ("rollout: {poll_s: [0, 1]}", "rollout.poll_s.0: got '0': Input should be greater than or equal to 0.01."),
        ("rollout: {poll_s: [1, .nan]}", "rollout.poll_s.1: got 'nan': Input should be a finite number."),
        ("rollout: &a {surge: *a}", "rollout.surge: got '{'surge': {...}}': Input should be a valid integer."),
        ("[]", "got list, must be keys with values."),
        ("a: [", "line 1: expected the node content"),
    ],
    ids=lambda text: text[:40],
)
def test_wrong_configuration_is_named_by_its_path(tmp_path: Path, text: str, said: str) -> None:
    good = "" if text.startswith(("[", "a:")) else Path("environments/dev.yaml").read_text().partition("rollout:")[0]
    kept = [line for line in good.splitlines() if line.split(":")[0] != text.split(":", maxsplit=1)[0]]
    (tmp_path / "x.yaml").write_text("\n".join([*kept, text]) if good else text)
    with pytest.raises(ConfigError) as error:
        read_config("x", {}, tmp_path)
    assert said in str(error.value)
    assert "x.yaml" in str(error.value)
    assert error.value.exit_code == 3
