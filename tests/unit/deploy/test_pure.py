"""Configuration, templates, history, verdicts and intents: decisions without a world."""

import copy
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy import config, history, intent, template
from deploy.errors import ConfigError, RefusedError
from deploy.health import Seen, Verdict, look, verdict
from deploy.observed import Group, Machine, Version
from deploy.template import Entry
from tests.unit.deploy.rig import REPOSITORY, digest

BASE = {
    "id": "7", "kind": "compute#instanceTemplate", "name": "seed", "creationTimestamp": "2026-11-23T04:00:00.000-08:00",
    "selfLink": "https://x/seed", "unknown": {"deep": [1]},
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
GROUP = "zone/group"
ENTRY = Entry(REPOSITORY, digest("a"), "seed", "7", last_good=Version("seed", "v"))


def test_copy_keeps_everything_but_what_only_the_server_sets() -> None:
    body = template.copied(BASE, REPOSITORY, digest("a"), ENTRY)
    assert body["unknown"] == {"deep": [1]}
    assert body["properties"]["newField"] == {"a": [None, {"b": 1}]}
    assert body["properties"]["networkInterfaces"] == [{"network": "n", "accessConfigs": [{"name": "e"}]}]
    assert body["properties"]["disks"] == [{"boot": True, "initializeParams": {"labels": {}}}]
    assert template.metadata(body)["startup-script"] == f"run {REPOSITORY}@{digest('a')}\n"
    assert template.entry(body) == ENTRY
    assert not {"id", "kind", "selfLink", "creationTimestamp"} & body.keys()
    assert template.differences(BASE, body) == []
    assert BASE["name"] == "seed"


def test_difference_is_named_by_its_path() -> None:
    other = copy.deepcopy(BASE)
    other["properties"]["newField"]["a"][1]["b"] = 2  # type: ignore[index]
    other["properties"]["metadata"]["items"].append({"key": "more", "value": "x"})  # type: ignore[index]
    assert template.differences(BASE, other) == ["properties.metadata.items.more", "properties.newField.a[1].b"]


def test_name_follows_the_content_and_never_grows() -> None:
    first = template.copied(BASE, REPOSITORY, digest("a"), ENTRY)["name"]
    again = template.copied(BASE, REPOSITORY, digest("a"), Entry(REPOSITORY, digest("a"), "seed", "7", run="other"))[
        "name"
    ]
    other = template.copied(BASE, REPOSITORY, digest("b"), Entry(REPOSITORY, digest("b"), "seed", "7"))["name"]
    assert first == again != other
    long = template.name(Entry(REPOSITORY, digest("a"), "x" * 63, "7"), "script")
    assert len(long) <= 63
    assert len(template.name(Entry(REPOSITORY, digest("a"), long, "8"), "script")) == len(long)


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
        template.copied(base, REPOSITORY, digest("a"), ENTRY)
    assert text in str(error.value)


@pytest.mark.parametrize(("size", "fits"), [(262_144, True), (262_145, False)])
def test_metadata_is_refused_from_the_first_byte_too_many(size: int, fits: bool) -> None:
    script = f"run {REPOSITORY}@{digest('0')}\n"
    script += "#" * (size - len(script))
    base = copy.deepcopy(BASE)
    base["properties"]["metadata"]["items"][0]["value"] = script  # type: ignore[index]
    if fits:
        assert template.copied(base, REPOSITORY, digest("a"), ENTRY)
    else:
        with pytest.raises(
            RefusedError, match=r"has 262145 bytes, at most 262144 are allowed\. Fix: make it shorter\."
        ):
            template.copied(base, REPOSITORY, digest("a"), ENTRY)


def ours(name: str, hour: int, last_good: str = "", letter: str = "a", commit: str = "") -> dict[str, object]:
    back = Version(at(last_good)) if last_good else None
    entry = Entry(REPOSITORY, digest(letter), "seed", "7", commit, last_good=back)
    items = [{"key": "release", "value": entry.dump()}]
    return {
        "name": name,
        "id": str(hour),
        "creationTimestamp": f"2026-11-23T{hour:02}:00:00.000-08:00",
        "selfLink": f"https://www.googleapis.com/compute/v1/{at(name)}",
        "properties": {"metadata": {"items": items}},
    }


def at(name: str) -> str:
    return f"projects/dojangkok-dev/global/instanceTemplates/{name}"


def test_history_is_newest_first_and_knows_what_was_good() -> None:
    found = history.releases([ours("a", 1), ours("b", 2, "a"), ours("c", 3, "a"), BASE], REPOSITORY, GROUP, at("c"))
    assert [(release.template, release.is_good) for release in found] == [("c", True), ("b", False), ("a", True)]


def test_history_of_a_group_is_its_own() -> None:
    """Two groups of a project may serve the same repository; what names no group may be of any."""
    entries = {name: Entry(REPOSITORY, digest("a"), "seed", "7", group=group) for name, group in _GROUPS.items()}
    templates = [
        {**ours(name, hour), "properties": {"metadata": {"items": [{"key": "release", "value": entry.dump()}]}}}
        for hour, (name, entry) in enumerate(entries.items())
    ]
    found = history.releases(templates, REPOSITORY, GROUP, "")
    assert [release.template for release in found] == ["nobody's", "mine"]
    assert len({template.name(entry, "script") for entry in entries.values()}) == 3


_GROUPS = {"mine": GROUP, "another's": "zone/other", "nobody's": ""}


def test_times_are_never_compared_as_text() -> None:
    summer = {**ours("s", 1), "creationTimestamp": "2026-11-01T01:30:00.000-07:00"}
    winter = {**ours("w", 1), "creationTimestamp": "2026-11-01T01:10:00.000-08:00"}
    assert [one.template for one in history.releases([summer, winter], REPOSITORY, GROUP, "")] == ["w", "s"]


def test_way_back_is_to_the_last_good_one_before() -> None:
    found = history.releases([ours("a", 1), ours("b", 2, "a"), ours("c", 3, "b")], REPOSITORY, GROUP, at("c"))
    assert history.to_go_back_to(found, at("c")).template == "b"
    assert history.to_go_back_to(found, at("b")).template == "a"
    with pytest.raises(RefusedError, match="no good release before"):
        history.to_go_back_to(found, at("a"))


def test_way_back_can_be_named_and_never_leads_onto_a_failed_one() -> None:
    found = history.releases([ours("a", 1, letter="a"), ours("b", 2, "a", "b", "cafe" * 10)], REPOSITORY, GROUP, "")
    assert history.to_go_back_to(found, at("b"), digest("a")).template == "a"
    assert history.to_go_back_to(found, at("a"), "cafecaf", force=True).template == "b"
    with pytest.raises(RefusedError, match="'b' is not known to be good"):
        history.to_go_back_to(found, at("a"), "b")
    with pytest.raises(RefusedError, match="'zzz' is no release of this group"):
        history.to_go_back_to(found, at("a"), "zzz")


def test_prune_keeps_five_good_two_others_and_whatever_is_needed() -> None:
    templates = [ours(f"g{n}", n, f"g{n - 1}") for n in range(1, 9)] + [ours(f"x{n}", 10 + n, "g8") for n in range(4)]
    found = history.releases(templates, REPOSITORY, GROUP, at("g8"))
    assert [one.template for one in history.to_prune(found, frozenset({at("g1")}))] == ["g2", "x0", "x1"]


def test_last_good_is_what_serves_or_what_that_goes_back_to() -> None:
    serving = Version("s", "v")
    assert history.last_good(serving, True, ENTRY) == serving
    assert history.last_good(serving, False, ENTRY) == Version("seed", "v")
    assert history.last_good(serving, False, None) is None


TARGET = Version("new", "deploy/x")
NEW = Machine("n", TARGET, "RUNNING", "NONE", "HEALTHY")
OLD = Machine("o", Version("old"), "RUNNING", "NONE", "HEALTHY")


def group(
    *machines: Machine, size: int = 1, stable: bool = True, reached: bool = True, told: Version = TARGET
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
        (group(Machine("n", TARGET, "RUNNING", "VERIFYING", "HEALTHY")), "waiting"),
        (group(Machine("n", TARGET, "RUNNING", "NONE", "UNHEALTHY")), "waiting"),
        (group(Machine("n", TARGET, "RUNNING", "NONE", "")), "waiting"),
        (group(NEW, told=Version("new", "deploy/y")), "superseded"),
        (group(size=0), "done"),
    ],
)
def test_success_is_all_of_it_at_once(found: Group, state: str) -> None:
    assert verdict(found, TARGET, look(found, TARGET, Seen())).state == state


