"""
Time of redaction without the cut to 64 KiB, and its growth: `deploy/.venv/bin/python bench/redaction.py`.

The output has seconds of processor time for 64, 256 and 1,024 KiB of each kind of text, and the exponent of growth:
1 is linear, 2 is quadratic. The kinds are ordinary output and text that is slow for regular expressions.
"""

import math
import sys
import time
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from lib.redaction import redacted

_SIZES_KIB: Final = (64, 256, 1_024)
_LOG: Final = (
    "Nov 26 14:45:50 web-1 startup-script[812]: INFO 2026-11-26T14:45:50Z request 550e8400 took 12 ms status=200\n"
    "Nov 26 14:45:51 web-1 dockerd[301]: time=\"2026-11-26\" level=info msg=\"image pulled\" ref=host/app@0a1b2c\n"
    "Nov 26 14:45:52 web-1 startup-script[812]: DATABASE_URL=postgres://app:hunter22@10.0.0.3:5432/db\n"
)  # fmt: skip
_KINDS: Final = {
    "serial output": _LOG,
    "one line of letters": "x",
    "one line of words": "word ",
    "one line of base64": "TWFueSBoYW5kcyBtYWtl",
    "one line of JSON": '{"user": "alice", "api_token": "hunter22", "size": 12}, ',
    "assignments, no blank": "key=",
    "assignments of addresses": "token=sm://",
    "open quotes": 'token="',
    "blanks behind names": "key" + " " * 60,
    "schemes": "https://",
    "users of URLs": "://a:b",
    "begins of keys": "-----BEGIN PRIVATE KEY-----",
    "ends of keys": "-----END PRIVATE KEY-----\n",
    "begins of JWTs": "eyJhbGciOi",
    "begins of tokens": "sk-",
    "substitutions": "password=$(",
    "docker login": "docker login -u ",
    "curl": "curl 'a' \"b\" ",
    "names of letters and dots": "a.b-c",
    "escapes": '\\"',
    "npm": "//registry/:_authToken=",
    "AWS": "aws_key_",
    "entries": "name: KEY\n value",
}
# Nested beginnings of substitutions and values, alone and after the beginning of a value.
_BEGINS: Final = ("", "password: ", "password='", "password=\\\n")
_PARTS: Final = (
    "${password=", "${{{password=", "{{password=", "key=${echo ", "$(password=", '"password: | # ', "password=<", "${",
    "$(a",
)  # fmt: skip


def main() -> None:
    """Print a line for each kind of text."""
    redacted("")  # imports the library
    print(f"{'seconds for KiB':28}" + "".join(f"{size:>10,}" for size in _SIZES_KIB) + "  exponent")
    nested = {ascii(begin + part): (begin, part) for begin in _BEGINS for part in _PARTS}
    for kind, (begin, part) in {**{kind: ("", part) for kind, part in _KINDS.items()}, **nested}.items():
        seconds = [_seconds(begin, part, size) for size in _SIZES_KIB]
        exponent = math.log(seconds[-1] / seconds[0]) / math.log(_SIZES_KIB[-1] / _SIZES_KIB[0])
        print(f"{kind:28}" + "".join(f"{second:10.3f}" for second in seconds) + f"{exponent:10.2f}", flush=True)


def _seconds(begin: str, part: str, size_kib: int) -> float:
    """Return the shortest time of three runs over a text of this size."""
    text = (begin + part * (size_kib * 1_024 // len(part) + 1))[: size_kib * 1_024]
    runs = []
    for _ in range(3):
        started_s = time.process_time()
        redacted(text)
        runs.append(time.process_time() - started_s)
    return min(runs)


if __name__ == "__main__":
    main()
