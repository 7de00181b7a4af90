"""The cache volumes of local environments, which keep their state between calls."""

from dataclasses import dataclass

import dagger
from dagger import dag


@dataclass(frozen=True)
class LocalVolumes:
    """
    Cache volumes of a local environment; each project and group has its own.

    Args:
        project: Google Cloud project
        group: name of the group
    """

    project: str
    group: str

    @property
    def emulator(self) -> dagger.CacheVolume:
        """State file of the emulator."""
        return self._volume("emulator-state")

    @property
    def registry(self) -> dagger.CacheVolume:
        """Images of the embedded registry."""
        return self._volume("registry")

    @property
    def reports(self) -> dagger.CacheVolume:
        """Reports of the last runs, for `report`."""
        return self._volume("deploy-results")

    def _volume(self, content: str) -> dagger.CacheVolume:
        # Names of projects and groups have no `_`.
        return dag.cache_volume(f"{content}_{self.project}_{self.group}")
