"""The release site of Dagger's CLI: a server on loopback that records its requests."""

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.support.loopback import FakeHandler, http_server

CLI = '#!/bin/sh\nprintf "%s|" "$@"\necho "host=${_EXPERIMENTAL_DAGGER_RUNNER_HOST:-none}"\n'
_MEET_S = 30


@dataclass
class ReleaseServer:
    """
    A stand-in for the release site.

    Attributes:
        archive: name of the archive that it offers.
        files: answers for each name; the last one stays.
        asked: names of the files that were requested.
        meeting: where requests for the archive wait for each other.
    """

    url: str
    archive: str
    files: dict[str, list[bytes]]
    asked: list[str] = field(default_factory=list)
    meeting: threading.Barrier = field(default_factory=lambda: threading.Barrier(1))

    def wait_for_calls(self, calls: int) -> None:
        """Answer requests for the archive only when so many calls have asked for it."""
        self.meeting = threading.Barrier(calls)

    def meets(self) -> bool:
        """Wait for the other requests for the archive; return False if they do not come."""
        try:
            self.meeting.wait(_MEET_S)
        except threading.BrokenBarrierError:
            return False
        return True


def archive_bytes() -> bytes:
    """Return an archive with the stand-in CLI."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        member = tarfile.TarInfo("dagger")
        member.size, member.mode = len(CLI), 0o755
        tar.addfile(member, io.BytesIO(CLI.encode()))
    return packed.getvalue()


@contextmanager
def release_server(archive: str) -> Iterator[ReleaseServer]:
    """Serve an archive of this name, and its checksum, until the block ends."""
    good = archive_bytes()
    checksums = f"{hashlib.sha256(good).hexdigest()}  {archive}\n".encode()
    served = ReleaseServer("", archive, {archive: [good], "checksums.txt": [checksums]})

    class Handler(FakeHandler):
        def answer(self) -> None:
            name = self.path.rsplit("/", 1)[1]
            served.asked.append(name)
            if name not in served.files:
                self.reply(404)
                return
            if name == archive and not served.meets():
                self.reply(503)
                return
            bodies = served.files[name]
            self.reply(200, bodies.pop(0) if len(bodies) > 1 else bodies[0])

    with http_server(Handler) as served.url:
        yield served
        served.meeting.abort()
