"""Reads delivery.yaml: every key is checked, and an error names its line, its path, and the nearest key."""

from typing import Final

import dagger

from ci.application import FILE, NAMED_CHECKS, Application, Gate, read_text
from ci.errors import RefusedError
from ci.yaml_section import Form, Section, parse_document

KEYS: Final = (
    "image", "port", "context", "dockerfile", "paths", "responses", "environment", "drain_s", "allow_root",
    "allow_build_tools", "gates", "bill_of_materials", "seed",
)  # fmt: skip
PATHS: Final = ("liveness", "readiness", "health")
COMMAND: Final = ("name", "image", "run", "reads")
_STAGES: Final = ("build", "smoke", "publish", "deploy", "image", "policy", "vulnerabilities")
_LONGEST_DRAIN_S: Final = 600
_DEFAULT_HEALTH: Final = "/healthz"
_MISSING: Final = "write it at the root of the source; 'image: NAME' and 'port: NUMBER' are enough"

_IMAGE: Final = Form(r"[a-z0-9]+([._-]+[a-z0-9]+)*", "the last part of the image's name, such as 'web'")
_FOLDER: Final = Form(r"(?!/)(?!(.*/)?\.\.(/|$)).+", "a path below the root of the source, such as 'src'")
_IN_CONTEXT: Final = Form(_FOLDER.pattern, "a path below the context, such as 'Dockerfile'")
_ROUTE: Final = Form(r"/[^\s#]*", "a path that begins with '/', such as '/healthz'")
_VARIABLE: Final = Form(r"[A-Za-z_][A-Za-z0-9_]*", "names of letters, digits and '_'")
_GATE: Final = Form(r"[a-z][a-z0-9-]{0,19}", "at most 20 lower-case letters, digits and '-'")
_REFERENCE: Final = Form(r"[a-z0-9]\S*", "an image with its tag, such as 'node:22-slim'")
_ANY: Final = Form(r"(?s).+", "a text")
_MATERIALS: Final = Form(
    rf"{_FOLDER.pattern}(?<=uv\.lock)|{_FOLDER.pattern}(?<=\.txt)|none",
    "the path of a uv.lock, of a file of pinned requirements ('requirements.txt'), or 'none'",
)


async def read(source: dagger.Directory) -> Application:
    """
    Read the description of the application.

    Raises:
        RefusedError: the file is missing, or a key or value in it is wrong
    """
    return parse(await read_text(source, FILE, _MISSING))


def parse(text: str) -> Application:
    """Return the application that the text of a delivery.yaml describes; errors as of `read`."""
    top = Section.of(parse_document(FILE, text), FILE, "", KEYS)
    paths = top.section("paths", PATHS)
    health = paths.text("health", _ROUTE, _DEFAULT_HEALTH)
    materials = top.text("bill_of_materials", _MATERIALS, "none")
    application = Application(
        image=top.text("image", _IMAGE),
        port=int(top.number("port", 1, 65535, whole=True)),
        context=top.text("context", _FOLDER, "."),
        dockerfile=top.text("dockerfile", _IN_CONTEXT, "Dockerfile"),
        liveness=paths.text("liveness", _ROUTE, health),
        readiness=paths.text("readiness", _ROUTE, health),
        health=health,
        responses=top.texts("responses", _ROUTE),
        environment=top.texts("environment", _VARIABLE),
        drain_s=top.number("drain_s", 0, _LONGEST_DRAIN_S, default=0),
        allow_root=top.flag("allow_root"),
        allow_build_tools=top.flag("allow_build_tools"),
        gates=_gates(top),
        bill_of_materials="" if materials == "none" else materials,
        seed=top.text("seed", _FOLDER, ""),
    )
    if application.drain_s and application.readiness == application.liveness:
        raise RefusedError(
            f"{top.place('drain_s')}: got {application.drain_s:g}, and paths.readiness is paths.liveness: a container "
            "that drains must be alive and not ready. Fix: two paths, or 'drain_s: 0'"
        )
    return application


def _gates(top: Section) -> tuple[Gate, ...]:
    """Read the gates: each the name of a check of this module, or a command in an image."""
    gates: list[Gate] = []
    for item in top.items("gates"):
        if item.is_mapping:
            gate = _command(Section.of(item.node, FILE, item.path, COMMAND))
        else:
            gate = Gate(item.one_of(NAMED_CHECKS, "or a command: {name: …, image: …, run: …}"))
        if gate.name in (*_STAGES, *(other.name for other in gates)):
            raise RefusedError(
                f"{item.here}: the name '{gate.name}' is taken. Fix: a name that no other gate and no stage has"
            )
        gates.append(gate)
    return tuple(gates)


def _command(section: Section) -> Gate:
    return Gate(
        section.text("name", _GATE),
        section.text("image", _REFERENCE),
        section.text("run", _ANY),
        tuple(section.list_of_texts("reads", _FOLDER)),
    )
