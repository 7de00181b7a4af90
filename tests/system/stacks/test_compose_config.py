"""policy/tools/compose-config reads a stack as Docker Compose does: the same output and the same errors."""

import subprocess
from pathlib import Path

import pytest

from policy.compose import copy_stack
from tests.support.programs import go_tool


@pytest.fixture(params=["ai-server", "chromadb", "vllm"])
def stack(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The files of each stack, as the startup script writes them to /opt/app."""
    folder = tmp_path / "app"
    folder.mkdir()
    return copy_stack(request.param, folder)


def _run(folder: Path, *command: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def _compose(folder: Path, *profiles: str) -> "subprocess.CompletedProcess[str]":
    flags = [word for profile in profiles for word in ("--profile", profile)]
    return _run(folder, go_tool("compose") / "docker-compose", *flags, "config", "--format", "json")


def _compose_config(folder: Path, *profiles: str) -> "subprocess.CompletedProcess[str]":
    return _run(folder, go_tool("compose-config") / "compose-config", *profiles)


@pytest.mark.parametrize("profiles", [(), ("promtail",), ("alloy", "other")], ids="+".join)
def test_output_is_that_of_compose(stack: Path, profiles: tuple[str, ...]) -> None:
    """compose-config prints the same configuration as Compose itself."""
    compose, config = _compose(stack, *profiles), _compose_config(stack, *profiles)
    assert (compose.returncode, compose.stderr) == (0, "")
    assert (config.returncode, config.stderr, config.stdout) == (0, "", compose.stdout)


def test_variable_of_the_env_file_selects_profiles(stack: Path) -> None:
    """COMPOSE_PROFILES in the env file has the effect that it has in Compose; the last line of a variable counts."""
    with (stack / ".env").open("a") as file:
        file.write("COMPOSE_PROFILES=promtail\n")
    compose, config = _compose(stack), _compose_config(stack)
    assert '"promtail": {' in compose.stdout
    assert '"alloy": {\n      "profiles"' not in compose.stdout
    assert config.stdout == compose.stdout


@pytest.mark.parametrize(
    ("services", "error"),
    [
        ("{a: {image: a, mem_limits: 1g}}", "additional properties 'mem_limits' not allowed"),
        ("{a: {image: a, depends_on: [absent]}}", "depends on undefined service"),
        ("{a: {image: a, networks: [absent]}}", "refers to undefined network absent"),
        ("{a: {image: a, volumes: ['absent:/a']}}", "refers to undefined volume absent"),
        ("{a: {image: a, env_file: absent.env}}", "absent.env not found"),
        ("{a: {image: a, env_file: [{path: docker-compose.yml, format: absent}]}}", "unsupported env_file format"),
        ("{a: {image: '${ABSENT:?is required}'}}", "is required"),
        ("{a: {image: a, mem_limit: much}}", "invalid size"),
        ("[", "yaml"),
    ],
)
def test_errors_are_those_of_compose(tmp_path: Path, services: str, error: str) -> None:
    """compose-config refuses what Compose refuses, with the same text."""
    (tmp_path / "docker-compose.yml").write_text(f"services: {services}\n")
    compose, config = _compose(tmp_path), _compose_config(tmp_path)
    assert compose.returncode != 0
    assert error in compose.stderr
    assert (config.returncode != 0, config.stderr, config.stdout) == (True, compose.stderr, "")


def test_both_refuse_a_container_name_that_two_services_have(tmp_path: Path) -> None:
    """Which of the two services the error names is random in Compose."""
    services = "{a: {image: a, container_name: same}, b: {image: b, container_name: same}}"
    (tmp_path / "docker-compose.yml").write_text(f"services: {services}\n")
    for refused in (_compose(tmp_path), _compose_config(tmp_path)):
        assert refused.returncode != 0
        assert 'container name "same" is already in use' in refused.stderr
