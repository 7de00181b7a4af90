"""Images made with buildah, which needs no daemon and no registry."""

from pathlib import Path

from engine.layout import Layout
from engine.steps import run

LABEL = "dojangkok.stand-in"
_BUILDAH = {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}


class Container:
    """
    A working container of buildah, removed at the end of the block.

    Args:
        layout: directory with the storage and the log
        base: image of that storage, or `scratch`
    """

    def __init__(self, layout: Layout, base: str) -> None:
        self._layout = layout
        self._name = self._buildah("from", "--pull-never", base)

    def __enter__(self) -> "Container":
        return self

    def __exit__(self, *_: object) -> None:
        self._buildah("rm", self._name)

    def add(self, source: Path, target: str) -> None:
        """Copy a file, or the content of a folder or an archive."""
        self._buildah("add", "--quiet", self._name, source, target)

    def execute(self, script: str) -> None:
        """Run a shell script in the container."""
        self._buildah("run", self._name, "--", "sh", "-ec", script)

    def configure(
        self, env: dict[str, str] | None = None, command: str | None = None, label: str | None = None
    ) -> None:
        """Set variables, the default command (JSON) and the stand-in's label."""
        options = [f"--env={name}={value}" for name, value in (env or {}).items()]
        options += [f"--cmd={command}"] if command else []
        options += [f"--label={LABEL}={label}"] if label else []
        self._buildah("config", *options, self._name)

    def commit(self, target: str) -> None:
        """Make an image of the container: a name in buildah's storage, `oci:FOLDER:TAG`, or `docker://ADDRESS/NAME:TAG`."""
        self._buildah("commit", "--quiet", "--format=oci", "--tls-verify=false", self._name, target)

    def _buildah(self, *args: str | Path) -> str:
        storage = self._layout.buildah
        return run(
            ["buildah", f"--root={storage}", f"--runroot={storage}-run", *args],
            env={**_BUILDAH, "TMPDIR": str(self._layout.scratch)},
            log=self._layout.log / "images.log",
        )
