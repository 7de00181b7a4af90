"""The files of an engine: a single directory, safe to delete at any time."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

SOURCES = Path(__file__).parent


@dataclass(frozen=True)
class Layout:
    """
    The directory of an engine and the names inside it.

    Args:
        home: the directory, named after the content of `engine/` (see the script `home`); inside the engine's mount
            namespace it is bound to `/run/dagger/home`, the path in `distconsts`
    """

    home: Path

    @property
    def bin(self) -> Path:
        """`dagger`, and the programs of the engine."""
        return self.home / "bin"

    @property
    def content(self) -> Path:
        """OCI blobs of the SDKs, and the digests of their manifests."""
        return self.home / "content"

    @property
    def mirror(self) -> Path:
        """Storage of the registry that serves the stand-ins."""
        return self.home / "mirror"

    @property
    def state(self) -> Path:
        """The engine's own state: layers, cache volumes, results."""
        return self.home / "state"

    @property
    def scratch(self) -> Path:
        """Half-made files; every set-up empties it."""
        return self.home / "scratch"

    @property
    def buildah(self) -> Path:
        """Storage of buildah, as long as the set-up lasts."""
        return self.home / "buildah"

    @property
    def done(self) -> Path:
        """An empty file for each finished step of the set-up."""
        return self.home / "done"

    @property
    def log(self) -> Path:
        """Logs of the set-up, the mirror and the engine."""
        return self.home / "log"

    @property
    def socket(self) -> Path:
        """Socket on which the engine answers."""
        return self.home / "engine.sock"

    @property
    def lock(self) -> Path:
        """Lock that is held while a process of the engine lives; contains the id of its first process."""
        return self.home / "engine.lock"

    @property
    def go_cache(self) -> Path:
        """Go modules and build cache, shared by all engines below the same root: a rebuild takes seconds."""
        return self.home.parent / "go"

    @property
    def set_up_lock(self) -> Path:
        """Lock of a set-up; it lies beside the engines, because they share Debian's packages and Go's cache."""
        return self.home.parent / "set-up.lock"

    @property
    def network(self) -> str:
        """Name of the engine's network; its bridge is this name with a 0, and Linux allows 15 characters for it."""
        return "djk" + sha256(str(self.home).encode()).hexdigest()[:8]
