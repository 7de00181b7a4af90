"""Environment files: what is read, and the errors of wrong keys and values."""

import re
from pathlib import Path

import pytest

from deploy.environment_file import read_config
from deploy.errors import ConfigError
from deploy.release.steps import Step

[FOUR_LINES] = re.findall(r"^```yaml\n((?:.+\n){4})```$", Path("deploy/README.md").read_text(), re.MULTILINE)


def test_environment_files_are_read() -> None:
    """Every committed file is valid, and a flag overrides a value of it."""
    for name in ("local", "dev", "prod"):
        assert read_config(name, {}).group
    assert read_config("dev", {}).image_in == ()
    assert read_config("dev", {"zone": "us-a", "group": ""}).zone == "us-a"


def test_accessories_are_not_checked(tmp_path: Path) -> None:
    """Only accessory reads the key `accessories`, and checks it."""
    text = Path("environments/dev.yaml").read_text()
    assert read_config("dev", {}).accessories.keys() == {"vllm", "chromadb"}
    (tmp_path / "x.yaml").write_text(text.partition("accessories:")[0] + "accessories: {other: {anything: 1}}\n")
    assert read_config("x", {}, tmp_path).accessories == {"other": {"anything": 1}}


def test_rule_over_vulnerabilities_is_not_checked(tmp_path: Path) -> None:
    """Only the pipeline reads the key `vulnerabilities`, and checks it."""
    text = Path("environments/local.yaml").read_text()
    (tmp_path / "x.yaml").write_text(f"{text}vulnerabilities: {{allowed: [{{until: 2026-12-31}}]}}\n")
    assert read_config("x", {}, tmp_path).group == "dojangkok-dev-ai-server-mig"


