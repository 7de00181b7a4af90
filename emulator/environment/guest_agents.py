"""
What the programs of an instance read of its metadata: cloud-init and the container agent (konlet) parse YAML.

Sources: canonical/cloud-init at 0167c1b, cloudinit/sources/DataSourceGCE.py and cloudinit/config/cc_write_files.py;
GoogleCloudPlatform/konlet at 2377bdf, gce-containers-startup/runtime/runtime.go, and at 099c891,
gce-containers-startup.go, which starts a declaration of exactly one container; all read on 2026-11-27.
"""

import base64
import binascii
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

import yaml

_BASE64: Final = ("b64", "base64", "gz+b64", "gz+base64", "gzip+b64", "gzip+base64")
_MOST_BYTES: Final = 1_048_576  # of an unpacked file


def read_entry(key: str, entries: Mapping[str, str]) -> str:
    """Return the text that a program of an instance acts on, of a metadata entry."""
    if key == "gce-container-declaration":
        return _declared_image(entries[key])
    return _user_data(entries) if key == "user-data" else entries[key]


def _declared_image(declaration: str) -> str:
    """Return the image of a container declaration; empty if the agent refuses the declaration."""
    match _parsed(declaration):
        case {"spec": {"containers": [{"image": str(image)}]}}:
            return image
    return ""


def _user_data(entries: Mapping[str, str]) -> str:
    """Return user data as cloud-init reads it: a cloud-config without comments, and with its files decoded."""
    text = entries["user-data"]
    if entries.get("user-data-encoding") == "base64":
        text = _unpacked(text, "base64")
    if not text.startswith("#cloud-config"):
        return text
    return "\n".join(_texts(_parsed(text), set()))


def _texts(value: Any, seen: set[int]) -> Iterator[str]:
    """Yield every text of a parsed cloud-config, each list and mapping once."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode(errors="replace")
    elif isinstance(value, dict | list) and id(value) not in seen:
        seen.add(id(value))
        match value:
            case {"encoding": str(encoding), "content": content}:
                yield _unpacked(content, encoding)
            case dict():
                for member in value.values():
                    yield from _texts(member, seen)
            case _:
                for member in value:
                    yield from _texts(member, seen)


def _unpacked(content: Any, encoding: str) -> str:
    """Return the content of an encoded file; empty if it can't be decoded."""
    data = content if isinstance(content, bytes) else str(content).encode()
    encoding = encoding.lower().strip()
    try:
        if encoding in _BASE64:
            data = base64.b64decode(data)
        if encoding.startswith("gz"):
            data = zlib.decompressobj(wbits=31).decompress(data, _MOST_BYTES)
    except (binascii.Error, zlib.error):
        return ""
    return data.decode(errors="replace")


def _parsed(text: str) -> Any:
    """Return a parsed YAML document; None if it is none."""
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
