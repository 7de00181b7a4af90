"""
Lines of metadata with encoded text, which is not searched for references.

Sources: cloudinit/config/cc_write_files.py of canonical/cloud-init for the encodings of `write_files`, and
cloudinit/sources/DataSourceGCE.py for `user-data-encoding: base64`; both at 0167c1b, read on 2026-11-27.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

_ENCODING: Final = r"encoding[\"']?\s*:\s*[\"']?(?P<encoding>(?:gz(?:ip)?)(?:\+b(?:ase)?64)?|b(?:ase)?64)\b"
_TOOL: Final = r"\b(?:base64|gunzip|zcat|gzip(?=\s+-\w*d))\b"
_MARK: Final = re.compile(rf"\b{_ENCODING}|!!binary\b|{_TOOL}", re.IGNORECASE)


def encoded_lines(metadata: Mapping[str, str]) -> Iterator[tuple[str, int, str]]:
    """Yield key, line and mark of each line that holds, or decodes, encoded text."""
    for key, text in metadata.items():
        for number, line in enumerate(text.splitlines(), start=1):
            match = _MARK.search(line)
            if match:
                yield key, number, f"encoding: {match['encoding']}" if match["encoding"] else match[0]
