"""
Metadata of any entries in any shapes: every place is found and rewritten, and nothing else changes.

The metadata is made twice, with the reference before and with the digest, so that the expected text is known without
any search. PyYAML writes cloud-init's and konlet's documents in each of its styles.
"""

import json
from collections.abc import Callable

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from deploy.errors import RefusedError
from deploy.release.image_places import find_image
from emulator.environment.instance_rules import mentions as names_image
from emulator.environment.template_metadata import metadata_text
from tests.unit.deploy.values import REPOSITORY as R
from tests.unit.deploy.values import digest

NEW = f"{R}@{digest('1')}"
Shape = Callable[[str], str]  # the text of an entry, given the reference

STARTS: tuple[Shape, ...] = (
    "docker run -d --network host {} web".format,
    "docker pull {0} && docker run -d {0}".format,
    "IMAGE={}\ndocker run -d \"$IMAGE\"".format,
    'docker run "${{IMAGE:-{}}}"'.format,
    "cat > /opt/c.yml <<'E'\nservices:\n  web:\n    image: {0}\n  worker:\n    image: '{0}'\nE".format,
    "cat > /etc/systemd/system/app.service <<E\n[Service]\nExecStart=/usr/bin/docker run --rm {}\nE".format,
    "if [ $# -gt 0 ]; then docker run {}; fi".format,
)  # fmt: skip
UNITS: tuple[Shape, ...] = (
    "[Service]\nExecStartPre=-/usr/bin/docker rm app\nExecStart=/usr/bin/docker run --name app {}\n".format,
    "services:\n  web:\n    image: {}\n    restart: always\n".format,
    "#!/bin/sh\nset -e\ndocker run -d {}\n".format,
    "IMAGE={}\nPORT=8000\n".format,
)
HARMLESS = (
    f"docker rmi {R}:v0 || true", f"docker images -q {R}", f"# was {R}:v0", "echo \"it's on\"", "mkdir -p /opt/한글",
    f"docker pull {R}-worker:v0", f"docker pull mirror.example/{R}:v0", "docker run alpine:3", "",
)  # fmt: skip
TAILS = st.sampled_from([":v1", ":latest", ":a_b.c-d", f"@{digest('0')}", f":v1@{digest('0')}"])
NOISE = st.lists(st.sampled_from(HARMLESS), max_size=3)
STYLES = st.sampled_from([None, "'", '"', "|"])


def dumped(document: object, style: str | None, flow: bool | None) -> str:
    """Return YAML in a style, without folded lines, which would divide a reference."""
    return yaml.dump(document, default_style=style, default_flow_style=flow, width=100_000, allow_unicode=True)


@st.composite
def scripts(draw: st.DrawFn) -> Shape:
    """Return a startup script with at least a place."""
    starts = draw(st.lists(st.sampled_from(STARTS), min_size=1, max_size=2))
    above, below, end = draw(NOISE), draw(NOISE), draw(st.sampled_from(["\n", "\r\n"]))

    def script(reference: str) -> str:
        return end.join(["#!/bin/bash", *above, *(start(reference) for start in starts), *below, ""])

    return script


@st.composite
def user_data(draw: st.DrawFn) -> Shape:
    """Return a cloud-config whose files and commands have at least a place."""
    units, style = draw(st.lists(st.sampled_from(UNITS), min_size=1, max_size=2)), draw(STYLES)
    flow, is_list = draw(st.booleans()), draw(st.booleans())
    # In one line with other commands, a mention counts whatever its own command is.
    noise = [line for line in draw(NOISE) if line and line[0] != "#" and not (flow and line.startswith("docker "))]

    def text(reference: str) -> str:
        files = [{"path": f"/etc/{number}", "content": unit(reference)} for number, unit in enumerate(units)]
        command = ["docker", "run", reference] if is_list else f"docker run {reference}"
        document = {"write_files": files, "runcmd": [*noise, command]}
        return f"#cloud-config\n{dumped(document, style, flow)}"

    return text


