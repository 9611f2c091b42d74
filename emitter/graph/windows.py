# SPDX-License-Identifier: Apache-2.0
"""Computed places of whole windows: `x[p[b] + k]` for every k, of which the first and the last decide.

Before:  invalid where p[b] + k < 0 | p[b] + k >= n, for every b and k     x[min(max(p[b] + k, 0), n - 1)]
After:   invalid where it is so for k = 0 or k = m - 1, for every b        x[min(max(p[b], 0), n - m) + k]
Because: then k is no part of the check, and the places of a window follow each other, for lanes along k. Where all of a
window is asked for, none of it has a meaning once some of it is outside, so it may be moved as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable

from unrut.emitter.graph.linear import Linear, axis_value, call, constant, expression, extent_expr, linear, number
from unrut.program.extents import Extent, provably_le
from unrut.program.nodes import Axis, AxisValue, Call, Expr
from unrut.program.types import DType
from unrut.program.walk import free_axes, rename_axes

_COMPARISONS = ("less", "less_equal", "greater", "greater_equal")


def at_ends(bad: Expr, axes: Iterable[Axis]) -> Expr:
    """A condition that holds somewhere along these axes just where the given one does, without those that it is linear in.

    Comparisons of linear forms joined by `|`: one that holds at some place of an axis holds at its first or its last. The
    axes have a place. Sums that wrap are found, too: then one end is outside.
    """
    for axis in axes:
        parts = _alternatives(bad)
        touched = [part for part in parts if axis.name in free_axes(part)]
        if not touched or not all(_is_linear(part, axis.name) for part in touched):
            continue
        last = extent_expr(axis.extent - 1)
        ends: list[Expr] = []
        for part in parts:
            moved = [rename_axes(part, {axis.name: end}) for end in (number(0), last)] if part in touched else [part]
            ends += [end for end in moved if end not in ends]
        bad = ends[0]
        for end in ends[1:]:
            bad = call("bitwise_or", bad, end, dtype=DType.bool)
    return bad


def _alternatives(condition: Expr) -> tuple[Expr, ...]:
    match condition:
        case Call(function="bitwise_or", arguments=(left, right), dtype=DType.bool):
            return _alternatives(left) + _alternatives(right)
        case _:
            return (condition,)


def _is_linear(condition: Expr, axis: str) -> bool:
    match condition:
        case Call(function=function, arguments=(left, right)) if function in _COMPARISONS and left.dtype is DType.i64:
            return all(_alone(linear(side), axis) for side in (left, right))
        case _:
            return False


def _alone(form: Linear, axis: str) -> bool:
    """Whether an axis takes part in a form as a term of its own, or not at all."""
    return axis not in form.without(axis).axes()


def moved_whole(subscript: Expr, extent: Extent, axes: Iterable[Axis]) -> Expr | None:
    """The subscript with the window along these axes moved inside; None if there is no window, or it may not fit."""
    form, low, high = linear(subscript), Extent(), Extent()
    window = constant(0)
    for axis in axes:
        c = form.coefficient(axis.name)
        if c and _alone(form, axis.name):
            window = window + axis_value(axis.name) * c
            low, high = (low + (axis.extent - 1) * c, high) if c < 0 else (low, high + (axis.extent - 1) * c)
    rest = form - window
    if not window.terms or not rest.terms or any(isinstance(atom, AxisValue) for _, atom in rest.terms):
        return None
    if not provably_le(high - low + 1, extent):
        return None
    first = call("minimum", expression(rest), extent_expr(extent - 1 - high))
    return expression(linear(call("maximum", first, extent_expr(low * -1))) + window)
