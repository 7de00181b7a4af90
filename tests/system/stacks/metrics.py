"""
Prometheus in place of Alloy, which no registry that is reachable here has: an agent with the scrape, the relabel rules
and the credential of compose/metrics.alloy and compose/write/basic.alloy, and a server that receives.

The agent reads its settings from Alloy's files, so that a change of them changes the test; only the scrape interval is
shorter.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import yaml

from tests.support.dockerd import Machine
from tests.support.programs import ROOT, require

PORT = 9090
_AGENT_PORT = 9091
USER, _PASSWORD = "dojangkok", "metrics password"
_HASH = "$2b$04$abcdefghijklmnopqrstuuMf7mLbPiw0ZBg.wa4VpmRm5luRpIw/K"  # bcrypt of the password
_FOLDER = "/opt/app"
_INTERVAL = "1s"


def agent_configuration(variables: Mapping[str, str], folder: str = _FOLDER) -> dict[str, Any]:
    """
    Return a configuration of Prometheus with the settings of Alloy's files.

    Args:
        variables: environment of Alloy's container.
        folder: folder that the container mounts at /etc/alloy.
    """
    scraping = (ROOT / "compose/metrics.alloy").read_text().replace("/etc/alloy", folder)
    writing = (ROOT / "compose/write/basic.alloy").read_text().replace("/etc/alloy", folder)
    discovery = _arguments(scraping, 'discovery.file "exporters"', variables)
    rules = [_values(text, variables) for text in re.findall(r"\n\trule \{(.*?)\n\t\}", scraping, re.DOTALL)]
    scrape = _arguments(scraping, 'prometheus.scrape "exporters"', variables)
    endpoint = _arguments(writing, "endpoint", variables)
    return {
        "scrape_configs": [{
            "job_name": "exporters",
            "file_sd_configs": [{"files": discovery["files"]}],
            "relabel_configs": rules,
            "scrape_interval": _INTERVAL,
            "scrape_timeout": min(_INTERVAL, scrape["scrape_timeout"], key=lambda text: int(text[:-1])),
        }],
        "remote_write": [{
            "url": endpoint["url"],
            "basic_auth": _arguments(writing, "basic_auth", variables),
            "queue_config": {"batch_send_deadline": _INTERVAL},
        }],
    }  # fmt: skip


def _arguments(text: str, block: str, variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the arguments of a block that are literals or variables; references to other components are left out."""
    (body,) = re.findall(rf"^(\t*){re.escape(block)} \{{\n(.*?)^\1\}}", text, re.DOTALL | re.MULTILINE)
    return _values(body[1], variables)


def _values(body: str, variables: Mapping[str, str]) -> dict[str, Any]:
    pairs = re.findall(r"^\t*(\w+)\s*= (.*?)(?: //.*)?$", body, re.MULTILINE)
    return {name: _value(value, variables) for name, value in pairs if not re.match(r"\[?[a-z]+\.(?!env)", value)}


def _value(expression: str, variables: Mapping[str, str]) -> Any:
    """Return the value of a literal, of sys.env, or of a sum of both."""
    parts = []
    for part in expression.split(" + "):
        name = re.fullmatch(r'sys\.env\("(\w+)"\)', part)
        parts.append(variables[name[1]] if name else json.loads(part))
    return "".join(parts) if len(parts) > 1 else parts[0]


def start_receiver(machine: Machine) -> None:
    """Start a Prometheus that takes remote write from the user with the password, and wait until it is ready."""
    require("prometheus", "'apt-get install prometheus'")
    machine("tee", "/opt/empty.yml", stdin="{}")
    machine("tee", "/opt/web.yml", stdin=yaml.safe_dump({"basic_auth_users": {USER: _HASH}}))
    machine.start(
        "prometheus", "--web.enable-remote-write-receiver", "--config.file=/opt/empty.yml", "--log.level=error",
        "--web.config.file=/opt/web.yml", "--storage.tsdb.path=/opt/received", f"--web.listen-address=127.0.0.1:{PORT}",
    )  # fmt: skip


def start_agent(machine: Machine, variables: Mapping[str, str]) -> None:
    """Start a Prometheus that scrapes and sends what Alloy would; the password is in a file that root alone reads."""
    machine("sh", "-c", f"umask 077; cat >{_FOLDER}/metrics-credential", stdin=f"{_PASSWORD}\n")
    machine("tee", "/opt/agent.yml", stdin=yaml.safe_dump(agent_configuration(variables)))
    machine.start(
        "prometheus", "--enable-feature=agent", "--config.file=/opt/agent.yml", "--storage.agent.path=/opt/agent",
        "--log.level=error", f"--web.listen-address=127.0.0.1:{_AGENT_PORT}",
    )  # fmt: skip


def received(machine: Machine, query: str) -> list[dict[str, Any]]:
    """Return the series that the server has received, by a query; none while it starts."""
    url = f"http://127.0.0.1:{PORT}/api/v1/query?query={quote(query)}"
    done = machine.run("curl", "--silent", "--fail", "--config", "-", url, stdin=f'user = "{USER}:{_PASSWORD}"\n')
    return list(json.loads(done.stdout)["data"]["result"]) if done.returncode == 0 else []
