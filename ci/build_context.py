"""The files of a build context that .dockerignore leaves out: what the build does not read is no part of its key."""

from pathlib import Path, PurePosixPath


def left_out(context: Path, dockerfile: str) -> list[str]:
    """
    Return the patterns of what is left out of a context; the Dockerfile and the .dockerignore always stay.

    Args:
        context: folder of the context
        dockerfile: path of the Dockerfile in the context; its own `DOCKERFILE.dockerignore` goes before the general one

    Source:
        https://docs.docker.com/build/concepts/context/#dockerignore-files (read 2026-11-27)
    """
    for name in (f"{dockerfile}.dockerignore", ".dockerignore"):
        if (context / name).is_file():
            lines = (context / name).read_text(errors="replace").splitlines()
            return [*(pattern for line in lines if (pattern := _pattern(line))), f"!{dockerfile}", f"!{name}"]
    return []


def _pattern(line: str) -> str:
    """Return the pattern of a line as the engine reads it; empty for a comment and for an empty line."""
    text = line.strip()
    if not text or text.startswith("#"):
        return ""
    mark = "!" if text.startswith("!") else ""
    path = PurePosixPath(text.removeprefix("!").strip()).as_posix().strip("/")
    return f"{mark}{path}" if path not in ("", ".") else ""
