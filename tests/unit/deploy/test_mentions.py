"""Every mention of a repository in a text of metadata, classified."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.errors import RefusedError
from deploy.release.image_places import find_image
from deploy.release.mentions import Mention, mentions, rewrite
from tests.unit.deploy.values import REPOSITORY as R
from tests.unit.deploy.values import digest

FULL = f"{R}:v41"
START = f"docker run -d {FULL}\n"


def refusal(metadata: dict[str, str]) -> str:
    with pytest.raises(RefusedError) as error:
        find_image(metadata, R)
    return str(error.value)


@pytest.mark.parametrize(
    "line",
    [
        f"docker run -d $(docker images -q {R} | head -n 1)", f"docker images -q {R} | xargs docker run -d",
        f"docker images -q {R} | head -n 1 | \\\n  xargs -r sudo docker run", f"docker create `docker images -q {R}`",
        f"id=$(docker images -q {R})\ndocker run -d $id",
        f'id="$(docker inspect -f x {R})"; docker run -d \\\n "${{id}}"',
    ],
)  # fmt: skip
def test_output_that_a_container_is_started_from_decides(line: str) -> None:
    """A mention is undecidable if the output of its command selects the image of a container."""
    text = refusal({"startup-script": f"{START}{line}\n"})
    assert "(its output decides which image starts)" in text


@pytest.mark.parametrize(
    "line",
    [
        f"docker rmi $(docker images -q {R}); docker run -d alpine:3", f"docker images -q {R} | xargs -r docker rmi",
        f'[ -n "$(docker images -q {R})" ] && docker run -d alpine:3', f"id=$(docker images -q {R})\ndocker rmi $id",
        f"if docker inspect {R} | grep -q x; then docker run alpine:3; fi",
    ],
)  # fmt: skip
def test_output_that_no_container_is_started_from_is_harmless(line: str) -> None:
    """A mention is harmless if no container starts from the output of its command."""
    assert find_image({"startup-script": f"{START}{line}\n"}, R).reference.tag == "v41"


@pytest.mark.parametrize(
    "line", [f"docker run -d $(docker images -q {R}:v1-old)", f"docker images -q {R}:v0 | xargs docker run -d"]
)
def test_output_that_decides_is_noticed_in_cloud_init_too(line: str) -> None:
    """A line of runcmd is a command as a line of a script is."""
    text = refusal({"user-data": f"#cloud-config\nruncmd:\n- docker pull {R}:v41\n- {line}\n"})
    assert "(its output decides which image starts)" in text


def kinds(text: str, *, is_script: bool = True) -> list[str]:
    return [mention.kind for mention in mentions(text, R, is_script=is_script)]


@pytest.mark.parametrize(
    "line",
    [
        f"docker images {R} -q", f"docker rmi {R}:v40", f"docker rmi -f {R}:$OLD || true", f"docker image rm {R}",
        f"docker image ls {R}", f"docker image prune --filter label={R}", f"docker ps -a | grep {R}",
        f"sudo -E docker --config /c rmi {R}", f"/usr/bin/docker inspect {R}:v40", f"podman images --noheading {R}",
        f"crictl rmi {R}:v40", f"docker images -q {R} | xargs -r docker rmi",
        f"if docker images | grep -q {R}; then :; fi",
        f"x=$(docker images -q {R})", f"x=`docker images -q {R}`", f"docker rmi \\\n  {R}", f'echo "pulling {R}"',
        f"echo starting {FULL}", f"echo '{FULL}' >&2", f"echo {FULL} >> /var/log/startup.log",
        f"printf '%s\\n' {FULL}",
        f"logger -t startup {FULL}", f"echo {R} | logger", f"timeout 30 docker rmi {R}", f"echo {R} > /dev/console",
    ],
)  # fmt: skip
def test_what_starts_nothing_is_harmless(line: str) -> None:
    """A mention in a command that lists, removes or prints images is harmless."""
    assert set(kinds(f"#!/bin/bash\n{line}\n")) == {"harmless"}
    assert find_image({"startup-script": f"{START}{line}\n"}, R).reference.tag == "v41"


@pytest.mark.parametrize(
    "line",
    [
        f"docker run {R}", f"docker run {R}:$TAG", f"docker run {R}:${{TAG}}", f'docker run "{R}":latest',
        f'docker run {R}":$TAG"', f"docker run '{R}':v1", f"docker run {R}@$DIGEST", f"docker run {R}@sha256:12",
        f"docker run {R}:v1$X", f'docker run "{R}:v1"$X', f"docker run {R}:v4\\\n1",
        f"IMAGE={R}; docker run $IMAGE:latest",
        f"export IMAGE={R}", f"docker pull {R}", f"docker run {R.upper()}:v1",
        f"docker run {R.replace('asia', 'ASIA')}:v1",
        f"docker run {R}$SUFFIX", f"docker run {R}`tag`", f"echo {R}:$TAG > /etc/image", f"echo {R} | tee /etc/image",
        f"{{ echo {R}; }} > /etc/image", f"image() {{ echo {R}; }}; docker run $(image)", f"x=$(echo {R})",
        f"docker run --label image={R} x", f"cat > f <<E\nimage: {R}:$TAG\nE", f"docker run oci://{R}:v1",
        f"docker run containers-storage:{R}:v1", f"docker run ${{IMAGE:-{R}:v1}}-debug",
        f"docker run {R}:{{{{tag}}}}",
        f"IMAGE={R}:v1; docker run ${{IMAGE%:*}}:$TAG", f"IMAGE={R}:v1; docker run ${{IMAGE/v1/v2}}",
        f"HOST=x; docker run $HOST/{R.partition('/')[2]}:$TAG", 'docker run "${REPO}"/ai-server:$TAG',
        "docker run $(gcloud config get project)/dojangkok-ai/ai-server:v1", f"bash -c 'docker rmi {R}'",
        f"docker build -t {R} .", f"echo \"{R}\" > >(cat)",
    ],
)  # fmt: skip
def test_what_decides_without_being_written_out_is_undecidable(line: str) -> None:
    """A mention that may decide the image, but is not a literal full reference, is undecidable."""
    assert "undecidable" in kinds(f"#!/bin/bash\n{line}\n")
    assert "which image of" in refusal({"startup-script": f"{START}{line}\n"})


@pytest.mark.parametrize(
    "line",
    [
        f"docker run {FULL}", f'IMAGE={FULL}\ndocker run "$IMAGE"', f'IMAGE="{FULL}"', f"export IMAGE='{FULL}'",
        f"docker run \\\n  {FULL} \\\n  --x", f"cat > f <<'E'\nimage: {FULL}\nE", f'{{"image": "{FULL}"}}',
        f'echo "{{\\"image\\": \\"{FULL}\\"}}" > f', f"docker run $({{ echo {FULL}; }})", f"x=({FULL})",
        f"docker run {R}@{digest('0')}", f"docker run {R}:v1@{digest('0')}", f"printf 'image: x\\n{FULL}\\n' > f",
        f"echo {FULL} > /etc/image", f"echo {FULL} | bash", f"docker run docker://{FULL}",
        f"docker run ${{I:-{FULL}}}",
        f'docker run "${{I:={FULL}}}"', f"case $x in a) docker run {FULL};; esac", f"(docker run {FULL})",
        f"for i in {FULL}; do docker run $i; done", f"echo \"'\"; docker run {FULL} # x",
        f"x=$((1<<3)); docker run {FULL}",
        f"[ $# -gt 0 ] && docker run {FULL}", f"docker run --label c='#0' {FULL}", f"echo hi#{{ ; docker run {FULL}",
        f"docker run {FULL}&", f"docker run {FULL}>/dev/null", f"docker run {FULL};",
        f"bash <<E\ndocker run {FULL}\nE",
    ],
)  # fmt: skip
def test_literal_mention_is_a_full_reference(line: str) -> None:
    """A mention that may decide the image, and has a literal tag or digest, is a full reference."""
    assert kinds(f"#!/bin/bash\n{line}\n") == ["reference"]


@pytest.mark.parametrize(
    "use",
    ["gcloud auth configure-docker ${IMAGE%%/*}", 'echo "${IMAGE##*:}"', "x=${IMAGE:-none}", "docker rmi ${IMAGE%:*}"],
)
def test_parts_of_a_variable_that_are_no_image_decide_nothing(use: str) -> None:
    """An expansion of a part of a variable decides nothing if no image starts from the expansion."""
    assert kinds(f'IMAGE={FULL}\n{use}\ndocker run "$IMAGE"\n') == ["reference"]


@pytest.mark.parametrize(
    "text",
    [
        f"# {FULL}\n", f"docker ps # {FULL}\n", f"cat > f <<'E'\n# image: {FULL}\nimage: x # {R}\nE\n",
        f"cat > f.sh <<'E'\n#!/bin/sh\nx # {FULL}\nE\n", f"bash <<E\n  # {R}\nE\n", f"x=$(true # {R}\n)\n",
    ],
)  # fmt: skip
def test_mention_in_a_comment_decides_nothing(text: str) -> None:
    """A mention in a comment is classified as a comment."""
    assert set(kinds(text)) == {"comment"}


@pytest.mark.parametrize(
    "text",
    [
        f"docker run --label 'note=build #41' {FULL}\n", f"echo $# {FULL} > f\n",
        f"cat > f <<'E'\nimage: 'a #b' {FULL}\nE\n",
        f"docker run \\# {FULL}\n", f"docker run a#b {FULL}\n", f"echo ${{x#y}} {FULL} > f\n",
        f'echo "\n# {FULL}" > f\n',
    ],
)  # fmt: skip
def test_hash_that_begins_no_comment_hides_nothing(text: str) -> None:
    """A mention after a `#` in a word, a quoted text or an expansion is a reference, not a comment."""
    assert kinds(text) == ["reference"]


@pytest.mark.parametrize(
    "text",
    [
        *(f"docker run {R}{tail}" for tail in ("-worker:v1", "/x:1", "2:v1", "_x:1", ".old:1", "-$X:1")),
        *(f"docker run {head}{FULL}" for head in ("my-", "mirror.example/", "a.", "x", "u@")),
        f"https://{R}", "cd $HOME/ai-server", "docker run $X/other/ai-server-worker:1", "-v $PWD/ai-server:/app",
    ],
)  # fmt: skip
def test_other_names_are_no_mentions(text: str) -> None:
    """A longer name, another host or an unrelated path is not a mention of the repository."""
    assert mentions(text, R, is_script=True) == ()


def test_document_that_a_shell_reads_is_judged_as_a_script() -> None:
    """A line of a document counts as a message only if a shell reads the document at once."""
    line = f"echo 'starting {FULL}'\n"
    assert kinds(f"cat > f.sh <<'E'\n#!/bin/bash\n{line}E\n") == ["reference"], "the reader of its output is not known"
    assert kinds(f"cat <<'E' | sudo bash -s\n{line}E\n") == ["harmless"]
    assert kinds(f"cat > unit <<'E'\n{line}E\n") == ["reference"]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (f"- docker rmi {R}", "harmless"), (f"ExecStopPost=-/usr/bin/docker rmi {FULL}", "harmless"),
        (f"ExecStart=/usr/bin/docker run {FULL}", "reference"), (f"image: {FULL} # x", "reference"),
        (f"image: x # {FULL}", "comment"), (f"; {FULL}", "comment"), (f"image: {R}", "undecidable"),
        (f'"image": "{R}:${{TAG}}"', "undecidable"), (f"- 'docker images {R}'", "harmless"), (f"x {FULL}",
        "reference"),
    ],
)  # fmt: skip
def test_line_of_another_text_is_read_as_a_command_behind_its_key(line: str, kind: str) -> None:
    """Outside of scripts, a line is classified as a command behind its key or list dash."""
    assert kinds(f"#cloud-config\n{line}\n", is_script=False) == [kind]


NOISE = st.lists(
    st.sampled_from(
        ["'", '"', "`", "$(", ")", "{", "}", "((", "))", "${", "#", "\\", "\n", " ", "<<E", "\nE\n", "|", ">",
         "if ", "fi;",
         "case x in a)", "esac", "done", "do ", "f() {", "&&", "한글", "\0", "\r\n", "echo ", "docker rmi ",
         R, FULL, f"{R}:$T"]
    ),
    max_size=25,
).map("".join)  # fmt: skip


@given(before=NOISE, after=NOISE)
def test_no_text_makes_it_fail_or_lose_a_mention(before: str, after: str) -> None:
    """For any script, each place of the name is classified, in order and within the text."""
    text = f"{before} {FULL} {after}"
    all_mentions = mentions(text, R, is_script=True)
    starts = [mention.start for mention in all_mentions if text.startswith(R, mention.start)]
    assert starts == [match.start() for match in re.finditer(re.escape(R), text) if match.start() in starts]
    assert len(before) + 1 in starts
    assert all(
        text[mention.start : mention.end] and mention.line == text.count("\n", 0, mention.start) + 1
        for mention in all_mentions
    )
    references: list[Mention] = [mention for mention in all_mentions if mention.kind == "reference"]
    for mention in references:
        assert rewrite(text, [mention], digest("1")) == f"{text[: mention.start]}{R}@{digest('1')}{text[mention.end :]}"


@pytest.mark.parametrize(
    "unit", ["'", '"', "`", "$(", "((", "{ ", "a|", "<<E\n", "\0", "${a:-", "if ", "\\\n", "x=( ", "# x\n"]
)
def test_large_metadata_is_read_as_small_metadata_is(unit: str) -> None:
    """Metadata of the largest size is classified like small metadata; bench/mentions.py measures the time."""
    small, large = (unit * (size // len(unit)) + f"\n{FULL}\n" for size in (1_024, 65_536))
    assert kinds(large)
    assert kinds(large) == kinds(small)
