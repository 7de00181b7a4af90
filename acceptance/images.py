"""
The VM images that Packer has built in a run, by the manifest that Packer writes into the folder of the run.

    python -m acceptance.images newest packer-manifest.json
    python -m acceptance.images delete packer-manifest.json PROJECT

`newest` prints the name of the newest image; `delete` deletes all of them, and no other image of the project.
"""

import json
import sys
from pathlib import Path

from acceptance.gcloud import gcloud
from acceptance.place import AcceptanceError


def built_images(manifest: Path) -> tuple[str, ...]:
    """
    Return the names of the images that Packer has built, oldest first; none if Packer has built none.

    Args:
        manifest: file of Packer's post-processor `manifest`, which adds each build to it.
    """
    if not manifest.exists():
        return ()
    return tuple(str(build["artifact_id"]) for build in json.loads(manifest.read_text())["builds"])


def delete_images(names: tuple[str, ...], project: str) -> None:
    """
    Delete images, and list them again to check that they are deleted.

    Args:
        names: names of the images; those that do not exist are ignored.
        project: project of the images.

    Raises:
        AcceptanceError: an image is still there.
        CalledProcessError: gcloud has failed.
    """
    if not names:
        return
    existing = _listed(names, project)
    if existing:
        gcloud("images", "delete", *existing, "--quiet", "--project", project)
    left = _listed(names, project)
    if left:
        raise AcceptanceError(f"images: {', '.join(left)} not deleted. Fix: delete them by gcloud.")


def _listed(names: tuple[str, ...], project: str) -> list[str]:
    output = gcloud("images", "list", "--no-standard-images", "--project", project, "--format", "value(name)")
    return [name for name in output.split() if name in names]


if __name__ == "__main__":
    _verb, _manifest, *_project = sys.argv[1:]
    _names = built_images(Path(_manifest))
    if _verb == "newest":
        print(*_names[-1:])
    else:
        try:
            delete_images(_names, *_project)
        except AcceptanceError as _error:
            raise SystemExit(str(_error)) from None
