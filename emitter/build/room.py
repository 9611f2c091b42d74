# SPDX-License-Identifier: Apache-2.0
"""Memory for large results and for workspaces, so that its first touch is cheap and happens seldom.

A page that the operating system gives out is cleared first. In pages of 4 KiB this goes at a few GB/s, in those of 2 MiB
at a third of what memory can take, and once more at every call if results are allocated anew. So arrays from LEAST bytes
on lie in mappings of their own, beginning at a multiple of 2 MiB and advised for huge pages, and a mapping whose last
array is gone waits for the next result of its size: at most KEPT bytes, or as many MiB as UNRUT_KEPT_MEMORY says (0 keeps
none). What waits is given back in part (MADV_FREE): the system takes its pages whenever it is short of memory.

Where there are no such mappings, or none is to be had, arrays are NumPy's own.
"""

from __future__ import annotations

import mmap
import os
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from threading import Lock, local
from typing import Any

import numpy as np
import numpy.typing as npt

VARIABLE = "UNRUT_KEPT_MEMORY"
LEAST = 4 << 20
KEPT = 256 << 20
PAGE = 2 << 20
ALIGNMENT = 64
OWN = 64 << 20  # bytes of workspace that a thread keeps between calls

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Mapping:
    """`size` bytes from `begin` of anonymous memory, unmapped when nobody holds it any more."""

    memory: mmap.mmap
    address: int
    begin: int
    size: int


class Shelf:
    """Mappings that wait for their next use, those that came first at the front.

    The lock is only ever tried: whoever finds it taken (by another thread, by a collection of garbage amid our own work, in
    a child that was forked at the wrong moment) does without the shelf.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._lock = Lock()
        self._waiting: deque[Mapping] = deque()

    def take(self, size: int) -> Mapping | None:
        """A mapping of just this size, if one waits."""
        if not self._lock.acquire(blocking=False):
            return None
        try:
            found = next((one for one in reversed(self._waiting) if one.size == size), None)
            if found is not None:
                self._waiting.remove(found)
            return found
        finally:
            self._lock.release()

    def put(self, mapping: Mapping) -> None:
        """Let a mapping wait; those that have waited longest go where they are too much together."""
        if mapping.size > self.limit or not self._lock.acquire(blocking=False):
            return
        try:
            mapping.memory.madvise(mmap.MADV_FREE, mapping.begin, mapping.size)
            self._waiting.append(mapping)
            while sum(one.size for one in self._waiting) > self.limit:
                self._waiting.popleft()
        except OSError:
            pass  # an old kernel: the mapping goes
        finally:
            self._lock.release()

    @property
    def size(self) -> int:
        """The bytes that wait."""
        return sum(one.size for one in tuple(self._waiting))


class Lease:
    """What an array over a mapping holds on to; when it goes, the mapping goes back to the shelf."""

    __slots__ = ("__array_interface__", "_mapping", "_shelf")

    def __init__(self, mapping: Mapping, size: int, shelf: Shelf) -> None:
        self._mapping = mapping
        self._shelf = shelf
        self.__array_interface__ = {"data": (mapping.address, False), "shape": (size,), "typestr": "|u1", "version": 3}

    def __del__(self) -> None:
        self._shelf.put(self._mapping)


def _limit() -> int:
    told = os.environ.get(VARIABLE, "").strip()
    return int(told) << 20 if told.isascii() and told.isdigit() and len(told) < 10 else KEPT


HAS_MAPPINGS = all(hasattr(mmap, name) for name in ("MADV_HUGEPAGE", "MADV_FREE", "MAP_PRIVATE", "MAP_ANONYMOUS"))
shelf = Shelf(_limit())


def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """An array in C order whose elements are anything. Raises MemoryError or ValueError as `np.empty`."""
    size = dtype.itemsize
    for extent in shape:
        size *= extent
    leased = _leased(size) if HAS_MAPPINGS and size >= LEAST else None
    return np.empty(shape, dtype) if leased is None else leased.view(dtype).reshape(shape)


def _leased(size: int) -> Array | None:
    """So many bytes in a mapping of huge pages, or None if there is none."""
    # Sizes in steps of a huge page or an eighth of them, so that results which differ little serve each other; the rest
    # is never touched.
    step = max(PAGE, 1 << (size.bit_length() - 4))
    whole = -(-size // step) * step
    mapping = shelf.take(whole)
    if mapping is None:
        try:
            mapping = _mapped(whole)
        except (OSError, OverflowError, ValueError):
            return None
    return np.asarray(Lease(mapping, size, shelf))


def _mapped(size: int) -> Mapping:
    memory = mmap.mmap(-1, size + PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    start: int = np.frombuffer(memory, np.uint8).__array_interface__["data"][0]
    begin = -start % PAGE
    with suppress(OSError):  # a kernel without huge pages: what waits need not be cleared again all the same
        memory.madvise(mmap.MADV_HUGEPAGE, begin, size)
    return Mapping(memory=memory, address=start + begin, begin=begin, size=size)


class _Own(local):
    """The workspace of one thread."""

    block: Array = np.empty(0, np.uint8)


_own = _Own()


def aligned(size: int) -> Array:
    """At least `size` bytes from a multiple of 64 on. Raises MemoryError or ValueError."""
    whole = empty((size + ALIGNMENT,), np.dtype(np.uint8))
    begin = -whole.__array_interface__["data"][0] % ALIGNMENT
    return whole[begin : begin + size]


def workspace(size: int) -> Array:
    """The same, one for all calls of a thread, which come one after another.

    Whoever uses it holds on to the array: a call inside of a signal's handler may put a larger one in its place.
    """
    block = _own.block
    if block.size < size:
        block = aligned(size)
        if size <= OWN:
            _own.block = block
    return block
