# SPDX-License-Identifier: Apache-2.0
"""How many threads a kernel uses where the caller does not say."""

from __future__ import annotations

import os

from unrut.emitter.build.cpu import read_cpu

VARIABLE = "OMP_NUM_THREADS"


def default_threads() -> int:
    """OMP_NUM_THREADS if it is a number (the first, of a list for nested regions), else the processors that this process
    may use.
    """
    first = os.environ.get(VARIABLE, "").split(",")[0].strip()
    return int(first) if first.isascii() and first.isdigit() and 0 < int(first) < 10000 else max(1, read_cpu().threads)
