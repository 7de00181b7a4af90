"""What an environment's file may say."""

from pathlib import Path

import pytest
import yaml

from accessory import config
from accessory.errors import ConfigError, RefusedError
from tests.unit.accessory.settings import CHROMA


def written(folder: Path, **changes: object) -> Path:
    chroma = {key: value for key, value in (CHROMA.model_dump() | changes).items() if value is not None}
    text = {"project": "p", "zone": "z", "group": "deploy's", "accessories": {"chromadb": chroma}}
    (folder / "x.yaml").write_text(yaml.safe_dump(text))
    return folder


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_environments_name_both_machines(env: str) -> None:
    for name, port in (("vllm", 8001), ("chromadb", 8100)):
        environment, found = config.read(env, name)
        assert environment.project == f"dojangkok-{env}"
        assert found.machine == f"dojangkok-{env}-{name}"
        assert all(f"127.0.0.1:{port}/" in ask.url for ask in found.ready)


def test_other_keys_are_somebody_elses(tmp_path: Path) -> None:
    assert config.read("x", "chromadb", written(tmp_path))[1] == CHROMA


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pul_s": 3}, "accessories.chromadb.pul_s: unknown key. Fix: see environments/dev.yaml."),
        ({"machine": None}, "accessories.chromadb.machine: missing. Fix: see environments/dev.yaml."),
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
def test_wrong_value_is_named_by_its_path(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError) as error:
        config.read("x", "chromadb", written(tmp_path, **changes))
    assert said in str(error.value)
    assert "x.yaml" in str(error.value)


def test_what_is_not_there_is_said_with_what_is(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--env: got 'y', and .* has no such file\. Fix: one of: x\."):
        config.read("y", "chromadb", written(tmp_path))
    with pytest.raises(ConfigError, match=r"--name: got 'redis', .* Fix: one of: chromadb\."):
        config.read("x", "redis", written(tmp_path))
    with pytest.raises(
        RefusedError, match=r"accessories\.chromadb\.image: got 'chroma', which is not an image reference\."
    ):
        config.read("x", "chromadb", written(tmp_path, image="chroma"))
    (tmp_path / "z.yaml").write_text("a: [")
    with pytest.raises(ConfigError, match=r"z\.yaml: line 1: expected the node content"):
        config.read("z", "chromadb", tmp_path)
    (tmp_path / "z.yaml").write_bytes(b"project: caf\xe9")
    with pytest.raises(ConfigError, match=r"z\.yaml: line 1: byte 0xe9 is not UTF-8"):
        config.read("z", "chromadb", tmp_path)