def test_capacity_fails_after_two_looks_and_repairs_after_two_times() -> None:
    short = group(Machine("n", TARGET, "", "CREATING", "", (("QUOTA_EXCEEDED", "no"),)), OLD)
    once = look(short, TARGET, Seen())
    assert verdict(short, TARGET, once).state == "waiting"
    assert verdict(short, TARGET, look(short, TARGET, once)) == Verdict("capacity", "QUOTA_EXCEEDED: no", "n")
    seen = Seen()
    for action in ("RECREATING", "RECREATING", "VERIFYING", "RECREATING"):
        repaired = group(Machine("n", TARGET, "RUNNING", action, ""), OLD)
        seen = look(repaired, TARGET, seen)
    assert verdict(repaired, TARGET, seen).text == "n was recreated 2 times because it was unhealthy"


def test_intent_survives_a_name() -> None:
    now = datetime(2026, 11, 23, 12, 0, 5, tzinfo=UTC)
    one = intent.Intent("deploy", "0" * 12, "run.1-x", now, now.replace(minute=9))
    assert intent.parse(str(one)) == one
    for other in ("", "0/2026-11-23", str(one) + "x", str(one).replace("deploy", "other"), "deploy/0/x/y/z"):
        assert intent.parse(other) is None


def test_environment_files_are_read(tmp_path: Path) -> None:
    for name in ("local", "dev", "prod"):
        assert config.read(name, {}).group
    assert config.read("dev", {"zone": "us-a", "group": ""}).zone == "us-a"


