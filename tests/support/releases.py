"""Releases as tests name them: digests of the repository that the emulator's seed has."""

REPOSITORY = "asia-northeast3-docker.pkg.dev/dojangkok-dev/dojangkok-ai/ai-server"


def digest(letter: str) -> str:
    """Return the digest of a release that a test names by a letter, 0-9 and a-f."""
    return f"sha256:{letter * 64}"


def reference(letter: str) -> str:
    """Return the image of a release that a test names by a letter."""
    return f"{REPOSITORY}@{digest(letter)}"


def numbered_reference(number: int) -> str:
    """Return the image of a release that a test names by a number, for tests with more than 16 releases."""
    return f"{REPOSITORY}@sha256:{number:064x}"
