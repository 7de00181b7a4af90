"""A call whose engine ends, where Linux gives the id of the ended call to another process."""

import os
import subprocess
from pathlib import Path

from tests.support.programs import require
from tests.support.watched_calls import lines_of_daggerw

_WITHIN_S = 60
# The call ends by the first signal; the next process gets its id, and is still there when the last signal was sent.
_SAME_ID = """
here=.
sleep 600 & engine=$!
echo $engine >"$home/engine.lock"
sh -c 'here=.; eval "$watch"; exec sleep 600' & call=$!
until grep -qs '/engine/watc[h]' /proc/[0-9]*/cmdline; do sleep 0.1; done
sleep 1
kill -KILL $engine
wait $call
while echo $((call - 1)) >/proc/sys/kernel/ns_last_pid; do # again, where a process of the watch was faster
    sleep 600 & later=$!
    [ $later != $call ] || break
    kill $later
done
sleep 3
[ -e /proc/$later/exe ] && echo goes on
"""


def test_later_process_of_the_same_id_goes_on(tmp_path: Path) -> None:
    """In a namespace of its own the test chooses the next id of a process: the one that the call had."""
    require("unshare", "'apt-get install util-linux'")
    done = subprocess.run(
        ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", _SAME_ID],
        env={**os.environ, "home": str(tmp_path), "watch": lines_of_daggerw()}, capture_output=True, text=True,
        timeout=_WITHIN_S, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "goes on\n"), done.stderr
