"""Memory that is freed is returned to the system, because files of many MiB come and go."""

import ctypes
from typing import Final

_MMAP_THRESHOLD: Final = -3  # M_MMAP_THRESHOLD of mallopt(3)
_LARGE_BYTES: Final = 256 * 2**10


def return_freed_memory() -> None:
    """
    Let glibc allocate objects from 256 KiB on separately, and return each of them when it is freed.

    Without this, glibc raises its threshold up to 32 MiB, and large objects leave holes in a heap that only shrinks at
    its end (mallopt(3), "dynamic mmap threshold"; man-pages 6.9, read 2026-11-27). Another C library has no such heap.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
