"""The bill of materials of a release, read from the layout that is pushed."""

import json
import uuid

from ci.errors import RefusedError
from ci.publish import Layout


async def read(layout: Layout, image: str) -> str:
    """
    Return the bill of materials of a release, with a serial number.

    The bill in the registry has none. actions/attest refuses a CycloneDX document without one (v4.2.2, src/sbom.ts,
    read 2026-11-27), so the number is made of the reference: equal releases have an equal document.

    Args:
        layout: OCI layouts of an image and of its bill, as scripts/oci_layout.py writes them
        image: reference of the release, by digest

    Raises:
        RefusedError: the layout is that of another image
    """
    if image.partition("@")[2] != layout.digest:
        raise RefusedError(
            f"--image: got '{image}', and this source makes {layout.digest}. Fix: pass the source of that release"
        )
    manifest = json.loads(await _blob(layout, json.loads(await _text(layout, "index.json"))["manifests"][0]["digest"]))
    document = json.loads(await _blob(layout, manifest["layers"][0]["digest"]))
    return json.dumps({**document, "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, image)}"})


async def _blob(layout: Layout, digest: str) -> str:
    return await _text(layout, f"blobs/{digest.replace(':', '/')}")


async def _text(layout: Layout, path: str) -> str:
    return await layout.folder.file(f"bill/{path}").contents()
