# SPDX-License-Identifier: Apache-2.0
"""Memory for large results: where it lies, when it is used again, and that nobody waits for it."""

from __future__ import annotations

import gc
import threading

import numpy as np
import pytest

from unrut.emitter.build import room
from unrut.emitter.build.room import LEAST, PAGE, Shelf

F4 = np.dtype("f4")
needs_mappings = pytest.mark.skipif(not room.HAS_MAPPINGS, reason="no mappings with advice here")


@pytest.fixture
def shelf(monkeypatch):
    """An empty one of 64 MiB."""
    fresh = Shelf(64 << 20)
    monkeypatch.setattr(room, "shelf", fresh)
    return fresh


def address(array):
    return array.__array_interface__["data"][0]


@pytest.mark.parametrize("shape", [(), (0,), (3, 5), (LEAST // 4,), (1025, 1024), (3, 0, 1 << 40)])
@pytest.mark.parametrize("dtype", ["f4", "c16", "i1"])
def test_it_is_an_array_like_any_other(shelf, shape, dtype):
    a = room.empty(shape, np.dtype(dtype))
    assert (a.shape, a.dtype, a.flags.c_contiguous, a.flags.writeable) == (shape, np.dtype(dtype), True, True)
    a[...] = 3
    assert (a == 3).all()


@needs_mappings
def test_large_ones_begin_with_a_huge_page(shelf):
    assert address(room.empty((LEAST // 4,), F4)) % PAGE == 0
    assert room.empty((LEAST // 4 - 1,), F4).base is None


@needs_mappings
def test_the_next_of_its_size_lies_where_it_lay(shelf):
    first = room.empty((LEAST // 4 + 7,), F4)
    view, where = first[5:], address(first)
    first = None
    gc.collect()
    assert shelf.size == 0, "a view is left"
    view[0] = 1
    del view
    gc.collect()
    assert shelf.size >= LEAST
    again = room.empty((LEAST // 4 + 70,), F4)
    assert address(again) == where
    assert shelf.size == 0
    assert address(room.empty((LEAST // 4 + 7,), F4)) != where


@needs_mappings
def test_no_more_waits_than_the_limit(shelf):
    held = [room.empty((LEAST,), F4) for _ in range(6)]
    huge = room.empty((room.KEPT,), np.dtype("i1"))
    del huge
    gc.collect()
    assert shelf.size == 0
    held.clear()
    gc.collect()
    assert 0 < shelf.size <= shelf.limit


@needs_mappings
def test_who_finds_it_taken_does_without(shelf):
    a = room.empty((LEAST,), F4)
    with shelf._lock:
        b = room.empty((LEAST,), F4)
        b[:] = 1
        del a, b
        gc.collect()
    assert shelf.size == 0


@needs_mappings
def test_many_threads_never_share_a_mapping(shelf):
    faults = []

    def work(number):
        for _ in range(40):
            a = room.empty((LEAST // 4,), F4)
            a[::4096] = number
            if (a[::4096] != number).any():
                faults.append(number)
            del a

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert shelf.size <= shelf.limit


def test_what_is_too_large_is_told_as_numpy_tells_it(shelf):
    with pytest.raises((MemoryError, ValueError)):
        room.empty((1 << 62, 8), F4)
    with pytest.raises((MemoryError, ValueError)):
        room.empty((1 << 55,), F4)


def test_workspaces_are_aligned_and_each_thread_has_one():
    first = room.workspace(100)
    assert address(first) % 64 == 0
    assert room.workspace(50) is first
    other = []
    thread = threading.Thread(target=lambda: other.append(room.workspace(50)))
    thread.start()
    thread.join()
    assert not np.may_share_memory(other[0], first)
    grown = room.workspace(1 << 20)
    assert grown.size >= 1 << 20
    assert first.size >= 100, "whoever held it still can use it"
    passing = room.workspace(room.OWN + 1)
    assert passing.size > room.OWN
    assert room.workspace(10) is grown


@pytest.mark.parametrize(("told", "limit"), [("0", 0), ("12", 12 << 20), ("", room.KEPT), ("all", room.KEPT)])
def test_the_limit_is_told_by_a_variable(monkeypatch, told, limit):
    monkeypatch.setenv(room.VARIABLE, told)
    assert room._limit() == limit
