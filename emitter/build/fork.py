# SPDX-License-Identifier: Apache-2.0
"""Forking after a parallel region.

GNU's OpenMP keeps its threads between regions and does not notice a fork: the child waits for threads that it does not
have, for ever (GCC bug 60035). Asked to release its resources before the fork, it starts new threads in parent and
child at their next regions. LLVM's runtime looks after itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cffi

_SOFT = 1  # omp_pause_soft: settings such as omp_set_num_threads are kept

_pauses: dict[int, Callable[[int], int]] = {}


def survive_fork(library: Path) -> None:
    """See to it that the OpenMP runtime of this loaded library is paused before each fork of this process."""
    ffi: Any = cffi.FFI()
    ffi.cdef("int omp_pause_resource_all(int kind);")
    # Looked up through the library, so that it is found in the very runtime that the library uses: there may be
    # several.
    handle = ffi.dlopen(str(library), ffi.RTLD_NOW | ffi.RTLD_NODELETE)
    try:
        pause = handle.omp_pause_resource_all
    except AttributeError:  # the library needs no runtime, or it is one from before OpenMP 5
        return
    if not _pauses:
        os.register_at_fork(before=_pause_all)
    _pauses.setdefault(int(ffi.cast("uintptr_t", pause)), pause)


def _pause_all() -> None:
    for pause in _pauses.values():
        pause(_SOFT)
