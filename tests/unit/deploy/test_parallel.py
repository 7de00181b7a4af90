"""Reads at the same time: in their order, the first error, and no thread that the process waits for."""

import subprocess
import sys
import threading
import time
from functools import partial

import pytest

from deploy.parallel import side_by_side


def test_results_come_in_the_order_of_the_reads() -> None:
    """Results are returned in the order of the reads, although later reads end first."""
    assert side_by_side([]) == []

    def read(number: int) -> int:
        time.sleep(0.01 * (20 - number))
        return number

    assert side_by_side([partial(read, number) for number in range(20)]) == [*range(20)]


def test_reads_run_at_the_same_time() -> None:
    """Eight reads run at the same time."""
    barrier = threading.Barrier(8, timeout=20)
    assert len(side_by_side([barrier.wait] * 8)) == 8


def test_the_first_error_is_raised_and_no_further_read_begins() -> None:
    """The first error is raised while other reads still wait, and at most eight of these reads begin."""
    begun: list[int] = []
    is_over = threading.Event()

    def fail() -> None:
        raise KeyError("first")

    def wait(number: int) -> None:
        begun.append(number)
        is_over.wait(20)

    with pytest.raises(KeyError, match="first"):
        side_by_side([fail, *(lambda number=number: wait(number) for number in range(30))])
    is_over.set()
    time.sleep(0.2)
    assert len(begun) <= 8


def test_a_read_that_hangs_keeps_no_process_alive() -> None:
    """A read that hangs does not keep the process from exiting after another read failed."""
    program = (
        "import time; from deploy.parallel import side_by_side\n"
        "def fail(): raise KeyError('failed')\n"
        "try: side_by_side([fail, lambda: time.sleep(60)])\n"
        "except KeyError as error: print(error)\n"
    )
    began_s = time.monotonic()
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=50)
    assert (ended.stdout, time.monotonic() - began_s < 20) == ("'failed'\n", True)
