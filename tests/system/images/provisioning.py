"""
A Debian root as the VM that Packer provisions.

bash, apt, gpg, jq and gcloud are real. Docker, systemd, NVIDIA's toolkit and driver, and the two repositories, which
also have a newer Docker, are stand-ins. Ubuntu, its snaps and its kernel are absent.
"""

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.programs import ROOT, require
from tests.system.images.apt_repository import Signer, add_package, index, serve

_PACKER = ROOT / "packer"
_STAND_INS = ROOT / "tests/system/images/provisioner"
_SUITE = "bookworm"
_PACKAGES = "ca-certificates,curl,gnupg,jq,pigz,unattended-upgrades"
_NVIDIA = (
    "nvidia-container-toolkit",
    "nvidia-container-toolkit-base",
    "libnvidia-container-tools",
    "libnvidia-container1",
)
_BUILD_S = 900
_COMMAND_S = 300
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Arguments: the root, the Google Cloud CLI, and the command.
_IN_ROOT = """
root=$0 sdk=$1
shift
mount -t proc proc "$root/proc"
mount -o bind,ro "$sdk" "$root/snap/google-cloud-cli"
exec chroot "$root" "$@"
"""


@dataclass(frozen=True)
class Vm:
    """A root, and the variables that Packer gives to the scripts."""

    root: Path
    kind: str
    environment: dict[str, str]

    def run(self, *command: str, **more: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in the root as under sudo: as root, with the home of another user; `more` sets variables."""
        variables = {
            "PATH": _PATH, "HOME": "/tmp", "CLOUDSDK_CORE_CHECK_GCE_METADATA": "false",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true", **self.environment, **more,
        }  # fmt: skip
        sdk = Path(shutil.which("gcloud") or "").resolve().parents[1]
        return subprocess.run(
            [
                "unshare",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "sh",
                "-c",
                _IN_ROOT,
                str(self.root),
                str(sdk),
                *command,
            ],
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_COMMAND_S,
            check=False,
        )

    def provision(self) -> str:
        """Copy the scripts to Packer's folder, and run the command that Packer runs."""
        shutil.copytree(_PACKER / "scripts", self.root / "tmp/scripts", dirs_exist_ok=True)
        done = self.run("bash", "/tmp/scripts/provision.sh", self.kind)
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"{self.kind}: verified" in done.stdout
        return done.stdout

    def verify(self) -> "subprocess.CompletedProcess[str]":
        """Run the verification alone."""
        return self.run("bash", "/tmp/scripts/verify.sh", self.kind)

    def files(self) -> dict[str, str]:
        """Return mode and content hash, or link target, of every path, except those of a running system."""
        listing = {}
        for folder, folders, names in os.walk(self.root):
            here = Path(folder)
            if here == self.root:
                folders[:] = sorted(set(folders) - {"dev", "proc", "run", "snap", "sys", "tmp"})
            for name in (*folders, *names):
                path = here / name
                what = str(path.readlink()) if path.is_symlink() else ""
                if path.is_file() and not path.is_symlink():
                    what = hashlib.sha256(path.read_bytes()).hexdigest()
                listing[str(path.relative_to(self.root))] = f"{path.lstat().st_mode:o} {what}"
        return listing


def _pinned() -> dict[str, str]:
    """Return `local.environment` of packer/vm.pkr.hcl with the default values."""
    variables = (_PACKER / "variables.pkr.hcl").read_text()
    defaults = dict(re.findall(r'variable "(\w+)" {[^}]*?default\s*= "([^"]*)"', variables))
    text = (_PACKER / "vm.pkr.hcl").read_text()
    return {
        name: re.sub(r"\$\{var\.(\w+)\}", lambda match: defaults[match[1]], value).replace(
            "${local.region}", "asia-northeast3"
        )
        for name, value in re.findall(r'^    "([A-Z_]+)=(.*)",$', text, re.MULTILINE)
    }


def _upstream(version: str) -> str:
    return version.rpartition(":")[2].partition("-")[0]


def debian() -> Path:
    """Return a tar of the root, which the first call creates."""
    for tool in ("mmdebstrap", "dpkg-deb", "unshare"):
        require(tool, "apt-get install mmdebstrap")
    require("gcloud", "install the Google Cloud CLI, 528.0.0 or newer")
    key = hashlib.sha256(f"{_SUITE} {_PACKAGES}".encode()).hexdigest()[:12]
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    tar = home / "dojangkok-clients" / f"provisioner-{key}.tar"
    if not tar.exists():
        tar.parent.mkdir(parents=True, exist_ok=True)
        built = tar.with_suffix(f".{os.getpid()}.tar")
        command = [
            "mmdebstrap",
            "--quiet",
            "--mode=root",
            "--variant=apt",
            f"--include={_PACKAGES}",
            _SUITE,
            str(built),
        ]
        made = subprocess.run(
            ["nice", "-n", "10", *command], capture_output=True, text=True, timeout=_BUILD_S, check=False
        )
        assert made.returncode == 0, made.stderr
        built.rename(tar)
    return tar


@contextmanager
def provisioned(kind: str, root: Path, site: Path) -> Iterator[Vm]:
    """
    Provision a VM, and serve the two repositories until the end of the block.

    Args:
        kind: `cpu-base` or `gpu-base`.
        root: empty folder that becomes the root of the VM.
        site: empty folder for the repositories.
    """
    subprocess.run(["tar", "--extract", "--file", debian(), "--directory", root], check=True)
    for path in ("snap/bin", "snap/google-cloud-cli", "etc/ssh"):
        (root / path).mkdir(parents=True, exist_ok=True)
    (root / "snap/bin/gcloud").symlink_to("/snap/google-cloud-cli/bin/gcloud")
    (root / "etc/ssh/ssh_host_ed25519_key").write_text("the build's own\n")
    (root / "etc/machine-id").write_text("0" * 32 + "\n")
    for old in ((root / "etc/apt/sources.list"), *(root / "etc/apt/sources.list.d").iterdir()):
        old.unlink(missing_ok=True)
    shutil.copy(_STAND_INS / "systemctl", root / "usr/bin/systemctl")

    pinned = _pinned()
    fingerprint = _repositories(Vm(root, kind, {}), site, pinned)
    with serve(site) as address:
        ours = {
            "DOCKER_REPOSITORY": f"{address}/docker",
            "NVIDIA_REPOSITORY": f"{address}/nvidia",
            "DOCKER_KEY_FINGERPRINT": fingerprint,
            "NVIDIA_KEY_FINGERPRINT": fingerprint,
        }
        vm = Vm(root, kind, pinned | ours)
        vm.provision()
        yield vm


def _repositories(vm: Vm, site: Path, pinned: dict[str, str]) -> str:
    """Write both repositories, signed with a new key of the VM's gpg; return its fingerprint."""
    gpg = ("gpg", "--homedir", "/tmp/key", "--batch", "--passphrase", "")
    (vm.root / "tmp/key").mkdir(mode=0o700)
    made = vm.run(*gpg, "--quick-generate-key", "plays Docker and NVIDIA", "ed25519", "sign", "never")
    assert made.returncode == 0, made.stderr
    listing = vm.run(*gpg, "--list-keys", "--with-colons").stdout
    key = vm.run(*gpg, "--armor", "--export").stdout

    def sign(text: str) -> str:
        (vm.root / "tmp/release").write_text(text)
        return vm.run(*gpg, "--clearsign", "--output", "-", "/tmp/release").stdout

    _docker(site / "docker", pinned, sign)
    _nvidia(site / "nvidia", pinned, sign)
    (site / "docker/gpg").write_text(key)
    (site / "nvidia/gpgkey").write_text(key)
    return next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:"))


def _docker(site: Path, pinned: dict[str, str], sign: Signer) -> None:
    """Write Docker's repository: the pinned versions, and a newer version."""
    client = (_STAND_INS / "docker").read_text().replace("DOCKER_VERSION", _upstream(pinned["DOCKER_VERSION"]))
    client = client.replace("COMPOSE_VERSION", _upstream(pinned["DOCKER_COMPOSE_VERSION"]))
    (site / "pool").mkdir(parents=True)
    for version in (pinned["DOCKER_VERSION"], "5:99.0.0-1~ubuntu.22.04~jammy"):
        add_package(site / "pool", "docker-ce", version, {"usr/bin/dockerd": (_STAND_INS / "dockerd").read_text()})
        add_package(site / "pool", "docker-ce-cli", version, {"usr/bin/docker": client})
    add_package(site / "pool", "containerd.io", pinned["DOCKER_CONTAINERD_VERSION"], {})
    add_package(site / "pool", "docker-buildx-plugin", pinned["DOCKER_BUILDX_VERSION"], {})
    add_package(site / "pool", "docker-compose-plugin", pinned["DOCKER_COMPOSE_VERSION"], {})
    index(site, Path("dists/jammy"), Path("stable/binary-amd64"), sign)


def _nvidia(site: Path, pinned: dict[str, str], sign: Signer) -> None:
    """Write NVIDIA's repository, which is flat."""
    flat = site / "stable/deb/amd64"
    (flat / "pool").mkdir(parents=True)
    for name in _NVIDIA:
        programs = {"usr/bin/nvidia-ctk": (_STAND_INS / "nvidia-ctk").read_text()} if name == _NVIDIA[0] else {}
        add_package(flat / "pool", name, pinned["NVIDIA_TOOLKIT_VERSION"], programs)
    index(flat, Path(), Path(), sign)
