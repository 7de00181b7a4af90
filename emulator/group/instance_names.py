"""Names and ids of instances; equal inputs give equal names, so that a run can be repeated."""

from hashlib import blake2b
from typing import Final

_ALPHABET: Final = "0123456789bcdfghjklmnpqrstvwxz"


def instance_name(base_name: str, number: int) -> str:
    """Return the name of a group's instance: the base name and four letters or digits, as Compute Engine has them."""
    digest = int.from_bytes(blake2b(f"{base_name}/{number}".encode(), digest_size=8).digest())
    suffix = "".join(_ALPHABET[digest // len(_ALPHABET) ** place % len(_ALPHABET)] for place in range(4))
    return f"{base_name}-{suffix}"


def instance_id(zone: str, name: str, created_at_s: float, incarnation: int) -> str:
    """Return the numeric id of a managed instance; each incarnation, a new VM of the same name, has a new id."""
    seed = f"{zone}/{name}/{created_at_s}/{incarnation}"
    return str(10**18 + int.from_bytes(blake2b(seed.encode(), digest_size=7).digest()))
