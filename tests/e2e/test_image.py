"""The shipped image: the server, the packages of its lock file, no tools, and the check of its callers."""

import base64
import re
from collections.abc import Iterator
from itertools import chain

import pytest
import tomllib
import yaml
from packaging.markers import Marker

from tests.e2e.checkouts import Checkout, copy_repository

CREDENTIALS = "gha-creds-0123456789abcdef.json"
BUILD_TOOLS = {"ar", "as", "c++", "cc", "clang", "cmake", "cpp", "g++", "gcc", "go", "ld", "make", "rustc", "uv", "uvx"}
TEST_TOOLS = {"coverage", "mypy", "pytest", "ruff"}
# One line, with neither commas nor double quotes: the CLI takes the arguments of `with-exec` for a line of CSV.
SCRIPT = r"""
echo '[user]'; id -u; id -un;
echo '[programs]'; for folder in $(echo $PATH | tr : ' '); do ls $folder 2>/dev/null; done;
echo '[files]'; find /app -path /app/.venv -prune -o -name __pycache__ -prune -o -type f -printf '%P\n';
echo '[packages]';
python -c 'import importlib.metadata as m; [print(d.name + chr(61) * 2 + d.version) for d in m.distributions()]'
""".replace("\n", " ").strip()
# Prints the statuses without a token, with another one and with the server's, then ends the server.
CALLERS = """
import http.client, os, subprocess, sys, time

def status(**headers):
    connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=20)
    connection.request("POST", "/api/checklists/sync", "{}", {"Content-Type": "application/json", **headers})
    return connection.getresponse().status

token = os.environ["AI_SERVER_TOKENS"] = "a" * 32
os.environ.update(ENVIRONMENT)
server = subprocess.Popen([sys.executable, "-m", "app"], stdout=subprocess.DEVNULL)
for _ in range(200):
    try:
        status()
        break
    except OSError:
        time.sleep(0.1)
answers = (status(), status(Authorization="Bearer " + "b" * 32), status(Authorization="Bearer " + token))
server.kill()
print("statuses", *answers)
"""
RUNTIME = {
    "sys_platform": "linux",
    "platform_system": "Linux",
    "python_version": "3.10",
    "python_full_version": "3.10.19",
}


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The contents of an image that is built in a checkout with a credential file."""
    checkout = copy_repository(tmp_path_factory.mktemp("image") / "checkout")
    for folder in (".", "app"):
        (checkout.path / folder / CREDENTIALS).write_text("{}")
    ran = checkout.daggerw("call", "build", "with-exec", "--args", f"sh,-c,{SCRIPT}", "stdout")
    assert ran.returncode == 0, ran.stderr
    _, *parts = re.split(r"^\[(\w+)\]$", ran.stdout, flags=re.MULTILINE)
    return {name: text.split() for name, text in zip(parts[::2], parts[1::2], strict=True)}


def locked(lock: str) -> Iterator[str]:
    """Return NAME==VERSION of the packages of a uv.lock, without its development groups."""
    packages = {package["name"]: package for package in tomllib.loads(lock)["package"]}
    asked, seen = [("ai-server", frozenset[str]())], set[str]()
    while asked:
        name, extras = asked.pop()
        package = packages[name]
        if name not in seen and "virtual" not in package["source"]:
            yield f"{name}=={package['version']}"
        seen.add(name)
        optional = package.get("optional-dependencies", {})
        for needed in [*package.get("dependencies", ()), *chain.from_iterable(optional[extra] for extra in extras)]:
            if Marker(needed["marker"]).evaluate(RUNTIME) if "marker" in needed else True:
                more = frozenset(needed.get("extra", ()))
                if needed["name"] not in seen or more:
                    asked.append((needed["name"], more))


def test_lock_file_is_understood() -> None:
    """The image's packages are read from a lock file: extras count, other platforms and groups do not."""
    lock = """
        package = [
            {name = "ai-server", version = "0", source = {virtual = "."}, dependencies = [
                {name = "web", extra = ["fast"]}, {name = "windows", marker = "sys_platform == 'win32'"}]},
            {name = "web", version = "1", source = {registry = ""}, dependencies = [{name = "base"}],
                optional-dependencies = {fast = [{name = "loop"}], slow = [{name = "sleep"}]}},
            {name = "base", version = "2", source = {registry = ""}, dependencies = [{name = "web"}]},
            {name = "loop", version = "3", source = {registry = ""}},
            {name = "sleep", version = "4", source = {registry = ""}},
            {name = "windows", version = "5", source = {registry = ""}},
            {name = "pytest", version = "6", source = {registry = ""}},
        ]""".replace("\n", " ")
    assert sorted(locked(lock)) == ["base==2", "loop==3", "web==1"]


def test_server_is_not_root(listed: dict[str, list[str]]) -> None:
    """The server's process in the image has a user without rights."""
    number, name = listed["user"]
    assert int(number) > 0
    assert name == "appuser"


def test_image_has_no_build_tools(listed: dict[str, list[str]]) -> None:
    """The image contains no compiler and no package installer."""
    assert {"python", "sh"} <= set(listed["programs"]), "the listing is not whole"
    installed = {program for program in listed["programs"] if re.sub(r"^.*-gnu-|-\d+$", "", program) in BUILD_TOOLS}
    assert not installed


def test_image_has_no_test_tools(listed: dict[str, list[str]]) -> None:
    """The image contains no packages of the development group."""
    assert not TEST_TOOLS & set(listed["programs"])


def test_packages_are_those_of_the_lock_file(listed: dict[str, list[str]], checkout: Checkout) -> None:
    """The image contains the packages of the lock file in the locked versions, and no others."""
    parted = [package.partition("==") for package in listed["packages"]]
    installed = {f"{re.sub('[-_.]+', '-', name).lower()}=={version}" for name, _, version in parted}
    assert installed == set(locked((checkout.path / "uv.lock").read_text()))


def test_files_are_those_of_the_server_and_no_credential_file(listed: dict[str, list[str]], checkout: Checkout) -> None:
    """The image contains the server's files alone, although the checkout has other files."""
    files = {str(path.relative_to(checkout.path)) for path in (checkout.path / "app").rglob("*") if path.is_file()}
    assert set(listed["files"]) == {*files, "pyproject.toml"}


def test_image_admits_callers_with_a_token_alone(checkout: Checkout) -> None:
    """The server of the image answers 401 without a token and with another one, and 200 with its own."""
    variables = yaml.safe_load((checkout.path / "delivery.yaml").read_text())["environment"]
    del variables["AI_SERVER_TOKENS"]
    environment = {name: str(value) for name, value in variables.items()}
    program = base64.b64encode(CALLERS.replace("ENVIRONMENT", repr(environment)).encode()).decode()
    script = f"echo {program} | base64 -d | python"
    ran = checkout.daggerw("call", "build", "with-exec", "--args", f"sh,-c,{script}", "stdout")
    assert ran.stdout.strip() == "statuses 401 401 200", ran.stderr
