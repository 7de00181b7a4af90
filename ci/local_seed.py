"""The emulator's seed of a local environment whose source has none: a group that serves the application. Pure."""

import re
from typing import Any, Final

import yaml

from ci.application import Application
from ci.environments import Environment

FIRST: Final = "first"  # tag of the image that scripts/push.py pushes beside the first release
_SIZE: Final = 3
_ZONE: Final = re.compile(r".*-[a-z]")
_NETWORK: Final = "global/networks/default"
_PROBES: Final = ["35.191.0.0/16", "130.211.0.0/22"]  # of Google's health checks
_ACCOUNT: Final = "instances@{project}.iam.gserviceaccount.com"
_SCRIPT: Final = """\
#!/bin/bash
set -e
phase() {{
    curl --silent --max-time 2 --request PUT --header 'Metadata-Flavor: Google' \\
        --data-raw "$(cat /proc/sys/kernel/random/boot_id) $(cut -d' ' -f1 /proc/uptime) ${{2:-}}" \\
        "http://metadata.google.internal/computeMetadata/v1/instance/guest-attributes/release/$1" || true
}}
trap 'code=$?; [ $code = 0 ] || phase failed "the startup script ended with exit code $code"' EXIT
phase booted
docker pull {image}:{first}
phase pulled
docker run --detach --restart unless-stopped --network host {image}:{first}
phase started
"""


def text(environment: Environment, application: Application) -> str:
    """
    Return the seed of a group of three instances that serve the application.

    Args:
        environment: the local environment, which names project, zone or region, group and repository
        application: the application, whose port and health the group checks
    """
    location, group = environment.location, environment.group
    is_zonal = bool(_ZONE.fullmatch(location))
    region = location.rpartition("-")[0] if is_zonal else location
    zones = [location] if is_zonal else [f"{region}-{letter}" for letter in "abc"]
    health_check = f"{group}-health"
    template = f"{group}-template"
    managed = _group(group, template, health_check, application, len(zones))
    seed: dict[str, Any] = {
        "project": environment.project,
        "region": region,
        "zones": zones,
        "quotas": {"INSTANCES": 24, "CPUS": 24, "DISKS_TOTAL_GB": 4096, "SSD_TOTAL_GB": 500},
        "images": {"debian-12-bookworm": "debian-12"},
        "service_accounts": [_ACCOUNT.format(project=environment.project)],
        "instance_rules": [
            {"create_s": [0.2, 0.3], "boot_s": [0.3, 0.5], "answer_s": [0.2, 0.4], "delete_s": [0.1, 0.3]}
        ],
        "age_s": 60,
        "resources": {
            "networks": [{"name": "default", "autoCreateSubnetworks": True}],
            "firewalls": [_firewall(application)],
            "healthChecks": [_health_check(health_check, application)],
            "instanceTemplates": [_template(template, environment)],
            "instanceGroupManagers": [{**managed, **({} if is_zonal else {"region": region})}],
        },
    }
    return yaml.safe_dump(seed, sort_keys=False)


def _firewall(application: Application) -> dict[str, Any]:
    return {
        "name": "allow-health-checks",
        "network": _NETWORK,
        "sourceRanges": _PROBES,
        "allowed": [{"IPProtocol": "tcp", "ports": [str(application.port)]}],
    }


def _health_check(name: str, application: Application) -> dict[str, Any]:
    return {
        "name": name,
        "type": "HTTP",
        "checkIntervalSec": 1,
        "timeoutSec": 1,
        "healthyThreshold": 1,
        "unhealthyThreshold": 6,
        "httpHealthCheck": {"port": application.port, "requestPath": application.health},
    }


def _template(name: str, environment: Environment) -> dict[str, Any]:
    script = _SCRIPT.format(image=environment.image, first=FIRST)
    disk = {"sourceImage": "global/images/family/debian-12", "diskSizeGb": "10", "diskType": "pd-balanced"}
    account = _ACCOUNT.format(project=environment.project)
    return {
        "name": name,
        "properties": {
            "machineType": "e2-small",
            "disks": [{"boot": True, "autoDelete": True, "initializeParams": disk}],
            "networkInterfaces": [{"network": _NETWORK}],
            "scheduling": {"onHostMaintenance": "MIGRATE", "automaticRestart": True},
            "serviceAccounts": [
                {"email": account, "scopes": ["https://www.googleapis.com/auth/cloud-platform"]},
            ],
            "metadata": {
                "items": [
                    {"key": "enable-guest-attributes", "value": "TRUE"},
                    {"key": "startup-script", "value": script},
                ]
            },
        },
    }


def _group(name: str, template: str, health_check: str, application: Application, surge: int) -> dict[str, Any]:
    return {
        "name": name,
        "baseInstanceName": name,
        "targetSize": _SIZE,
        "instanceTemplate": f"global/instanceTemplates/{template}",
        "namedPorts": [{"name": "http", "port": application.port}],
        "updatePolicy": {
            "type": "PROACTIVE",
            "minimalAction": "REPLACE",
            "mostDisruptiveAllowedAction": "REPLACE",
            "replacementMethod": "SUBSTITUTE",
            "maxSurge": {"fixed": surge},
            "maxUnavailable": {"fixed": 0},
        },
        # the check's interval times its healthy threshold, and 60 s
        "autoHealingPolicies": [{"healthCheck": f"global/healthChecks/{health_check}", "initialDelaySec": 61}],
    }