@st.composite
def declarations(draw: st.DrawFn) -> Shape:
    """Return a container declaration, in YAML or JSON."""
    style, flow, is_json = draw(STYLES), draw(st.booleans()), draw(st.booleans())
    arguments = draw(st.lists(st.sampled_from(["--log #1", "x: y", "it's", "한글"]), max_size=2))

    def text(reference: str) -> str:
        container = {"name": "app", "image": reference, "args": arguments, "stdin": False}
        document = {"spec": {"containers": [container], "restartPolicy": "Always"}}
        return json.dumps(document) if is_json else dumped(document, style, flow)

    return text


VALUES = st.sampled_from(
    ["{}".format, "{}\n".format, "IMAGE={}\nPORT=80\n".format, '{{"image": "{}"}}'.format, "docker://{}".format]
)
METADATA = st.fixed_dictionaries(
    {},
    optional={
        "startup-script": scripts(), "user-data": user_data(), "gce-container-declaration": declarations(),
        "shutdown-script": scripts(), "app-image": VALUES, "compose": st.sampled_from(UNITS),
    },
).filter(bool)  # fmt: skip


def of(shapes: dict[str, Shape], reference: str) -> dict[str, str]:
    """Return metadata with a reference at each place, and with an entry that has none."""
    return {"enable-oslogin": "TRUE"} | {key: shape(reference) for key, shape in shapes.items()}


def lines(key: str, text: str, reference: str) -> list[str]:
    """Return every line that has a reference, as a refusal names it."""
    numbers = [number for number, line in enumerate(text.split("\n"), start=1) if names_image(line, reference)]
    return [f"'{key}' line {number} '{reference}'" for number in numbers]


@given(shapes=METADATA, tail=TAILS)
def test_every_place_is_rewritten_and_nothing_else(shapes: dict[str, Shape], tail: str) -> None:
    """The rewritten metadata is the metadata that was made with the digest, and its instances start the digest."""
    old = of(shapes, R + tail)
    places = find_image(old, R)
    new = places.rewritten(old, digest("1"))
    assert str(places.reference) == R + tail
    assert places.entries == tuple(sorted(shapes))
    assert new == of(shapes, NEW)
    assert find_image(new, R).rewritten(new, digest("1")) == new
    for key in shapes.keys() - {"compose"}:
        items = [{"key": key, "value": new[key]}]
        assert names_image(metadata_text({"properties": {"metadata": {"items": items}}}, ""), NEW)


@given(shapes=METADATA, other=METADATA, tail=TAILS)
def test_different_references_are_refused_with_their_lines(
    shapes: dict[str, Shape], other: dict[str, Shape], tail: str
) -> None:
    """Entries with different references are refused, and each place is named; `image_in` chooses the entries."""
    another = f"{R}:v2"
    metadata = of(shapes, R + tail) | {f"{key}-2": shape(another) for key, shape in other.items()}
    with pytest.raises(RefusedError) as error:
        find_image(metadata, R)
    expected = [line for key in shapes for line in lines(key, metadata[key], R + tail)]
    expected += [line for key in other for line in lines(f"{key}-2", metadata[f"{key}-2"], another)]
    assert all(line in str(error.value) for line in expected)
    places = find_image(metadata, R, tuple(shapes))
    assert places.rewritten(metadata, digest("1")) == metadata | of(shapes, NEW)


@given(shapes=METADATA, tail=TAILS, incomplete=st.sampled_from([R, f"{R}:$TAG", f"{R}:{{{{tag}}}}", R.upper() + ":v1"]))
def test_undecidable_entry_is_refused_with_its_line(shapes: dict[str, Shape], tail: str, incomplete: str) -> None:
    """A mention that is not written out is refused, beside any places."""
    metadata = of(shapes, R + tail) | {"more": f"PORT=80\nIMAGE={incomplete}\n"}
    with pytest.raises(RefusedError, match=rf"is not written out: 'more' line 2 '{R}"):
        find_image(metadata, R)
