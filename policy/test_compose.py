"""The stacks of compose/ as Docker Compose reads them, and the other files that must agree with them."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from policy.app_settings import REQUIRED, constants, defaults, shutdown_s
from policy.compose import FOLDER, PORTS, RULES, WRITABLE_MOUNTS, WRITABLE_ROOT, Config, Rule, copy_stack, read_stack
from policy.running import run_checked

STACKS: Final = tuple(PORTS)

# A deleted VM has 90 s, best effort (cloud.google.com/compute/docs/shutdownscript, read 2026-11-25); docker.service has
# 90 s too, systemd's default. dockerd waits 5 s longer than the stop timeout of its containers (moby,
# Daemon.ShutdownTimeout).
_SHUTDOWN_S: Final = 90
_DOCKER_MARGIN_S: Final = 5


@pytest.fixture(scope="session", params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    """The name of each stack."""
    return str(request.param)


@pytest.fixture(scope="session")
def complete(stack: str, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The stack with every profile and with the variables of app.env."""
    return read_stack(copy_stack(stack, tmp_path_factory.mktemp(stack)), "alloy", "promtail")


@pytest.fixture(scope="session")
def config(stack: str, tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The stack with every profile and an empty app.env, so only with files that are not secret."""
    folder = copy_stack(stack, tmp_path_factory.mktemp(stack))
    (folder / "app.env").write_text("")
    return read_stack(folder, "alloy", "promtail")


def variables(stack: str) -> dict[str, str]:
    """Return the variables of a stack's app.env.example."""
    file = FOLDER / stack / "app.env.example"
    lines = file.read_text().splitlines() if file.exists() else []
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_stack_meets_the_rule(config: Config, rule: Rule) -> None:
    """Each stack meets each rule of policy/compose.py."""
    violations = rule(config)
    assert not violations, "\n".join(violations)


def test_every_exception_is_still_needed() -> None:
    """Each exception names a service or volume that still needs it."""
    files = {stack: yaml.safe_load((FOLDER / stack / "docker-compose.yml").read_text()) for stack in STACKS}
    services = {name: service for file in files.values() for name, service in file["services"].items()}
    assert not [name for name in WRITABLE_ROOT if name not in services or services[name].get("read_only")]
    assert not WRITABLE_MOUNTS.keys() - {name for file in files.values() for name in file["volumes"]}


def test_stacks_follow_the_compose_specification() -> None:
    """Each docker-compose.yml fits the schema of the Compose specification."""
    files = [FOLDER / stack / "docker-compose.yml" for stack in STACKS]
    run_checked("check-jsonschema", "--builtin-schema", "vendor.compose-spec", *files)


def test_alloys_configuration_has_its_syntax() -> None:
    """Alloy's own parser accepts config.alloy."""
    run_checked("alloy-syntax", FOLDER / "config.alloy")


@pytest.mark.parametrize(("collector", "other"), [("alloy", "promtail"), ("promtail", "alloy")])
def test_stack_has_the_collector_of_its_profile(stack: str, collector: str, other: str, tmp_path: Path) -> None:
    """COMPOSE_PROFILES selects the collector: alloy, as in example.env, or promtail."""
    with (copy_stack(stack, tmp_path) / ".env").open("a") as settings:
        settings.write("" if collector == "alloy" else f"COMPOSE_PROFILES={collector}\n")
    assert set(read_stack(tmp_path)["services"]) == set(PORTS[stack]) - {other}


def test_alloy_may_write_to_its_data_folder(complete: Config) -> None:
    """/var/lib/alloy in its image is 473:473 0770, so root without capabilities needs the group 473."""
    assert {"4", "473"} <= set(complete["services"]["alloy"]["group_add"]), (
        'alloy: cannot write to /var/lib/alloy/data. Fix: \'group_add: ["4", "473"]\''
    )


def test_stack_has_every_service_of_the_design(complete: Config, stack: str) -> None:
    """A stack has the services of the table, and no other."""
    assert set(complete["services"]) == set(PORTS[stack])


def test_dollar_in_app_env_is_kept(complete: Config, stack: str) -> None:
    """Compose must not expand a `$` in app.env; its output doubles every `$`."""
    expected = variables(stack)
    if not expected:
        assert stack == "chromadb"
        return
    environment = complete["services"][stack]["environment"]
    read = {key: environment[key].replace("$$", "$") for key in expected}
    assert any("$" in value for value in expected.values()), "app.env.example: no value has a '$' for this test"
    changed = {key: value for key, value in read.items() if value != expected[key]}
    assert not changed, f"{stack}: compose reads {changed}. Fix: 'format: raw' at its env_file"


def test_shared_services_are_the_same_everywhere(tmp_path: Path) -> None:
    """The exporters and collectors of the three stacks differ only in the logs that they mount."""
    definitions: dict[str, list[Any]] = {}
    for stack in STACKS:
        for name, service in yaml.safe_load((FOLDER / stack / "docker-compose.yml").read_text())["services"].items():
            volumes = [mount for mount in service.get("volumes", []) if "/var/lib/docker/containers" not in mount]
            definitions.setdefault(name, []).append(service | {"volumes": volumes})
    for name in ("node-exporter", "promtail", "alloy"):
        assert definitions[name] == [definitions[name][0]] * len(STACKS), f"{name}: differs between the stacks"


def test_collectors_read_the_same_files_with_the_same_labels() -> None:
    """promtail.yml and config.alloy have the same paths with the same labels."""
    promtail = {}
    for job in yaml.safe_load((FOLDER / "promtail.yml").read_text())["scrape_configs"]:
        labels = dict(job["static_configs"][0]["labels"])
        promtail[labels.pop("__path__")] = labels
    alloy = {}
    for target in re.findall(r"\{\s*(\"__path__\".*?)\s*\}", (FOLDER / "config.alloy").read_text(), re.DOTALL):
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
    """Promtail expands its whole file, including comments, and exits at a `$` without a name."""
    text = (FOLDER / "promtail.yml").read_text()
    expanded = re.findall(r"\$\{(\w+)\}", text)
    assert text.count("$") == len(expanded), "promtail.yml: a '$' outside '${NAME}'"
    assert set(expanded) == set(complete["services"]["promtail"]["environment"])


def test_every_program_listens_on_its_port() -> None:
    """The ports of node-exporter and dcgm-exporter are their defaults; the healthchecks prove them."""
    chromadb, vllm = (
        yaml.safe_load((FOLDER / stack / "docker-compose.yml").read_text())["services"]
        for stack in ("chromadb", "vllm")
    )
    server = yaml.safe_load((FOLDER / "promtail.yml").read_text())["server"]
    for setting, service, port in (
        (
            f"CHROMA_PORT={chromadb['chromadb']['environment']['CHROMA_PORT']}",
            "chromadb",
            PORTS["chromadb"]["chromadb"],
        ),
        (f"http_listen_port={server['http_listen_port']}", "promtail", PORTS["vllm"]["promtail"]),
        (" ".join(vllm["vllm"]["command"]), "vllm", PORTS["vllm"]["vllm"]),
        (" ".join(vllm["alloy"]["command"]), "alloy", PORTS["vllm"]["alloy"]),
    ):
        assert re.search(rf"[=:]{port}\b", setting), f"{service}: '{setting}' is not port {port}"
    port = PORTS["ai-server"]["ai-server"]
    assert constants("server")["_PORT"] == port, f"app/server.py: the port is not {port}"


def test_vllm_serves_the_models_of_the_ai_server() -> None:
    """Model and adapters of vLLM's command are those of the AI server's app.env.example; the revision is a commit."""
    command = yaml.safe_load((FOLDER / "vllm/docker-compose.yml").read_text())["services"]["vllm"]["command"]
    expected = variables("ai-server")
    assert f"--model={expected['VLLM_MODEL']}" in command, (
        "vllm: --model differs from VLLM_MODEL of the AI server's app.env"
    )
    adapters = {json.loads(word)["name"] for word in command if word.startswith("{")}
    names = {expected["VLLM_LORA_ADAPTER_CHECKLIST"], expected["VLLM_LORA_ADAPTER_EASYCONTRACT"]}
    assert adapters == names, f"vllm: serves the adapters {adapters}; the AI server's app.env has {names}"
    is_pinned = any(re.fullmatch(r"--revision=[0-9a-f]{40}", word) for word in command)
    assert is_pinned, "vllm: --revision is not a commit. Fix: the model's commit of 40 digits"


def test_app_env_has_the_settings_of_the_server() -> None:
    """app.env.example has every required setting of the server, and no unknown one."""
    known, named = defaults(), variables("ai-server").keys()
    missing = {name for name, default in known.items() if default is REQUIRED} - named
    assert not missing, f"app.env.example: lacks {missing}, which app/settings.py requires"
    assert not named - known.keys(), f"app.env.example: app/settings.py does not read {named - known.keys()}"


def grace_s(config: Config) -> float:
    """Return the seconds that Docker gives the AI server to stop."""
    duration = re.fullmatch(r"(?:(\d+)m)?(?:(\d+)s)?", config["services"]["ai-server"]["stop_grace_period"])
    assert duration
    minutes, seconds = duration.groups()
    return int(minutes or 0) * 60 + int(seconds or 0)


@pytest.mark.parametrize("given", [variables("ai-server"), {}], ids=["example", "defaults"])
def test_stop_period_is_long_enough(complete: Config, stack: str, given: dict[str, str]) -> None:
    """The server exits before Docker kills it, and Docker exits before systemd or the VM's end kills Docker."""
    if stack != "ai-server":
        return
    given_s, needed_s, left_s = grace_s(complete), shutdown_s(given), _SHUTDOWN_S - _DOCKER_MARGIN_S
    assert needed_s < given_s, f"{stack}: stop_grace_period is {given_s} s; the server takes {needed_s} s"
    assert given_s < left_s, f"{stack}: stop_grace_period is {given_s} s; the VM leaves {left_s} s"


def test_waiting_connections_leave_open_files(complete: Config, stack: str) -> None:
    """Connections that wait for their request take at most half of the files that the server may open."""
    if stack != "ai-server":
        return
    limit = complete["services"][stack].get("ulimits", {}).get("nofile", 0)
    waiting = constants("connections")["waiting"]
    assert limit >= 2 * waiting, (
        f"{stack}: ulimits.nofile is {limit}; {waiting:g} connections may wait for their request. "
        f"Fix: at least {2 * waiting:g}"
    )


def test_uploads_fit_into_the_tmpfs(complete: Config, stack: str) -> None:
    """The largest concurrent uploads fit into /tmp, which is a tmpfs in the container's memory."""
    if stack != "ai-server":
        return
    service = complete["services"][stack]
    (size,) = re.findall(r"^/tmp:size=(\d+)m$", "\n".join(service["tmpfs"]), re.MULTILINE)
    uploads_mib = constants("body_limits")["at_once_bytes"] / 2**20
    assert int(size) > uploads_mib, (
        f"{stack}: its tmpfs has {size} MiB; concurrent uploads may have {uploads_mib:g} MiB"
    )
