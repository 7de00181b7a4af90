"""
gcloud 528 with groups and templates of the emulator.

The commands and their requests are those of a recording of the same gcloud release.
"""

from tests.support.emulator import GROUP, SEED_TEMPLATE, TEMPLATES, ZONE, Emulator
from tests.support.gcloud import Gcloud
from tests.support.programs import ROOT
from tests.support.waiting import wait_until

_MANAGED = "instance-groups managed"
_NEW = "--machine-type=n2d-standard-2 --image-family=dojangkok-cpu-base --image-project=dojangkok-dev"


def test_the_rollout_of_the_readme(emulator: Emulator, gcloud: Gcloud) -> None:
    """Every command of emulator/README.md exits 0, and the group rolls as the page describes."""
    for command in _readme_commands():
        printed = gcloud(command)
        if "list-instances" in command:
            assert printed.count("web-2") == printed.count("HEALTHY") == 3
    assert [row["name"] for row in gcloud.json(f"{_MANAGED} list")] == [GROUP]
    rolled = [entry for entry in emulator.request_log("group") if entry["group"].endswith("/web")]
    since = next(index for index, entry in enumerate(rolled) if entry["versions"][0]["template"] == "web-2")
    until = next(index for index, entry in enumerate(rolled) if index > since and entry["is_stable"])
    during = rolled[since : until + 1]
    assert max(entry["living"] for entry in during) == 4
    assert min(sum(instance["available"] for instance in entry["instances"]) for entry in during) == 3


def test_templates(emulator: Emulator, gcloud: Gcloud) -> None:
    """Templates are made, listed, filtered by the server and by gcloud, described, and deleted one or two at once."""
    for name in ("t1", "t2", "t3"):
        gcloud(f"instance-templates create {name} {_NEW}", f"--metadata=startup-script=echo {name}")
    templates = gcloud.json("instance-templates list")
    assert {template["name"] for template in templates} == {SEED_TEMPLATE, "t1", "t2", "t3"}
    assert [template["name"] for template in gcloud.json("instance-templates list --global --filter=name=t1")] == ["t1"]
    some = gcloud.json("instance-templates list", "--filter=name~^t AND NOT name=t1")
    assert sorted(template["name"] for template in some) == ["t2", "t3"]
    newest = gcloud.json("instance-templates list --limit=1 --sort-by=~creationTimestamp")
    assert [template["name"] for template in newest] == ["t3"]
    shown = gcloud.json("instance-templates describe t1")
    assert shown["properties"]["metadata"]["items"] == [{"key": "startup-script", "value": "echo t1"}]
    image = shown["properties"]["disks"][0]["initializeParams"]["sourceImage"]
    assert image.startswith("https://www.googleapis.com/compute/v1/projects/dojangkok-dev/global/images/")
    assert gcloud.json(f"instance-templates describe {shown['id']}") == shown
    gcloud("instance-templates delete t1")
    gcloud("instance-templates delete t2 t3")
    assert [template["name"] for template in gcloud.json("instance-templates list")] == [SEED_TEMPLATE]
    assert {entry["status"] for entry in emulator.request_log("request")} == {200}


def test_a_regional_template(emulator: Emulator, gcloud: Gcloud) -> None:
    """A template of a region stands beside a global one of the same name."""
    region = "--region=asia-northeast3"
    gcloud(f"instance-templates create {SEED_TEMPLATE} {_NEW} --instance-template-region=asia-northeast3")
    assert gcloud.json(f"instance-templates describe {SEED_TEMPLATE} {region}")["region"].endswith("/asia-northeast3")
    assert len(gcloud.json("instance-templates list")) == 2
    gcloud(f"instance-templates delete {SEED_TEMPLATE} {region}")
    assert emulator.get(f"{TEMPLATES}/{SEED_TEMPLATE}")


def test_describing_and_listing_groups(gcloud: Gcloud) -> None:
    """A group has its target and its status, and the list has its real size and that it is not autoscaled."""
    group = gcloud.json(f"{_MANAGED} describe {GROUP}")
    assert (group["targetSize"], group["status"]["isStable"], group["currentActions"]["none"]) == (3, True, 3)
    (row,) = gcloud(f"{_MANAGED} list").splitlines()[1:]
    assert row.split() == [
        GROUP, "asia-northeast3-a", "zone", "dojangkok-dev-ai-server", "3", "3", SEED_TEMPLATE, "no",
    ]  # fmt: skip
    assert gcloud.json(f"{_MANAGED} list-errors {GROUP}") == []


