"""scripts/pull.sh: which image it copies, with a skopeo that writes down its arguments."""

import os
import subprocess
from pathlib import Path

import pytest

DIGEST = f"sha256:{'a' * 64}"
SKOPEO = f"""\
#!/bin/sh
echo "$*" >>"$CALLS"
[ "$1" != inspect ] || echo {DIGEST}
"""


@pytest.mark.parametrize("version", [":v1", "", f"@{DIGEST}", f":v1@{DIGEST}"])
def test_the_image_is_copied_by_the_digest_that_is_printed(version: str, tmp_path: Path) -> None:
    """A tag that moves in between changes nothing."""
    (tmp_path / "skopeo").write_text(SKOPEO)
    (tmp_path / "skopeo").chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "CALLS": str(tmp_path / "calls")}
    command = ["sh", "ci/scripts/pull.sh", f"registry:5000/team/app{version}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"{DIGEST}\n"
    inspected, copied = (tmp_path / "calls").read_text().splitlines()
    assert inspected.endswith(f"docker://registry:5000/team/app{version}")
    assert copied.split()[-2:] == [f"docker://registry:5000/team/app@{DIGEST}", "oci-archive:/image.tar"]