def test_accessories_of_an_environment_are_left_to_their_reader(tmp_path: Path) -> None:
    text = Path("environments/dev.yaml").read_text()
    assert config.read("dev", {}).accessories.keys() == {"vllm", "chromadb"}
    (tmp_path / "x.yaml").write_text(text.partition("accessories:")[0] + "accessories: {other: {anything: 1}}\n")
    assert config.read("x", {}, tmp_path).accessories == {"other": {"anything": 1}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("projct: x", "projct: unknown key. Fix: did you mean 'project'."),
        ("rollout: {bake: 3}", "rollout.bake: unknown key. Fix: did you mean 'bake_s'."),
        ("rollout: {surge: -1}", "rollout.surge: got '-1': Input should be greater than or equal to 0."),
        ("zone: A", "zone: got 'A': String should match pattern"),
        ("project: ../other", "project: got '../other': String should match pattern"),
        ("compute_url: https://user:word@host", "compute_url: got 'https://user:word@host': String should match"),
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
    kept = [line for line in good.splitlines() if line.split(":")[0] != text.split(":")[0]]
    (tmp_path / "x.yaml").write_text("\n".join([*kept, text]) if good else text)
    with pytest.raises(ConfigError) as error:
        config.read("x", {}, tmp_path)
    assert said in str(error.value)
    assert "x.yaml" in str(error.value)
    assert error.value.exit_code == 3
