"""The ports where another program than the application answers, of which no health check may ask one."""

import re
from pathlib import Path

import pytest

from deploy.environment_file import read_config
from deploy.errors import ConfigError
from deploy.group.preflight import health_check_refusals
from tests.unit.deploy.observations import observation
from tests.unit.deploy.values import CONFIG

_SERVICE = re.compile(r"^  ([a-z-]+): # (\d+)", re.MULTILINE)


@pytest.mark.parametrize("env", ["dev", "prod"])
def test_ports_of_an_environment_are_those_of_the_stack(env: str) -> None:
    """The file has every service of the stack beside the application, under its port."""
    services = _SERVICE.findall(Path("compose/ai-server/docker-compose.yml").read_text())
    expected = {int(port): name for name, port in services if name != "ai-server"}
    assert len(expected) == 3
    assert read_config(env, {}).other_services == expected


@pytest.mark.parametrize(
    ("others", "port", "program"),
    [({}, 22, "sshd"), ({}, 9100, ""), ({9100: "node-exporter"}, 9100, "node-exporter"), ({9100: "x"}, 8000, "")],
)
def test_health_check_may_ask_any_port_that_the_environment_does_not_list(
    others: dict[int, str], port: int, program: str
) -> None:
    """Without the key only the port of sshd is refused: which other programs an instance has, deploy does not know."""
    config = CONFIG.model_copy(update={"other_services": others})
    health_check = {"name": "c", "type": "HTTP", "httpHealthCheck": {"port": port}}
    refusals = [refusal.message for refusal in health_check_refusals(config, observation("roll").group, health_check)]
    assert [f"asks port {port}, where {program} answers" in text for text in refusals] == ([True] if program else [])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("{http: x}", "other_services.http.[key]: got 'http': Input should be a valid integer"),
        ("{70000: x}", "other_services.70000.[key]: got '70000': Input should be less than or equal to 65535"),
        ("{9100: 'a b'}", "other_services.9100: got 'a b': String should match pattern"),
    ],
)
def test_wrong_port_or_name_is_refused(tmp_path: Path, value: str, text: str) -> None:
    """The error has the path of the key and an allowed value."""
    (tmp_path / "x.yaml").write_text(f"project: p\nzone: z-a\ngroup: g\nrepository: h.io/r\nother_services: {value}\n")
    with pytest.raises(ConfigError) as error:
        read_config("x", {}, tmp_path)
    assert text in str(error.value)
    assert "Fix: such as 'other_services: {9100: node-exporter}'" in str(error.value)
