"""The group that the local environment of an application without a seed file begins with."""

import yaml

from ci import local_seed
from ci.application import Application
from ci.environments import Environment
from ci.scripts.oci_layout import FIRST


def test_group_serves_the_first_image_and_checks_its_health() -> None:
    """Names come from the environment, port and path from delivery.yaml."""
    environment = Environment("registry:5000/team/web", "p", "europe-west1-b", "web-group")
    seed = yaml.safe_load(local_seed.text(environment, Application(image="web", port=8080, health="/up")))
    assert (seed["project"], seed["region"], seed["zones"]) == ("p", "europe-west1", ["europe-west1-b"])
    [group], [template] = (seed["resources"][kind] for kind in ("instanceGroupManagers", "instanceTemplates"))
    [check] = seed["resources"]["healthChecks"]
    assert group["name"] == "web-group"
    assert group["instanceTemplate"].endswith(f"/{template['name']}")
    assert group["autoHealingPolicies"][0]["healthCheck"].endswith(f"/{check['name']}")
    assert check["httpHealthCheck"] == {"port": 8080, "requestPath": "/up"}
    [script] = template["properties"]["metadata"]["items"]
    assert f"registry:5000/team/web:{FIRST}\n" in script["value"]