@pytest.mark.parametrize(
    ("text", "error_text"),
    [
        ("image_in: user-data", "image_in: got 'user-data': Input should be a valid tuple."),
        ("image_in: ['']", "image_in.0: got '': String should match pattern"),
        ("image_in: [user-data, 3]", "image_in.1: got '3': Input should be a valid string."),
        ("image_in: [user data]", "image_in.0: got 'user data': String should match pattern"),
        ("image-in: [user-data]", "image-in: unknown key. Fix: did you mean 'image_in'."),
        ("projct: x", "projct: unknown key. Fix: did you mean 'project'."),
        ("projct: x\nzone: A", "projct: unknown key. Fix: did you mean 'project'."),
        ("rollout: {bake: 3}", "rollout.bake: unknown key. Fix: did you mean 'bake_s'."),
        (
            "rollout: {surge: -1}",
            "rollout.surge: got '-1'; it is a number of instances from 0 to 10000, or a percent",
        ),
        ("zone: A", "zone: got 'A': String should match pattern"),
        ("zone: A", ". Fix: such as 'zone: europe-west1-b'."),
        ("rollout: {bake_s: -1}", "greater than or equal to 0. Fix: such as 'bake_s: 30.0'."),
        ("rollout: {poll_s: [0, 1]}", "Fix: such as 'poll_s: [1.0, 5.0]'."),
        ("rollout: 3", "Fix: such as 'rollout: {surge: 1, unavailable: 0}'."),
        ("repository: web", "repository: got 'web': String should match"),
        ("group: web", "x.yaml: project, repository: missing. Fix: add each, such as 'project: my-project'."),
        ("group: web\nproject: p\nzone: z", "x.yaml: repository: missing. Fix: add it, such as 'repository: europe-"),
        ("project: ../other", "project: got '../other': String should match pattern"),
        ("compute_url: https://user:word@host", "compute_url: got 'https://user:word@host': String should match"),
        ("resource_manager_url: http://127.0.0.1", "resource_manager_url: got 'http://127.0.0.1': String should match"),
        ("registry_url: http://", "registry_url: got 'http://': String should match"),
        ("rollout: {method: REPLACE}", "rollout.method: got 'REPLACE': Input should be 'SUBSTITUTE' or 'RECREATE'."),
        (
            "rollout: {method: RECREATE}",
            "rollout: method RECREATE deletes an instance before it creates",
        ),
        (
            "rollout: {method: RECREATE, surge: 1, unavailable: 1}",
            "rollout: surge is 1, and method RECREATE keeps the names",
        ),
        (
            "rollout: {method: RECREATE, surge: auto, unavailable: 1}",
            "rollout: surge is auto, and method RECREATE keeps the names",
        ),
        ("rollout: {surge: Auto}", "a percentage of the target size such as '20%', or auto."),
        ("rollout: {unavailable: auto}", "unavailable: got 'auto'; it is a number of instances from 0 to 10000"),
        ("rollout: {surge: 101%}", "rollout.surge: got '101%'; it is a number of instances"),
        ("rollout: {surge: 0%}", "rollout: surge and unavailable are both 0, so no instance could ever be replaced"),
        ("region: asia-northeast3", "has zone 'asia-northeast3-a' and region 'asia-northeast3', and a group is in one"),
        ("rollout: {surge: yes}", "rollout.surge: got 'True'; it is a number of instances"),
        ("rollout: {surge: 1e300}", "rollout.surge: got '1e300'; it is a number of instances"),
        (
            f"rollout: {{surge: 0x{'f' * 5_000}}}",
            "rollout.surge: got a value of type int that is too long to print; ",
        ),
        ("rollout: {unavailable: 10001}", "unavailable: got '10001'; it is a number of instances from 0 to 10000"),
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
        ("rollout: &a {surge: *a}", "rollout.surge: got '{'surge': {...}}'; it is a number of instances"),
        ("rollout: {steps: 3}", "Fix: such as 'steps: [{instances: 1, bake_s: 120}, {percent: 50}, {pause: true}]'."),
        ("rollout: {steps: [{instance: 1}]}", "steps.0.instance: unknown key. Fix: did you mean 'instances'."),
        ("rollout: {steps: [{instances: 0}]}", "rollout.steps.0.instances: got '0': Input should be greater than or"),
        ("rollout: {steps: [{percent: 100}]}", "rollout.steps.0.percent: got '100': Input should be less than or"),
        ("rollout: {steps: [{pause: false}]}", "rollout.steps.0.pause: got 'False': Input should be True."),
        (
            "rollout: {steps: [{instances: 1, percent: 5}]}",
            "rollout.steps.0: a step has one of instances, percent and pause, and this one has instances and percent.",
        ),
        ("rollout: {steps: [{bake_s: 1}]}", "rollout.steps.0: a step has one of instances, percent and pause, and"),
        ("rollout: {steps: [{pause: true, bake_s: 1}]}", "rollout.steps.0: a pause has no bake_s: it lasts until"),
        ("rollout: {steps: [{pause: true}]}", "rollout.steps: a pause follows a step with instances or percent, and"),
        ("rollout: {steps: [{instances: 1}, {pause: true}, {pause: true}]}", "steps: a pause follows a step with"),
        ("rollout: {steps: [{instances: 2}, {instances: 2}]}", "steps: instances must rise from step to step, and 2"),
        ("rollout: {steps: [{percent: 50}, {instances: 3}, {percent: 9}]}", "steps: percent must rise from step to"),
        ("[]", "got list, must be keys with values."),
        ("a: [", "line 1: expected the node content"),
    ],
    ids=lambda text: text[:40],
)
def test_wrong_configuration_is_named_by_its_path(tmp_path: Path, text: str, error_text: str) -> None:
    """An error has the path of the file and of the key, the value, and the allowed values."""
    good = (
        ""
        if text.startswith(("[", "a:", "group:"))
        else Path("environments/dev.yaml").read_text().partition("rollout:")[0]
    )
    kept = [line for line in good.splitlines() if line.split(":")[0] != text.split(":", maxsplit=1)[0]]
    (tmp_path / "x.yaml").write_text("\n".join([*kept, text]) if good else text)
    with pytest.raises(ConfigError) as error:
        read_config("x", {}, tmp_path)
    assert error_text in str(error.value)
    assert "x.yaml" in str(error.value)
    assert error.value.exit_code == 3


def test_pause_belongs_to_the_step_before_it(tmp_path: Path) -> None:
    """A step without a bake of its own has that of the rollout."""
    text = Path("environments/dev.yaml").read_text().partition("rollout:")[0]
    steps = "[{instances: 1, bake_s: 120}, {percent: 50}, {pause: true}]"
    (tmp_path / "x.yaml").write_text(f"{text}rollout: {{bake_s: 7, steps: {steps}}}\n")
    assert read_config("x", {}, tmp_path).rollout.release_steps == (Step(1, 120.0), Step("50%", 7.0, pauses=True))


