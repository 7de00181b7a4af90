"""The stacks of compose/: what Docker Compose makes of them, and what else must agree with them."""

import json
import re
import shutil
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from policy.compose import PORTS, RULES, WRITABLE_MOUNTS, WRITABLE_ROOT, Config, Rule, composed
from policy.running import ROOT, run_checked
from policy.server import REQUIRED, defaults, numbers, stop_s

COMPOSE: Final = ROOT / "compose"
STACKS: Final = tuple(PORTS)

# A machine that is deleted has 90 s, best effort (cloud.google.com/compute/docs/shutdownscript, read 2026-11-25), and
# so has docker.service, by systemd's default. dockerd waits for a container's own time and 5 s more (moby,
# Daemon.ShutdownTimeout).
_SWITCHED_OFF_S: Final = 90
_DOCKER_S: Final = 5


def at_machine(stack: str, folder: Path) -> Path:
    """Lay a stack's files into a folder as they lie in /opt/app."""
    for source, name in {
        COMPOSE / stack / "docker-compose.yml": "docker-compose.yml",
        COMPOSE / stack / "example.env": ".env",
        COMPOSE / stack / "app.env.example": "app.env",
        COMPOSE / "promtail.yml": "promtail.yml",
        COMPOSE / "config.alloy": "config.alloy",
    }.items():
        if source.exists():
            shutil.copy(source, folder / name)
    return folder


