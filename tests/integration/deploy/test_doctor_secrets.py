"""What `doctor` finds of the secrets that a startup script reads."""

import re
from pathlib import Path

from deploy.doctor.finding import Finding
from tests.integration.deploy.doctor_rig import EnvironmentPlan, planted
from tests.unit.deploy.values import REPOSITORY

_READ = "x=$(gcloud secrets versions access {} --secret db)\n"
_FLEET = [
    "dojangkok-ai-server-tokens",
    "dojangkok-backend-internal-token",
    "dojangkok-ocr-api",
    "dojangkok-vllm-api-key",
]


def _rendered_startup_script() -> str:
    """Return the startup script of an AI server as Terraform renders it, without the variables of the environment."""
    scripts, compose = Path("iac/scripts"), Path("compose")
    values = {
        "image": f"{REPOSITORY}:latest",
        "project": "dojangkok-dev",
        "functions": (scripts / "functions.sh").read_text(),
        "tokens_secret": _FLEET[0],
        "secret": (scripts / "secret.sh").read_text(),
        "compose": (compose / "ai-server/docker-compose.yml").read_text(),
        "promtail": (compose / "promtail.yml").read_text(),
        "alloy": (compose / "config.alloy").read_text(),
        "loki_url": "",
        "collector": "alloy",
    }
    template = (scripts / "startup-ai-server.sh.tftpl").read_text()
    without_loop = re.sub(r"(?s)%\{ for .*?%\{ endfor ~\}\n", "", template)
    without_conditions = re.sub(r"(?m)^%\{ (?:if .*|endif) ~\}\n", "", without_loop)
    return re.sub(r"\$?\$\{(\w+)\}", lambda match: values.get(match[1], match[0][1:]), without_conditions)


def _secrets_of(*names: str) -> list[Finding]:
    """Return the findings about secrets where Terraform's startup script runs and these secrets have a version."""

    def plant(plan: EnvironmentPlan) -> None:
        plan.script["value"] = _rendered_startup_script()
        plan.seed.secrets = {name: ["ENABLED"] for name in names}

    return [finding for finding in planted(plant) if finding.check in ("secrets", "image")]


def test_secrets_of_terraforms_startup_script() -> None:
    """The script of iac/ names its secrets in calls of its own function; each of them is checked."""
    script, secrets = _secrets_of(*_FLEET)
    assert (script.state, secrets.state) == ("ok", "ok")
    assert secrets.text == f"{', '.join(_FLEET)}: each has an enabled version"


def test_each_absent_secret_of_terraforms_startup_script_is_wrong() -> None:
    """A secret that the script of iac/ reads and that the project lacks is a finding of its own."""
    _, *absent = _secrets_of(_FLEET[1])
    assert [finding.text for finding in absent] == [
        f"'{name}' does not exist in project dojangkok-dev" for name in (_FLEET[0], *_FLEET[2:])
    ]


def _destroy_third_version(plan: EnvironmentPlan) -> None:
    plan.seed.secrets["db"] = ["ENABLED", "ENABLED", "DESTROYED", "ENABLED"]
    plan.script["value"] += _READ.format("3") + _READ.format("latest")


def test_destroyed_version_is_wrong_beside_a_newer_one_that_is_read_too() -> None:
    """A script that reads a destroyed version of a secret is wrong, also if it reads the newest version as well."""
    wrong = [finding for finding in planted(_destroy_third_version) if finding.state != "ok"]
    assert [(finding.check, finding.text) for finding in wrong] == [("secrets", "version 3 of 'db' is DESTROYED")]
