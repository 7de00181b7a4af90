"""delivery.yaml: what its keys mean, what their defaults are, and what is refused."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from ci import application_file
from ci.application import Application, Gate
from ci.errors import RefusedError
from tests.unit.ci.doubles import Folder

SMALL = "image: web\nport: 8080\n"


def refusal(text: str) -> str:
    """Return the error of a delivery.yaml that is refused with the exit code of configuration errors."""
    with pytest.raises(RefusedError) as refused:
        application_file.parse(text)
    assert refused.value.exit_code == 3
    return str(refused.value)


def test_two_lines_are_enough() -> None:
    """The image and the port describe an application whose three paths are /healthz, and that has no gate."""
    assert application_file.parse(SMALL) == Application(image="web", port=8080)


def test_health_is_the_default_of_the_other_paths() -> None:
    """A service with a single path for its health writes that path once."""
    small = application_file.parse(f"{SMALL}paths: {{health: /up}}")
    assert (small.liveness, small.readiness, small.health) == ("/up", "/up", "/up")
    both = application_file.parse(f"{SMALL}paths: {{health: /up, readiness: /ready}}")
    assert (both.liveness, both.readiness, both.health) == ("/up", "/ready", "/up")


def test_every_key_of_this_repository_reaches_the_application() -> None:
    """The commented file is the documentation, so it uses every key, and each value is read."""
    text = Path("delivery.yaml").read_text()
    assert set(yaml.safe_load(text)) == set(application_file.KEYS)
    described = application_file.parse(text)
    assert (described.image, described.port, described.drain_s) == ("ai-server", 8000, 2)
    assert (described.liveness, described.readiness, described.health) == ("/livez", "/readyz", "/health")
    assert described.gates == (Gate("lint"), Gate("types"), Gate("test"))
    assert described.bill_of_materials == "uv.lock"
    assert Path(f"emulator/seeds/{described.seed}.yaml").is_file()
    assert described.environment["HTTP_TIMEOUT_SEC"] == "30"
    assert described.variables("host/app@sha256:1")["AI_SERVER_IMAGE"] == "host/app@sha256:1"


def test_gate_is_a_name_or_a_command() -> None:
    """A command states its image, and may state the files that it reads."""
    parsed = application_file.parse(
        f"{SMALL}gates: [lint, {{name: unit, image: 'node:22', run: npm test, reads: [src]}}]"
    )
    assert parsed.gates == (Gate("lint"), Gate("unit", "node:22", "npm test", ("src",)))
    assert application_file.parse(f"{SMALL}gates: []").gates == ()


def test_file_without_bill_of_materials_names_no_file() -> None:
    """`none` is the default."""
    assert application_file.parse(f"{SMALL}bill_of_materials: none").bill_of_materials == ""
    assert application_file.parse(f"{SMALL}bill_of_materials: api/uv.lock").bill_of_materials == "api/uv.lock"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "delivery.yaml: image: missing. Fix: the last part of the image's name, such as 'web'"),
        ("image: web", "delivery.yaml: port: missing. Fix: a whole number from 1 to 65535"),
        ("- web", "delivery.yaml: line 1: got a list. Fix: keys with values: image, port, context, "),
        ("image: web\nprot: 1", "delivery.yaml: line 2: prot: unknown key. Fix: did you mean 'port'"),
        ("image: web\nxyz: 1", "delivery.yaml: line 2: xyz: unknown key. Fix: one of: image, port, context, "),
        ("image: Web", "line 1: image: got 'Web'. Fix: the last part of the image's name, such as 'web'"),
        ("image: host/web", "line 1: image: got 'host/web'. Fix: the last part"),
        ("image: [web]", "line 1: image: got a list. Fix: the last part"),
        ("image: web\nport: 80a", "line 2: port: got '80a'. Fix: a whole number from 1 to 65535"),
        ("image: web\nport: 65536", "line 2: port: got '65536'. Fix: a whole number from 1 to 65535"),
        ("image: web\nport: 1\nimage: web", "delivery.yaml: line 3: the key 'image' is there twice. Fix: remove it"),
        ("[a]: 1", "line 1: the key a list is no text. Fix: remove it"),
        ("image: web\nport: 1\n<<: {a: 1}", "line 3: <<: unknown key."),
        ("{", "delivery.yaml: while parsing a flow node"),
        ("[" * 5_000, "delivery.yaml: cannot be read: maximum recursion depth exceeded"),
    ],
)  # fmt: skip
def test_wrong_file_is_refused(text: str, error: str) -> None:
    """The error has the line, the path of the key, the value and a fix."""
    assert error in refusal(text)


@pytest.mark.parametrize(
    ("key", "error"),
    [
        ("paths:\n  livness: /x", "line 4: paths.livness: unknown key. Fix: did you mean 'liveness'"),
        ("paths: {health: up}", "line 3: paths.health: got 'up'. Fix: a path that begins with '/', such as '/healthz'"),
        ("paths: /up", "line 3: paths: got '/up'. Fix: keys with values: liveness, readiness, health"),
        ("context: ../other", "line 3: context: got '../other'. Fix: a path below the root of the source"),
        ("dockerfile: /Dockerfile", "line 3: dockerfile: got '/Dockerfile'. Fix: a path below the context"),
        ("drain_s: 601", "line 3: drain_s: got '601'. Fix: a number from 0 to 600"),
        ("drain_s: 2", "line 3: drain_s: got 2, and paths.readiness is paths.liveness: a container that drains must"),
        ("allow_root: maybe", "line 3: allow_root: got 'maybe'. Fix: true or false"),
        ("environment: {DEBUG: true}", "line 3: environment.DEBUG: got 'true'. Fix: a text; put it in quotes"),
        ("environment: {1A: x}", "line 3: environment.1A: got the name '1A'. Fix: names of letters, digits and '_'"),
        ("environment: [A]", "line 3: environment: got a list. Fix: names with texts"),
        ("gates: lint", "line 3: gates: got 'lint'. Fix: a list, such as [] for none"),
        ("gates: [lint, tests]", "line 3: gates[1]: got 'tests'. Fix: did you mean 'test'"),
        ("gates: [audit]", "gates[0]: got 'audit'. Fix: one of lint, types, test, or a command: {name: …"),
        ("gates: [lint, lint]", "line 3: gates[1]: the name 'lint' is taken."),
        ("gates: [{name: smoke, image: a, run: b}]", "line 3: gates[0]: the name 'smoke' is taken."),
        ("gates:\n  - name: a\n    image: b\n    rum: c", "line 6: gates[0].rum: unknown key. Fix: did you mean 'run'"),
        ("gates: [{name: a, image: b}]", "delivery.yaml: gates[0].run: missing. Fix: a text"),
        ("gates: [{name: a, image: b, run: c, reads: [/x]}]", "gates[0].reads[0]: got '/x'. Fix: a path below"),
        ("bill_of_materials: package.json", "bill_of_materials: got 'package.json'. Fix: the path of a uv.lock, of a"),
    ],
)  # fmt: skip
def test_wrong_key_is_refused(key: str, error: str) -> None:
    """The path of a nested key names every key above it."""
    assert error in refusal(f"{SMALL}{key}\n")


def test_missing_file_is_refused_with_what_is_enough(tmp_path: Path) -> None:
    """A person who adopts the pipeline meets this error first."""
    source: Any = Folder(tmp_path)
    with pytest.raises(RefusedError, match=r"delivery\.yaml: cannot be read: .*'image: NAME' and 'port: NUMBER' are"):
        asyncio.run(application_file.read(source))
    (tmp_path / "delivery.yaml").write_text(SMALL)
    assert asyncio.run(application_file.read(source)).image == "web"


def test_repository_of_another_image_is_refused() -> None:
    """The image of one application must not be pushed under the name of another."""
    web = application_file.parse(SMALL)
    web.refuse_other_image("--repository", "host.test/team/web")
    with pytest.raises(RefusedError) as refused:
        web.refuse_other_image("environments/dev.yaml: repository", "host.test/team/api")
    assert str(refused.value) == (
        "environments/dev.yaml: repository: got 'host.test/team/api', and delivery.yaml says that the image is 'web'. "
        "Fix: a repository that ends in '/web', or another 'image' in delivery.yaml"
    )