@pytest.fixture(scope="session", params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    """Each stack in turn."""
    return request.param


@pytest.fixture(scope="session")
def complete(stack: str, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The stack with every profile, and app.env's variables in their services."""
    return composed(at_machine(stack, tmp_path_factory.mktemp(stack)), "alloy")


@pytest.fixture(scope="session")
def config(stack: str, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The same with an empty app.env: what stands in the files that everybody may read."""
    folder = at_machine(stack, tmp_path_factory.mktemp(stack))
    (folder / "app.env").write_text("")
    return composed(folder, "alloy")


def variables(stack: str) -> dict[str, str]:
    """What a stack's app.env.example sets."""
    file = COMPOSE / stack / "app.env.example"
    lines = file.read_text().splitlines() if file.exists() else []
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule(config: Config, rule: Rule) -> None:
    breaches = rule(config)
    assert not breaches, "\n".join(breaches)


def test_every_exception_is_still_needed() -> None:
    files = {stack: yaml.safe_load((COMPOSE / stack / "docker-compose.yml").read_text()) for stack in STACKS}
    services = {name: service for file in files.values() for name, service in file["services"].items()}
    assert not [name for name in WRITABLE_ROOT if name not in services or services[name].get("read_only")]
    assert not WRITABLE_MOUNTS.keys() - {name for file in files.values() for name in file["volumes"]}


def test_stacks_follow_the_compose_specification() -> None:
    files = [COMPOSE / stack / "docker-compose.yml" for stack in STACKS]
    run_checked("check-jsonschema", "--builtin-schema", "vendor.compose-spec", *files)


def test_alloys_configuration_is_its_syntax() -> None:
    run_checked("alloy-syntax", COMPOSE / "config.alloy")


def test_alloy_starts_only_when_asked_for(stack: str, tmp_path: Path) -> None:
    default = composed(at_machine(stack, tmp_path))
    assert set(default["services"]) == set(PORTS[stack]) - {"alloy"}


def test_alloy_takes_over_by_two_lines(stack: str, tmp_path: Path) -> None:
    with (at_machine(stack, tmp_path) / ".env").open("a") as settings:
        settings.write("COMPOSE_PROFILES=alloy\nPROMTAIL_SCALE=0\n")
    services = composed(tmp_path)["services"]
    assert (services["promtail"]["scale"], "alloy" in services) == (0, True)


def test_alloy_may_enter_its_own_folder(complete: Config) -> None:
    """Its image has /var/lib/alloy as 473:473 0770, by its Dockerfile: root without capabilities is none of these."""
    assert {"4", "473"} <= set(complete["services"]["alloy"]["group_add"]), (
        'alloy: can\'t write /var/lib/alloy/data. Fix: \'group_add: ["4", "473"]\''
    )


def test_every_service_of_the_design_is_there(complete: Config, stack: str) -> None:
    assert set(complete["services"]) == set(PORTS[stack])


def test_a_dollar_in_app_env_is_kept(complete: Config, stack: str) -> None:
    """Compose reads app.env as it is; its own output doubles every `$`, so that it could be read again."""
    wanted = variables(stack)
    if not wanted:
        assert stack == "chromadb"
        return
    environment = complete["services"][stack]["environment"]
    read = {key: environment[key].replace("$$", "$") for key in wanted}
    assert any("$" in value for value in wanted.values()), "app.env.example: no value has a '$' to try it with"
    changed = {key: value for key, value in read.items() if value != wanted[key]}
    assert not changed, f"{stack}: compose reads {changed}. Fix: 'format: raw' at its env_file"


def test_shared_services_are_the_same_everywhere(tmp_path: Path) -> None:
    """The exporters and collectors of the three stacks differ in nothing but which logs they see."""
    seen: dict[str, list[Any]] = {}
    for stack in STACKS:
        for name, service in yaml.safe_load((COMPOSE / stack / "docker-compose.yml").read_text())["services"].items():
            volumes = [mount for mount in service.get("volumes", []) if "/var/lib/docker/containers" not in mount]
            seen.setdefault(name, []).append(service | {"volumes": volumes})
    for name in ("node-exporter", "promtail", "alloy"):
        assert seen[name] == [seen[name][0]] * len(STACKS), f"{name}: not the same in every stack"


def test_collectors_read_the_same_files_with_the_same_labels() -> None:
    promtail = {}
    for job in yaml.safe_load((COMPOSE / "promtail.yml").read_text())["scrape_configs"]:
        labels = dict(job["static_configs"][0]["labels"])
        promtail[labels.pop("__path__")] = labels
    alloy = {}
    for target in re.findall(r"\{\s*(\"__path__\".*?)\s*\}", (COMPOSE / "config.alloy").read_text(), re.DOTALL):
        labels = dict(re.findall(r'"(\w+)"\s*= (.*),', target))
        labels = {key: re.sub(r'sys\.env\("(\w+)"\)', r'"${\1}"', value).strip('"') for key, value in labels.items()}
        alloy[labels.pop("__path__")] = labels
    assert promtail == alloy, "promtail.yml and config.alloy differ. Fix: the same paths and labels in both"
    assert set(promtail) == {
        "/var/log/dojangkok/*/application.log",
        "/var/log/syslog",
        "/var/lib/docker/containers/*/*-json.log",
    }


def test_promtail_gets_every_variable_that_it_expands(complete: Config) -> None:
    """Promtail expands its whole file, comments too, and stops at a `$` without a name."""
    text = (COMPOSE / "promtail.yml").read_text()
    expanded = re.findall(r"\$\{(\w+)\}", text)
    assert text.count("$") == len(expanded), "promtail.yml: a '$' that is not of '${NAME}'"
    assert set(expanded) == set(complete["services"]["promtail"]["environment"])


def test_every_program_listens_where_it_is_asked() -> None:
    """node-exporter's and dcgm-exporter's ports are their own defaults; the healthchecks ask there."""
    chromadb, vllm = (
        yaml.safe_load((COMPOSE / stack / "docker-compose.yml").read_text())["services"]
        for stack in ("chromadb", "vllm")
    )
    server = yaml.safe_load((COMPOSE / "promtail.yml").read_text())["server"]
    for said, service, port in (
        (
            f"CHROMA_PORT={chromadb['chromadb']['environment']['CHROMA_PORT']}",
            "chromadb",
            PORTS["chromadb"]["chromadb"],
        ),
        (f"http_listen_port={server['http_listen_port']}", "promtail", PORTS["vllm"]["promtail"]),
        (" ".join(vllm["vllm"]["command"]), "vllm", PORTS["vllm"]["vllm"]),
        (" ".join(vllm["alloy"]["command"]), "alloy", PORTS["vllm"]["alloy"]),
    ):
        assert re.search(rf"[=:]{port}\b", said), f"{service}: '{said}' does not make it listen on {port}"
    port = PORTS["ai-server"]["ai-server"]
    assert numbers("server")["_PORT"] == port, f"app/server.py: does not listen on {port}"


def test_models_of_vllm_are_what_the_server_asks_for() -> None:
    command = yaml.safe_load((COMPOSE / "vllm/docker-compose.yml").read_text())["services"]["vllm"]["command"]
    asked = variables("ai-server")
    assert f"--model={asked['VLLM_MODEL']}" in command, (
        "vllm: another --model than VLLM_MODEL of the AI server's app.env"
    )
    adapters = {json.loads(word)["name"] for word in command if word.startswith("{")}
    wanted = {asked["VLLM_LORA_ADAPTER_CHECKLIST"], asked["VLLM_LORA_ADAPTER_EASYCONTRACT"]}
    assert adapters == wanted, f"vllm: serves the adapters {adapters}, and the AI server's app.env asks for {wanted}"
    is_pinned = any(re.fullmatch(r"--revision=[0-9a-f]{40}", word) for word in command)
    assert is_pinned, "vllm: --revision is no commit. Fix: the model's commit of 40 digits"


def test_app_env_names_the_servers_settings() -> None:
    """Everything that the server cannot do without, and nothing that it does not read."""
    known, named = defaults(), variables("ai-server").keys()
    missing = {name for name, default in known.items() if default is REQUIRED} - named
    assert not missing, f"app.env.example: lacks {missing}, which app/settings.py demands"
    assert not named - known.keys(), f"app.env.example: app/settings.py reads none of {named - known.keys()}"


def grace_s(config: Config) -> float:
    """How long Docker lets the AI server stop."""
    minutes, seconds = re.fullmatch(
        r"(?:(\d+)m)?(?:(\d+)s)?", config["services"]["ai-server"]["stop_grace_period"]
    ).groups()
    return int(minutes or 0) * 60 + int(seconds or 0)


@pytest.mark.parametrize("given", [variables("ai-server"), {}], ids=["example", "defaults"])
def test_a_stop_has_time_for_all_of_it(complete: Config, stack: str, given: dict[str, str]) -> None:
    """The server ends by itself, and then Docker does, before systemd or the machine's end kills either."""
    if stack != "ai-server":
        return
    given_s, needed_s, left_s = grace_s(complete), stop_s(given), _SWITCHED_OFF_S - _DOCKER_S
    assert needed_s < given_s, f"{stack}: stop_grace_period is {given_s} s, and the server takes {needed_s} s"
    assert given_s < left_s, f"{stack}: stop_grace_period is {given_s} s, and the machine leaves {left_s} s"


def test_uploads_find_room(complete: Config, stack: str) -> None:
    """What is uploaded at once lies in /tmp, which is the container's memory, and is read into memory from there."""
    if stack != "ai-server":
        return
    service = complete["services"][stack]
    (size,) = re.findall(r"^/tmp:size=(\d+)m$", "\n".join(service["tmpfs"]), re.MULTILINE)
    uploads_mib = numbers("limits")["_AT_ONCE_BYTES"] / 2**20
    assert int(size) > uploads_mib, (
        f"{stack}: its tmpfs holds {size} MiB, and {uploads_mib:g} MiB may be uploaded at once"
    )