def test_policy_that_replaces_no_instance_is_refused(tmp_path: Path) -> None:
    """Settings that could never replace an instance are refused."""
    text = Path("environments/dev.yaml").read_text().partition("rollout:")[0]
    (tmp_path / "x.yaml").write_text(text + "rollout: {surge: 0, unavailable: 0}\n")
    with pytest.raises(ConfigError, match=r"x.yaml: rollout: surge and unavailable are both 0, so no instance could"):
        read_config("x", {}, tmp_path)


def written(folder: Path, location: str) -> Path:
    """Write an environment file whose group is at a location, and return its folder."""
    text = "project: p\ngroup: g\nrepository: host.test/team/app\n"
    (folder / "x.yaml").write_text(f"{text}{location}\n")
    return folder


@pytest.mark.parametrize(
    ("text", "flags", "location"),
    [
        ("zone: r-a", {}, "zone r-a"),
        ("region: r", {}, "region r"),
        ("zone: r-a", {"region": "s"}, "region s"),
        ("region: r", {"zone": "s-b", "region": ""}, "zone s-b"),
        ("", {"region": "r"}, "region r"),
    ],
)
def test_group_is_in_a_zone_or_a_region(tmp_path: Path, text: str, flags: dict[str, str], location: str) -> None:
    """The file has one of the two keys, and a flag for the other one replaces it."""
    assert str(read_config("x", flags, written(tmp_path, text)).location) == location


@pytest.mark.parametrize(
    ("text", "flags", "error_text"),
    [
        ("zone: r-a\nregion: r", {}, "x.yaml: has zone 'r-a' and region 'r', and a group is in one of them."),
        ("", {}, "x.yaml: has neither zone, for a zonal group, nor region, for a regional one."),
        ("zone: r-a", {"zone": "r-a", "region": "r"}, "--zone and --region: a group is in one of them. Fix: pass one"),
        ("zone: r-a", {"region": "R"}, "--region: got 'R': String should match pattern"),
    ],
)
def test_group_without_a_single_location_is_refused(
    tmp_path: Path, text: str, flags: dict[str, str], error_text: str
) -> None:
    """The error names the file or the flags."""
    with pytest.raises(ConfigError) as error:
        read_config("x", flags, written(tmp_path, text))
    assert error_text in str(error.value)


def test_wrong_flag_is_named_in_place_of_the_file(tmp_path: Path) -> None:
    """The error of a flag has the flag, and an allowed value of it."""
    (tmp_path / "x.yaml").write_text(FOUR_LINES)
    with pytest.raises(ConfigError, match=r"^--zone: got 'A': .*Fix: such as 'europe-west1-b'\.$"):
        read_config("x", {"zone": "A"}, tmp_path)


def test_four_lines_are_enough(tmp_path: Path) -> None:
    """The file of deploy/README.md is enough: the defaults suit Artifact Registry and a group of any size."""
    (tmp_path / "prod.yaml").write_text(FOUR_LINES)
    config = read_config("prod", {}, tmp_path)
    assert config.registry == "https://europe-west1-docker.pkg.dev"
    assert (config.rollout.surge, config.rollout.unavailable, config.rollout.bake_s) == (None, 0, 30)
    assert [config.rollout.budget_s(instances) for instances in (1, 3)] == [360, 840]


@pytest.mark.parametrize("exists", [True, False])
def test_folder_without_environment_files_is_refused_with_the_keys_of_one(tmp_path: Path, exists: bool) -> None:
    """The error says which file to write, and which keys it must have."""
    folder = tmp_path / "settings"
    if exists:
        folder.mkdir()
    with pytest.raises(ConfigError) as error:
        read_config("prod", {}, folder)
    assert str(error.value) == (
        f"--settings: '{folder}' has no environment file. Fix: write '{folder}/NAME.yaml' with the keys project, group,"
        " repository and zone or region, and pass --env NAME; or pass --settings FOLDER."
    )
