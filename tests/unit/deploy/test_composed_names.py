"""Names that are composed of variables, expressions of templates or a short form: refused beside a full reference."""

import pytest

from deploy.errors import RefusedError
from deploy.release.image_places import entry_mentions, find_image
from tests.unit.deploy.values import REPOSITORY as R

FOLDER, _, NAME = R.rpartition("/")
HOST, _, PATH = R.partition("/")
HUB = "docker.io/acme/web"
LIBRARY = "docker.io/library/web"
_SHORT = "a short name or another host of Docker Hub stands for it"
_VARIABLES = "variables stand for parts of its name"
_BEGINNING = "a variable stands for the beginning of its name"
_END = "a variable stands for the end of its name"


def reason(line: str, repository: str = R, key: str = "startup-script") -> str:
    """Return why the metadata of a line below a full reference is refused; empty if the metadata is accepted."""
    metadata = {key: f"docker run -d {repository}:v41\n{line}\n"}
    undecidable = [
        mention for mention in entry_mentions(key, metadata[key], repository) if mention.kind == "undecidable"
    ]
    if not undecidable:
        assert str(find_image(metadata, repository).reference) == f"{repository}:v41"
        return ""
    with pytest.raises(RefusedError, match=f"'{key}' line {line.count(chr(10)) + 2} '{repository}'"):
        find_image(metadata, repository)
    assert len(undecidable) == 1
    return undecidable[0].why


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (f"docker run {{{{ registry }}}}/{NAME}:v1", _BEGINNING),
        (f"docker run {{{{registry}}}}/{PATH}", _BEGINNING),
        (f"docker run {{{{ prefix }}}}{NAME}:v1", _BEGINNING),
        (f'image = f"{{registry}}/{NAME}:v1"', _BEGINNING),
        (f'image = "{{}}/{NAME}:v1".format(registry)', _BEGINNING),
        (f'image = "%s/{NAME}:%s" % (registry, tag)', _BEGINNING),
        (f'image = "%(registry)s/{NAME}:v1" % names', _BEGINNING),
        (f'image = registry + "/{NAME}:v1"', _BEGINNING),
        (f'IMAGE=$REGISTRY; IMAGE+="/{NAME}:v1"', _BEGINNING),
        (f"image: {FOLDER}/{{{{ name }}}}:v1", _END),
        (f'image = f"{FOLDER}/{{name}}:v1"', _END),
        (f'image = "{FOLDER}/%s:v1" % name', _END),
        (f'image = "{FOLDER}/" + name', _END),
        ("docker run {{ registry }}/{{ name }}:v1", _VARIABLES),
        ('image = f"{registry}/{name}:{tag}"', _VARIABLES),
        ('image = "%s/%s:%s" % (registry, name, tag)', _VARIABLES),
        ('image = "{}/{}:{}".format(registry, name, tag)', _VARIABLES),
    ],
)
def test_expression_of_a_template_is_a_mention(line: str, why: str) -> None:
    """A name with an expression of Jinja or Python may be the repository's, in each kind of metadata entry."""
    assert reason(line) == why
    assert reason(line, key="user-data") == why


@pytest.mark.parametrize(
    "line",
    [
        "docker run $REGISTRY/$NAME:v1", 'docker run "${REGISTRY}/${NAME}:${TAG}"', "docker run $REGISTRY$NAME:v1",
        'docker run "$REGISTRY"/"$NAME":v1', "docker run $HOST:443/$NAME:v1", "docker run $HOST:$PORT/$NAME@$DIGEST",
        f"docker run {HOST}/$PROJECT/$FOLDER/$NAME:v1", f"docker run $REGION-docker.pkg.dev/{PATH}:v1",
        "docker run docker://$A/$B:v1",
        "image: ${REGISTRY}/${NAME}", "Image=$REGISTRY/$NAME", '"image": "$REGISTRY/$NAME"',
        "docker run $(registry)/$(name):v1", f"NAME={NAME}\ndocker run $REGISTRY/$NAME:v1",
        f"NAME=x\nNAME={NAME}\ndocker run $REGISTRY/$NAME:v1", "NAME=x\nread -r NAME\ndocker run $REGISTRY/$NAME:v1",
        f"for NAME in {NAME} x; do\ndocker run $REGISTRY/$NAME:v1; done", "NAME=$1\ndocker run $REGISTRY/$NAME:v1",
    ],
)  # fmt: skip
def test_name_of_several_variables_is_a_mention(line: str) -> None:
    """A name that variables are parts of may be the repository's, unless the text shows another value of them."""
    assert reason(line) == _VARIABLES


