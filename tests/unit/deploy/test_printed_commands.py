"""The gcloud lines that are printed: each about a template, an instance or an operation names its location."""

import ast
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.config import Config
from deploy.doctor import group
from deploy.doctor.readings import Readings, Unread
from deploy.documents.group_state import Group, parse_group
from deploy.group import preflight
from tests.unit.deploy.observations import SEED, observation
from tests.unit.deploy.values import CONFIG

LOCATED = re.compile(r"gcloud compute (?:instance-templates|instances|operations|instance-groups managed (?!list))")
FLAG = re.compile(r"--(?:zone|region)s? |--global\b|\{where\}")
OBSERVED = observation("roll")
REGIONAL = SEED.replace("/global/", "/regions/asia-northeast3/")
REGION = CONFIG.model_copy(update={"zone": None, "region": "asia-northeast3"})


def texts(path: Path) -> Iterator[str]:
    """Yield each text of a module, with the expressions of an f-string as they are written."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    joined = [node for node in nodes if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for node in joined for part in node.values}
    yield from map(ast.unparse, joined)
    yield from (
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts
    )


def test_every_gcloud_line_of_the_sources_has_a_flag_of_location() -> None:
    """gcloud would ask for the zone, or read the name of a regional template as that of a global one."""
    programs = [path for folder in ("deploy", "ci", "accessory", "lib") for path in Path(folder).rglob("*.py")]
    lines = [text for path in programs if ".venv" not in path.parts for text in texts(path) if LOCATED.search(text)]
    assert len(lines) == 2
    assert [line for line in lines if not FLAG.search(line)] == []


def on(link: str, *, versions: int = 1) -> Group:
    """Return the group of the cases on the template of a link."""
    document = deepcopy(dict(OBSERVED.group.raw)) | {"instanceTemplate": link}
    others = [{"instanceTemplate": f"{link}-{number}", "targetSize": {"fixed": 1}} for number in range(1, versions)]
    return parse_group(document | {"versions": [{"instanceTemplate": link}, *others]}, [])


@pytest.mark.parametrize("config", [CONFIG, REGION])
@pytest.mark.parametrize(("link", "flag"), [(SEED, "--global"), (REGIONAL, "--region asia-northeast3")])
def test_template_that_is_refused_is_shown_with_its_location(config: Config, link: str, flag: str) -> None:
    """The command of the finding finds the template, and no other one of its name."""
    template = deepcopy(OBSERVED.template)
    template["selfLink"] = f"https://www.googleapis.com/compute/v1/{link}"
    template["properties"]["metadata"]["items"] = [{"key": "startup-script", "value": "true"}]
    [finding] = group.template_findings(config, Readings(account="a", group=on(link), template=template))
    name = template["name"]
    assert finding.command == f"gcloud compute instance-templates describe {name} --project {CONFIG.project} {flag}"


@pytest.mark.parametrize(
    ("read", "flag"),
    [
        (Unread("403"), "--global"),
        (on(SEED), "--global"),
        (on(REGIONAL), "--regions asia-northeast3"),
        (replace(on(SEED), versions=()), "--global"),
    ],
)
def test_template_that_was_not_read_is_searched_where_the_group_has_it(read: Group | Unread, flag: str) -> None:
    """Without a group, the global templates are listed."""
    [finding] = group.template_findings(CONFIG, Readings(account="a", group=read, template=Unread("403")))
    assert finding.command == f"gcloud compute instance-templates list --project {CONFIG.project} {flag}"


@pytest.mark.parametrize(("link", "template"), [(SEED, SEED.rpartition("/")[2]), (REGIONAL, REGIONAL)])
def test_version_that_stays_is_named_so_that_gcloud_finds_its_template(link: str, template: str) -> None:
    """gcloud reads a bare name as that of a global template; a regional one needs its link."""
    [refusal] = preflight.setting_refusals(REGION, on(link, versions=2), [])
    location = f"--project {CONFIG.project} --region asia-northeast3"
    command = f"rolling-action start-update {CONFIG.group} {location} --version template={template}"
    assert refusal.fix == f"run 'gcloud compute instance-groups managed {command}' to keep that version"