def test_resizing(emulator: Emulator, gcloud: Gcloud) -> None:
    """A group grows and shrinks."""
    gcloud(f"{_MANAGED} resize {GROUP} --size=5")
    wait_until(emulator.is_stable)
    assert len(gcloud.json(f"{_MANAGED} list-instances {GROUP}")) == 5
    gcloud(f"{_MANAGED} resize {GROUP} --size=2")
    wait_until(emulator.is_stable)
    assert len(gcloud.json(f"{_MANAGED} list-instances {GROUP}")) == 2


def test_named_ports(emulator: Emulator, gcloud: Gcloud) -> None:
    """Named ports are replaced, also when gcloud writes the fingerprint in the other alphabet of base64."""
    path = f"{ZONE}/instanceGroups/{GROUP}"
    while not {"+", "/"} & set(emulator.get(path)["fingerprint"]):
        emulator.ask(f"compute/v1/{path}/setNamedPorts", {"namedPorts": []})
    gcloud(f"{_MANAGED} set-named-ports {GROUP} --named-ports=http:8000,metrics:9100")
    ports = gcloud.json(f"{_MANAGED} get-named-ports {GROUP}")
    assert [(port["name"], port["port"]) for port in ports] == [("http", 8000), ("metrics", 9100)]


def test_recreating_and_updating_instances(emulator: Emulator, gcloud: Gcloud) -> None:
    """A recreated instance keeps its name and gets a new id; a restarted instance keeps both."""
    ids = {instance["name"]: instance["id"] for instance in emulator.instances()}
    first, second, third = ids
    gcloud(f"{_MANAGED} recreate-instances {GROUP} --instances={first}")
    gcloud(f"{_MANAGED} update-instances {GROUP} --instances={second} --minimal-action=restart")
    wait_until(emulator.is_stable)
    after = {instance["name"]: instance["id"] for instance in emulator.instances()}
    assert after.keys() == ids.keys()
    assert [after[name] == ids[name] for name in (first, second, third)] == [False, True, True]


def test_deleting_and_abandoning_instances(emulator: Emulator, gcloud: Gcloud) -> None:
    """A deleted instance ends, an abandoned instance continues without the group, and both lower the target size."""
    first, second, third = emulator.instance_names()
    abandoned = gcloud.json(f"instances describe {second}")
    gcloud(f"{_MANAGED} delete-instances {GROUP} --instances={first}")
    gcloud(f"{_MANAGED} abandon-instances {GROUP} --instances={second}")
    wait_until(emulator.is_stable)
    assert emulator.group()["targetSize"] == 1
    assert emulator.instance_names() == [third]
    assert sorted(row["name"] for row in gcloud.json("instances list")) == sorted([second, third])
    now = gcloud.json(f"instances describe {second}")
    assert (now["id"], now["status"]) == (abandoned["id"], "RUNNING")
    gcloud(f"instances delete {second}")
    assert [row["name"] for row in gcloud.json("instances list")] == [third]


def test_replacing_and_restarting_on_the_same_template(emulator: Emulator, gcloud: Gcloud) -> None:
    """A replacement creates new instances on the same template, and a restart keeps the instances."""
    before = emulator.instance_names()
    gcloud(f"{_MANAGED} rolling-action replace {GROUP}")
    wait_until(emulator.is_stable)
    replaced = emulator.instance_names()
    assert not set(before) & set(replaced)
    gcloud(f"{_MANAGED} rolling-action restart {GROUP} --max-unavailable=1")
    wait_until(emulator.is_stable)
    assert emulator.instance_names() == replaced
    versions = {instance["version"]["name"] for instance in emulator.instances()}
    assert versions == {emulator.group()["versions"][0]["name"]}


def test_an_update_that_is_stopped(emulator: Emulator, gcloud: Gcloud) -> None:
    """A group whose update is stopped becomes stable without having reached its target, until it is resumed."""
    emulator.ask("emulator/instance-rules", {"template": "slow", "answer_s": 250})
    emulator.copy_template("slow")
    gcloud(f"{_MANAGED} set-instance-template {GROUP} --template=slow")
    gcloud(f"{_MANAGED} rolling-action stop-proactive-update {GROUP}")
    assert emulator.group()["updatePolicy"]["type"] == "OPPORTUNISTIC"
    wait_until(emulator.is_stable)
    templates = [instance["version"]["instanceTemplate"].rpartition("/")[2] for instance in emulator.instances()]
    assert templates.count(SEED_TEMPLATE) >= 2
    assert not emulator.group()["status"]["versionTarget"]["isReached"]
    printed = gcloud.fails(f"{_MANAGED} wait-until {GROUP} --version-target-reached --timeout=1")
    assert "Timeout" in printed


