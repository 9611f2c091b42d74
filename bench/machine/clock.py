# SPDX-License-Identifier: Apache-2.0
"""Seconds of a call: by the wall, or of the processor alone, which other people's load does not change much."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

Call = Callable[[], object]


def best(call: Call, *, cpu: bool, seconds: float = 0.02, least: int = 5) -> float:
    """The least seconds of one call, tried for some time; `cpu`: of this thread's processor time."""
    clock = time.thread_time if cpu else time.perf_counter
    call()
    found: list[float] = []
    began = time.perf_counter()
    while len(found) < least or time.perf_counter() - began < seconds:
        start = clock()
        call()
        found.append(clock() - start)
    return min(found)


def best_together(calls: list[Call], *, seconds: float = 0.03, least: int = 5) -> float:
    """The least seconds in which all calls are done, each by a thread of its own, started together."""
    found: list[float] = []
    barrier = Barrier(len(calls) + 1)

    def worker(call: Call) -> None:
        while True:
            barrier.wait()
            if done:
                return
            call()
            barrier.wait()

    done = False
    with ThreadPoolExecutor(len(calls)) as pool:
        workers = [pool.submit(worker, call) for call in calls]
        began = time.perf_counter()
        while len(found) < least + 1 or time.perf_counter() - began < seconds:
            start = time.perf_counter()
            barrier.wait()
            barrier.wait()
            found.append(time.perf_counter() - start)
        done = True
        barrier.wait()
        for each in workers:
            each.result()
    return min(found)
