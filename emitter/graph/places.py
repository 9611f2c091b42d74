# SPDX-License-Identifier: Apache-2.0
"""Computed places: what stands in a flat expression for a read whose subscripts come from data, and what says it is invalid.

Before:  x[p[i]]                                      p may hold anything
After:   x[min(max(p[i], 0), n - 1)]                  invalid where p[i] < 0 | p[i] >= n
Because: the nearest valid place can always be read. Where a dimension may have no place at all nothing is read, and the
value is 0. Subscripts that are proved inside, by the ranges of integer tensors, stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from unrut.emitter.graph.laws import identity
from unrut.emitter.graph.linear import call, extent_expr, number
from unrut.emitter.graph.policies import all_of
from unrut.emitter.graph.ranges import Known, inside
from unrut.emitter.graph.windows import moved_whole
from unrut.program.affine import affine
from unrut.program.extents import Extent, provably_le
from unrut.program.nodes import Axis, Const, Expr, Read, ReduceKind, Where
from unrut.program.types import DType


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """The subscripts (by number) that are computed and not proved inside, and a condition that holds where one is outside."""

    dimensions: tuple[int, ...]
    outside: Expr


def leaving(
    written: Sequence[Expr], subscripts: Sequence[Expr], shape: tuple[Extent, ...], known: Known
) -> Leaving | None:
    """What may be outside among flat `subscripts`; None if nothing. Those that were `written` as affine are proved already."""
    found = [
        d
        for d, (w, s, n) in enumerate(zip(written, subscripts, shape, strict=True))
        if affine(w) is None and not inside(s, n, known)
    ]
    if not found:
        return None
    tests = [part for d in found for part in _outside(subscripts[d], shape[d])]
    total = tests[0]
    for test in tests[1:]:
        total = call("bitwise_or", total, test, dtype=DType.bool)
    return Leaving(dimensions=tuple(found), outside=total)


def _outside(subscript: Expr, extent: Extent) -> tuple[Expr, ...]:
    if extent.is_fixed and extent.value() <= 0:
        return (Const(value=True, dtype=DType.bool),)
    below = call("less", subscript, number(0), dtype=DType.bool)
    return below, call("greater_equal", subscript, extent_expr(extent), dtype=DType.bool)


def clamped(read: Read, shape: tuple[Extent, ...], dimensions: tuple[int, ...], whole: tuple[Axis, ...] = ()) -> Expr:
    """The read at the nearest places along some dimensions; 0, lazily, where one of them has none.

    Of axes in `whole` every place is asked for: a window along them is moved inside as a whole.
    """
    nothing = identity(ReduceKind.sum, read.dtype)
    subscripts = list(read.subscripts)
    some: list[Expr] = []
    for d in dimensions:
        extent = shape[d]
        if extent.is_fixed and extent.value() <= 0:
            return nothing
        if not provably_le(Extent(constant=1), extent):
            some.append(call("greater", extent_expr(extent), number(0), dtype=DType.bool))
        subscripts[d] = moved_whole(subscripts[d], extent, whole) or nearest(subscripts[d], extent)
    moved = replace(read, subscripts=tuple(subscripts))
    if not some:
        return moved
    return Where(condition=all_of(some), then=moved, otherwise=nothing, dtype=read.dtype, span=read.span)


def nearest(subscript: Expr, extent: Extent) -> Expr:
    """The place that is nearest to a subscript; 0 in a dimension without places."""
    return call("maximum", call("minimum", subscript, extent_expr(extent - 1)), number(0))