def test_a_template_that_never_gets_healthy(emulator: Emulator, gcloud: Gcloud) -> None:
    """A broken template gets one surge instance, three old instances serve, and a patch back settles fast."""
    emulator.ask("emulator/instance-rules", {"template": "bad", "never_healthy": True, "serial": ["app: no such file"]})
    emulator.copy_template("bad")
    before = emulator.instance_names()
    gcloud(f"{_MANAGED} update {GROUP} --initial-delay=3600 --health-check=dojangkok-dev-ai-server")
    gcloud(f"{_MANAGED} rolling-action start-update {GROUP} --version=template=bad")
    wait_until(lambda: any(row["currentAction"] == "VERIFYING" for row in emulator.instances()))
    printed = gcloud.fails(f"{_MANAGED} wait-until {GROUP} --stable --timeout=1")
    assert "Timeout" in printed
    group = gcloud.json(f"{_MANAGED} describe {GROUP}")
    assert (group["status"]["isStable"], group["status"]["versionTarget"]["isReached"]) == (False, False)
    rows = gcloud.json(f"{_MANAGED} list-instances {GROUP}")
    old = [row for row in rows if row["name"] in before]
    assert len(old) == 3
    assert {row["instanceHealth"][0]["detailedHealthState"] for row in old} == {"HEALTHY"}
    (surge,) = [row for row in rows if row["name"] not in before]
    assert surge["version"]["instanceTemplate"].endswith("/bad")
    assert "app: no such file" in gcloud(f"instances get-serial-port-output {surge['name']}")
    gcloud(f"{_MANAGED} rolling-action start-update {GROUP} --version=template={SEED_TEMPLATE}")
    wait_until(emulator.is_stable)
    assert emulator.instance_names() == before


def test_commands_of_refusals_correct_the_refused_settings(emulator: Emulator, gcloud: Gcloud) -> None:
    """The commands are those of tests/integration/deploy/test_preflight.py, without `gcloud compute`."""

    def managed(verb: str, *flags: str) -> str:
        scope = ("--project dojangkok-dev", f"--zone {ZONE.rpartition('/')[2]}")
        return gcloud(" ".join((_MANAGED, verb, GROUP, *scope, *flags)))

    gcloud(f"{_MANAGED} rolling-action stop-proactive-update {GROUP}")
    managed("update", "--update-policy-type proactive")
    assert emulator.group()["updatePolicy"]["type"] == "PROACTIVE"
    gcloud(f"{_MANAGED} update {GROUP} --update-policy-most-disruptive-action=restart")
    managed("update", "--update-policy-most-disruptive-action replace")
    assert emulator.group()["updatePolicy"]["mostDisruptiveAllowedAction"] == "REPLACE"
    gcloud(f"{_MANAGED} update {GROUP} --default-action-on-vm-failure=do-nothing")
    managed("update", "--default-action-on-vm-failure repair")
    assert emulator.group()["instanceLifecyclePolicy"]["defaultActionOnFailure"] == "REPAIR"
    gcloud(f"{_MANAGED} all-instances-config update {GROUP} --metadata=startup-script=x")
    assert "startup-script" in str(emulator.group()["allInstancesConfig"])
    managed("all-instances-config delete", "--metadata startup-script")
    assert "startup-script" not in str(emulator.group()["allInstancesConfig"])
    managed("update", "--health-check dojangkok-dev-ai-server", "--initial-delay 300")
    emulator.copy_template("canary")
    canary = "--canary-version=template=canary,target-size=1"
    gcloud(f"{_MANAGED} rolling-action start-update {GROUP} --version=template={SEED_TEMPLATE} {canary}")
    assert len(emulator.group()["versions"]) == 2
    managed("rolling-action start-update", f"--version template={SEED_TEMPLATE}")
    (version,) = emulator.group()["versions"]
    assert version["instanceTemplate"].endswith(f"/{SEED_TEMPLATE}")


def _readme_commands() -> list[str]:
    """Return the commands of the README's shell block, without `gcloud compute`; the fixture sets its variables."""
    shell = (ROOT / "emulator/README.md").read_text().partition("```sh\n")[2].partition("```")[0]
    commands = [line.removeprefix("gcloud compute ") for line in shell.splitlines() if line.startswith("gcloud")]
    assert len(commands) == 10
    return commands
