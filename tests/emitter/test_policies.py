# SPDX-License-Identifier: Apache-2.0
"""Reads with a policy: index arithmetic appears for the subscripts that may leave their dimension, and for no others."""

from __future__ import annotations

import pytest

from unrut.emitter.graph.linear import call, number
from unrut.emitter.graph.policies import settle
from unrut.emitter.graph.ranges import range_known
from unrut.program.extents import as_extent, named
from unrut.program.nodes import AxisValue, Const, OutsideMode, Read, Where
from unrut.program.types import DType

I, J = AxisValue(axis="i"), AxisValue(axis="j")
KNOWN = range_known({"i": as_extent(3), "j": named("n")})
SHAPE = (as_extent(3), named("n"))
ZERO = Const(value=0.0, dtype=DType.f32)


@pytest.mark.parametrize("outside", [*OutsideMode, ZERO])
def test_a_read_that_stays_inside_is_left_alone(outside):
    read = Read(tensor="x", subscripts=(I, J), dtype=DType.f32, outside=outside)
    assert settle(read, SHAPE, KNOWN) == Read(tensor="x", subscripts=(I, J), dtype=DType.f32)


def test_only_what_leaves_is_moved_or_tested():
    right = call("add", J, number(1))
    read = Read(tensor="x", subscripts=(I, right), dtype=DType.f32, outside=OutsideMode.edge)
    moved = settle(read, SHAPE, KNOWN)
    assert isinstance(moved, Read)
    assert moved.subscripts[0] == I
    assert moved.subscripts[1] != right
    tested = settle(Read(tensor="x", subscripts=(I, right), dtype=DType.f32, outside=ZERO), SHAPE, KNOWN)
    assert isinstance(tested, Where)
    assert tested.then == Read(tensor="x", subscripts=(I, right), dtype=DType.f32)
    assert tested.otherwise == ZERO
    assert I not in (part for test in (tested.condition,) for part in _leaves(test))


def _leaves(expr):
    parts = getattr(expr, "arguments", ())
    return [leaf for part in parts for leaf in _leaves(part)] if parts else [expr]
