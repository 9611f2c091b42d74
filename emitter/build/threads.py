# SPDX-License-Identifier: Apache-2.0
"""How many threads a kernel uses: as the caller says, or by default."""

from __future__ import annotations

import operator
import os
from typing import Any

from unrut.emitter.build.cpu import read_cpu
from unrut.errors import BindError

VARIABLE = "OMP_NUM_THREADS"
MOST_THREADS = max(64, 4 * (os.cpu_count() or 1))  # a runtime that can't make more ends the process


def default_threads() -> int:
    """OMP_NUM_THREADS if it is a number (the first, of a list for nested regions), else the processors that this process
    may use.
    """
    first = os.environ.get(VARIABLE, "").split(",")[0].strip()
    return int(first) if first.isascii() and first.isdigit() and 0 < int(first) < 10000 else max(1, read_cpu().threads)


def thread_count(threads: Any) -> int:
    """The caller's number of threads, at least 1. Raises BindError for what is no such number."""
    try:
        count = operator.index(threads)
    except TypeError:
        count = 0
    if count < 1 or isinstance(threads, bool):
        raise BindError(f"`threads` is {threads!r}, not a number of threads", remedy="threads=2, or nothing")
    return count
