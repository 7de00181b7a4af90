"""Memory that is freed is returned to the system, because files of many MiB come and go."""

import ctypes
from typing import Final

_MMAP_THRESHOLD: Final = -3  # M_MMAP_THRESHOLD of mallopt(3)
_LARGE_BYTES: Final = 256 * 2**10


def return_freed_memory() -> None:
    """
    Let glibc allocate objects from 256 KiB on separately, and return each of them when it is freed.

    Without this, glibc raises its threshold to 32 MiB after the first large object, and later ones leave holes in a heap
    that only shrinks at its end (mallopt(3), "dynamic mmap threshold"). Another C library than glibc has no such heap.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
