# SPDX-License-Identifier: Apache-2.0
"""Arrays that end, or begin, exactly at a page that may not be touched: an access beyond them kills the process.

Only for a child process that may die (`survives`). Finds what compiled, optimised code really does, with no rebuild.
"""

from __future__ import annotations

import ctypes
import faulthandler
import mmap
import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
PAGE = mmap.PAGESIZE
_libc = ctypes.CDLL(None, use_errno=True)
_libc.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


def guarded(array: Array, *, at_start: bool = False, writable: bool = True) -> Array:
    """A C-ordered copy between two forbidden pages, touching the second, or with `at_start` the first.

    `writable=False` also forbids writing to the pages of the copy itself.
    """
    pages = max(1, -(-array.nbytes // PAGE))
    memory = mmap.mmap(-1, (pages + 2) * PAGE)
    raw = np.frombuffer(memory, np.uint8)
    offset = PAGE if at_start else (pages + 1) * PAGE - array.nbytes
    copy: Array = raw[offset : offset + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    base = raw.ctypes.data
    for start, size, rights in (
        (base, PAGE, 0),
        (base + (pages + 1) * PAGE, PAGE, 0),
        *(() if writable else ((base + PAGE, pages * PAGE, mmap.PROT_READ),)),
    ):
        if _libc.mprotect(start, size, rights):
            raise OSError(ctypes.get_errno(), "mprotect refused")
    return copy


def survives(action: Callable[[], bool], *, seconds: int = 60) -> str:
    """Run `action` in a child process. Empty if it returned True, else what happened to it."""
    child = os.fork()
    if child == 0:
        faulthandler.disable()  # dying is an answer here, not a reason for a page of text
        signal.alarm(seconds)
        try:
            os._exit(0 if action() else 3)
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(4)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
    code = os.WEXITSTATUS(status)
    return {0: "", 3: "wrong result", 4: "raised an error"}.get(code, f"ended with exit status {code}")
