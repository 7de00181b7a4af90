"""Keys and values of an environment's file."""

from pathlib import Path

import pytest
import yaml

from accessory import config
from accessory.errors import ConfigError, RefusedError
from tests.unit.accessory.settings import CHROMA


def write_environment(folder: Path, **changes: object) -> Path:
    """Write an environment with changed settings of chromadb, and return its folder."""
    chroma = {key: value for key, value in (CHROMA.model_dump() | changes).items() if value is not None}
    text = {"project": "p", "zone": "z", "group": "deploy's", "accessories": {"chromadb": chroma}}
    (folder / "x.yaml").write_text(yaml.safe_dump(text))
    return folder


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_environments_have_both_vms(env: str) -> None:
    """The files of dev and prod have vLLM and ChromaDB with readiness checks on their ports."""
    for name, port in (("vllm", 8001), ("chromadb", 8100)):
        environment, accessory = config.read(env, name)
        assert environment.project == f"dojangkok-{env}"
        assert accessory.vm == f"dojangkok-{env}-{name}"
        assert all(f"127.0.0.1:{port}/" in check.url for check in accessory.ready)


def test_keys_of_deploy_are_ignored(tmp_path: Path) -> None:
    """Unknown keys outside accessories are allowed."""
    assert config.read("x", "chromadb", write_environment(tmp_path))[1] == CHROMA


@pytest.mark.parametrize("zone", [None, "z"])
def test_vm_beside_a_regional_group_has_a_zone_of_its_own(tmp_path: Path, zone: str | None) -> None:
    """The file of a regional group has no zone, so that each VM names its own."""
    path = write_environment(tmp_path, zone=zone) / "x.yaml"
    path.write_text(path.read_text().replace("\nzone: z\n", "\nregion: r\n"))
    if zone:
        assert config.read("x", "chromadb", tmp_path)[1].zone == zone
        return
    with pytest.raises(ConfigError, match=r"accessories.chromadb.zone: missing, .* Fix: set the zone of the VM"):
        config.read("x", "chromadb", tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pul_s": 3}, "accessories.chromadb.pul_s: unknown key. Fix: did you mean 'pull_s'."),
        ({"x": 3}, "accessories.chromadb.x: unknown key. Fix: one of: vm, state, image, ready, free_gib, "),
        ({"ready": [{"urls": "http://x/"}]}, "ready.0.url: missing. Fix: set it: URL on the VM, http:// or https://."),
        ({"ready": [{"url": "http://x/", "bearers": "A"}]}, "bearers: unknown key. Fix: did you mean 'bearer'."),
        ({"ssh": {"host": "a"}}, "accessories.chromadb.ssh.user: missing. Fix: set it: user on the VM."),
        ({"vm": None}, "accessories.chromadb.vm: missing. Fix: set it: name of the VM."),
        ({"state": "var/lib/state"}, "accessories.chromadb.state: got 'var/lib/state': String should match pattern"),
        ({"ready_s": 0}, "accessories.chromadb.ready_s: got '0': Input should be greater than 0."),
        ({"ready_s": 10**30}, "accessories.chromadb.ready_s: got '1000000000000000000000000000000': Input should be "),
        ({"ready_s": True}, "accessories.chromadb.ready_s: got 'True': Input should be a valid integer."),
        ({"free_gib": float("inf")}, "accessories.chromadb.free_gib: got 'inf': Input should be "),
        ({"free_gib": float("nan")}, "accessories.chromadb.free_gib: got 'nan': Input should be a finite number."),
        ({"free_gib": True}, "accessories.chromadb.free_gib: got 'True': Input should be a valid number."),
        ({"snapshots": 1_001}, "snapshots: got '1001': Input should be less than or equal to 1000."),
        ({"needs_gpu": 1}, "accessories.chromadb.needs_gpu: got '1': Input should be a valid boolean."),
        ({"ready": []}, "accessories.chromadb.ready: got '[]': Tuple should have at least 1 item"),
        ({"data": "relative"}, "accessories.chromadb.data: got 'relative': String should match"),
        ({"ready": [{"url": "http://x/'; reboot"}]}, "accessories.chromadb.ready.0.url: got 'http://x/'; reboot'"),
    ],
)
def test_wrong_value_is_refused_with_its_path(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    """The error contains the file, the path of the key and the value."""
    with pytest.raises(ConfigError) as error:
        config.read("x", "chromadb", write_environment(tmp_path, **changes))
    assert message in str(error.value)
    assert "x.yaml" in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("accessories: {}", "x.yaml: project: missing. Fix: set it: Google Cloud project."),
        (
            "project: p\naccessories: 1",
            "x.yaml: accessories: got '1': Input should be a valid dictionary. Fix: set it: ",
        ),
        ("project: p\naccessories: {chromadb: 1}", "Fix: set it: the keys of a VM, such as vm, state and image."),
    ],
)
def test_wrong_file_is_refused_with_the_meaning_of_the_key(tmp_path: Path, text: str, message: str) -> None:
    """The fix names no file of this repository, which another team does not have."""
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(ConfigError) as error:
        config.read("x", "chromadb", tmp_path)
    assert message in str(error.value)


def test_unknown_name_is_refused_with_the_known_names(tmp_path: Path) -> None:
    """The error for an unknown environment or accessory lists the known names."""
    with pytest.raises(ConfigError, match=r"--env: got 'y', and .* has no such file\. Fix: one of: x\."):
        config.read("y", "chromadb", write_environment(tmp_path))
    with pytest.raises(ConfigError, match=r"--name: got 'redis', .* Fix: one of: chromadb\."):
        config.read("x", "redis", write_environment(tmp_path))
    with pytest.raises(
        RefusedError, match=r"accessories\.chromadb\.image: got 'chroma', which is not an image reference\."
    ):
        config.read("x", "chromadb", write_environment(tmp_path, image="chroma"))
    (tmp_path / "z.yaml").write_text("a: [")
    with pytest.raises(ConfigError, match=r"z\.yaml: line 1: expected the node content"):
        config.read("z", "chromadb", tmp_path)
    (tmp_path / "z.yaml").write_bytes(b"project: caf\xe9")
    with pytest.raises(ConfigError, match=r"z\.yaml: line 1: byte 0xe9 is not UTF-8"):
        config.read("z", "chromadb", tmp_path)