@pytest.mark.parametrize(
    "line",
    [
        "NAME=sidecar\ndocker run $REGISTRY/$NAME:v1", "A=grafana; B='alloy'\ndocker run $A/${B}:v1",
        'REGISTRY="ghcr.io/team"\ndocker run "${REGISTRY}/${NAME}:${TAG}"', "docker run $REGISTRY/${NAME}/sidecar:v1",
        "docker run -v $FOLDER/$NAME:$TARGET alpine:3", "export PATH=$HOME/$NAME:$PATH", "cd $FOLDER/$NAME",
        "docker run -v $HOME/$NAME:rw alpine:3", "docker run --volume=$FOLDER/$NAME:$TARGET alpine:3",
        "curl https://$SERVER/$NAME:80", "docker run $SIDECAR:$TAG", "echo $REGISTRY/$NAME:v1", "x=${A:-b}:c",
        "# docker run $REGISTRY/$NAME:v1", "docker rmi $REGISTRY/$NAME:v1", "gsutil cp gs://$BUCKET/$NAME:v1 .",
        "docker run {{ registry }}/sidecar:v1", 'f"{registry}/sidecar:{tag}"', "docker ps --format '{{.ID}}:{{.CPU}}'",
        "date +%s/%s", '{"a": {"b": "c:d"}}', "docker run $REGISTRY/$NAME-worker:v1", "mkdir -p /x/{a,b}/c:d",
        "docker run $HOST:5000/$NAME:v1",
    ],
)  # fmt: skip
def test_expression_that_cannot_be_the_name_is_no_mention(line: str) -> None:
    """Variables with other values, volumes, paths, comments and commands that start nothing refuse nothing."""
    assert reason(line) == ""


@pytest.mark.parametrize(
    ("line", "repository"),
    [
        ("docker run acme/web:v1", HUB), ("docker run acme/web", HUB), ("docker pull docker://acme/web:v1", HUB),
        ("image: 'acme/web:v1'", HUB), ("docker run ${IMAGE:-acme/web:v1}", HUB), ("docker run acme/web:v41", HUB),
        ("docker run index.docker.io/acme/web:v1", HUB), ("docker run registry-1.docker.io/acme/web", HUB),
        ("docker run docker.io/acme/web:v1", "index.docker.io/acme/web"), ("docker run web:v1", LIBRARY),
        ("docker run library/web", LIBRARY), ("docker run docker.io/web:v1", LIBRARY),
        ("docker run library/web:v1", "docker.io/web"), ("docker run docker.io/library/web:v1", "docker.io/web"),
        ('content: "set -e\\nacme/web:v1\\n"', HUB),
    ],
)  # fmt: skip
def test_other_name_of_a_repository_of_docker_hub_is_a_mention(line: str, repository: str) -> None:
    """Docker Hub's repositories have short names and three hosts; an engine starts the same image by each."""
    assert reason(line, repository) == _SHORT


@pytest.mark.parametrize(
    ("line", "repository"),
    [
        ("docker run acme/$NAME:v1", HUB),
        ("docker run acme/{{ name }}:v1", HUB),
        ("docker run $ORGANISATION/web:v1", HUB),
    ],
)
def test_short_name_may_have_variables(line: str, repository: str) -> None:
    """A short name of Docker Hub that is composed of variables is refused, too."""
    assert reason(line, repository) in (_VARIABLES, _BEGINNING)


@pytest.mark.parametrize(
    ("line", "repository"),
    [
        ("git clone https://github.com/acme/web", HUB), ("git clone git@github.com:acme/web.git", HUB),
        ("docker run ghcr.io/acme/web:v1", HUB), ("docker run acme/web-worker:v1", HUB), ("cd /opt/acme/web", HUB),
        ("docker run my-acme/web:v1", HUB), ("docker rmi acme/web:v1", HUB), ("# acme/web:v1", HUB),
        ("docker run --name web acme/other:v1", HUB), ("cat > f <<E\nservices:\n  web:\n    image: x\nE", LIBRARY),
        ("curl http://web:8000/", LIBRARY), ("docker run team/web:v1", LIBRARY),
        ("docker run dojangkok-ai/ai-server:v1", R),
    ],
)  # fmt: skip
def test_other_repository_of_the_same_path_is_no_mention(line: str, repository: str) -> None:
    """The path of a repository of Docker Hub on another host, in a folder or in a longer name refuses nothing."""
    assert reason(line, repository) == ""
