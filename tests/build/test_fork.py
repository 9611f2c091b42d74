# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import signal
import sys
import time

import pytest

from unrut.emitter.build import build, find_toolchain

pytestmark = [pytest.mark.compiler, pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")]

COUNT = """
#ifdef _OPENMP
#include <omp.h>
#endif
int count(int threads)
{
    int seen = 0;
#ifdef _OPENMP
#pragma omp parallel num_threads(threads) reduction(+ : seen)
#endif
    seen += 1;
    return seen;
}
"""


@pytest.fixture
def count(source):
    if not find_toolchain().parallel:
        pytest.skip("the compiler here has no OpenMP")
    return build(source(COUNT, "int count(int);", name="count")).function("count")


def in_child(work):
    """The exit status of a forked child that does the work; the number of a signal, negated, if it had to be ended."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(work())
        finally:
            os._exit(99)
    until = time.monotonic() + 20
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hangs"


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_parallel_regions_of_its_own(count):
    assert count(2) == 2
    assert in_child(lambda: count(2)) == 2
    assert count(2) == 2
    assert in_child(lambda: in_child(lambda: count(3))) == 3
    assert count(3) == 3


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_may_load_what_its_parent_did_not(count, source):
    assert count(2) == 2

    def load():
        other = build(source(COUNT.replace("count(", "tally("), "int tally(int);", name="tally"))
        return other.function("tally")(2)

    assert in_child(load) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads as Linux lists them")
def test_loading_starts_no_threads(start):
    """Neither the probe nor a load runs a parallel region in the user's process."""
    process = start(
        """
        import atexit, os
        atexit.register(lambda: print(len(os.listdir("/proc/self/task"))))
        """,
        OPENBLAS_NUM_THREADS="1",  # NumPy's own threads are not ours
    )
    out, errors = process.communicate(timeout=60)
    assert out.split() == ["42", "True", "1"], errors
