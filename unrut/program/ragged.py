# SPDX-License-Identifier: Apache-2.0
"""Axes whose range is data: what their bounds say, as expressions that both readers evaluate.

    axis e: ptr[i] .. ptr[i + 1]     e runs over ptr[i] <= e < ptr[i + 1], for each place of its owner i

A bound that is not written is 0, or the extent. An axis may own another: bounds mention axes that are bound before it.
"""

from __future__ import annotations

from collections.abc import Iterator

from unrut.program.fold_nodes import Fold
from unrut.program.nodes import Along, Axis, AxisValue, Call, Const, Expr, ExtentValue, Program, Reduce, Where
from unrut.program.types import DType
from unrut.program.walk import free_axes, subexpressions

_FALSE = Const(value=False, dtype=DType.bool)


def is_ragged(axis: Axis) -> bool:
    """Whether an axis has a bound of its own."""
    return axis.start is not None or axis.stop is not None


def owners(axis: Axis) -> frozenset[str]:
    """The axes that the bounds of an axis mention."""
    return frozenset().union(*(free_axes(bound) for bound in (axis.start, axis.stop) if bound is not None))


def first_of(axis: Axis) -> Expr:
    """The first place of a range."""
    return Const(value=0, dtype=DType.i64) if axis.start is None else axis.start


def end_of(axis: Axis) -> Expr:
    """The place after the last one of a range."""
    return extent_of(axis) if axis.stop is None else axis.stop


def extent_of(axis: Axis) -> Expr:
    """The extent of an axis, in which its range lies, as a number."""
    if axis.extent.is_fixed:
        return Const(value=axis.extent.value(), dtype=DType.i64)
    return ExtentValue(extent=axis.extent)


def compared(function: str, left: Expr, right: Expr) -> Call:
    """A comparison of two integers."""
    return Call(function=function, arguments=(left, right), dtype=DType.bool)


def both(*conditions: Expr) -> Expr:
    """All of several conditions; there is at least one."""
    found, *rest = conditions
    for condition in rest:
        found = Call(function="bitwise_and", arguments=(found, condition), dtype=DType.bool)
    return found


def within(axis: Axis) -> tuple[Expr, ...]:
    """The conditions under which a place of [0, extent) is in the range of an axis; none if the range is all of it."""
    value = AxisValue(axis=axis.name)
    first = () if axis.start is None else (compared("greater_equal", value, axis.start),)
    last = () if axis.stop is None else (compared("less", value, axis.stop),)
    return (*first, *last)


def domain(reduce: Reduce | Fold) -> Expr | None:
    """Which places of the axes' extents a reduction takes: those in their ranges for which `where` holds, lazily."""
    ranges = tuple(condition for axis in reduce.axes for condition in within(axis))
    if not ranges:
        return reduce.where
    inside = both(*ranges)
    if reduce.where is None:
        return inside
    return Where(condition=inside, then=reduce.where, otherwise=_FALSE, dtype=DType.bool)


def ordered(axis: Axis) -> Expr:
    """`0 <= start <= stop <= extent`, what must hold of a range."""
    first, end = first_of(axis), end_of(axis)
    zero = Const(value=0, dtype=DType.i64)
    return both(
        compared("less_equal", zero, first),
        compared("less_equal", first, end),
        compared("less_equal", end, extent_of(axis)),
    )


def ragged_axes(program: Program) -> dict[str, Axis]:
    """The axes of a program that have bounds, by name: the first of each name, in the order of the text."""
    found: dict[str, Axis] = {}
    for axis in bound_axes(program):
        if is_ragged(axis):
            found.setdefault(axis.name, axis)
    return found


def bound_axes(program: Program) -> Iterator[Axis]:
    """Every axis as it is bound by a statement or a reduction, or mentioned by a function along it."""
    for statement in program.statements:
        yield from statement.axes
        for expr in subexpressions(statement.body):
            if isinstance(expr, Reduce | Fold):
                yield from expr.axes
            elif isinstance(expr, Along):
                yield expr.axis
