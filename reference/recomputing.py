# SPDX-License-Identifier: Apache-2.0
"""Intermediates that are not stored but computed again wherever they are read.

    t[a, b] = e(a, b)   and a read t[p, q]   become   T(e(p, q))   with T the conversion to t's own dtype

The conversion is what storing does: a value is rounded once, at its statement, so both ways give the same values. An
intermediate of which no reader shares an outer axis, like `t[i, j] = x[i]*x[j]` in `sum[i, j](t[i, j]**2)`, has no
smaller part that a block of its readers needs; this way it needs no memory at all, and more time. So it is done only to
intermediates that don't fit, and only where

- t is not computed step by step, and has no places before its range;
- `e` is pointwise: a reduction or a softmax done again at every read would cost a factor of its length. So also no
  axis of a reader can be captured by a reduction in `e`;
- every read has a policy, or subscripts of a form that is proved inside (affine, `//`, `%`): that a read of t is an
  error can't be seen from `e`. A policy acts first, on the subscripts: with a mode `e` is evaluated at the places
  that it brings them back to (`bring_back` in `reads`), with a value as `where(inside, T(e(p, q)), value)`;
- no subscript is read from a tensor, since it would have to be known before it is known to be inside;
- `e` reads at no computed place: an invalid one is an error wherever it stands in t, whether t is read there or not;
- the expressions stay of a moderate size: a chain of statements that each read the one before twice would double it
  at every step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from unrut.program.extents import Extent
from unrut.program.fold_nodes import Fold
from unrut.program.nodes import (
    Along,
    AxisValue,
    Call,
    Cast,
    Const,
    Expr,
    ExtentValue,
    OutsideMode,
    Program,
    Read,
    Reduce,
    Statement,
    Where,
)
from unrut.program.types import DType
from unrut.program.walk import free_axes, map_bottom_up, reads, rename_axes, subexpressions
from unrut.reference.recurrences import held_whole

LARGEST = 1000
"""Nodes of one statement's body, up to which intermediates are written out in it."""


def recomputable(program: Program, statement: Statement) -> bool:
    """Whether an intermediate may be computed again at its reads."""
    if statement.target in held_whole(program):
        return False
    if any(isinstance(part, (Reduce, Fold, Along)) for part in subexpressions(statement.body)):
        return False
    if any(r.outside is None and not all(map(_proved_inside, r.subscripts)) for r in reads(statement.body)):
        return False
    nodes = _nodes(statement.body)
    for reader in program.statements:
        found = [r for expr in reader.expressions() for r in reads(expr) if r.tensor == statement.target]
        if not all(map(_is_seen_through, found)):
            return False
        # Every axis in the body becomes a subscript besides: in reads of a usual form that is a few nodes each.
        if found and sum(map(_nodes, reader.expressions())) + len(found) * nodes > LARGEST:
            return False
    return True


def recomputed(program: Program, statement: Statement) -> Program:
    """The program without an intermediate, its body standing at the reads of it."""

    def written_out(expr: Expr) -> Expr:
        if not isinstance(expr, Read) or expr.tensor != statement.target:
            return expr
        asked = tuple(zip(expr.subscripts, map(_number, statement.shape), strict=True))
        places = [bring_back(s, n, expr.outside) if isinstance(expr.outside, OutsideMode) else s for s, n in asked]
        at = dict(zip((axis.name for axis in statement.axes), places, strict=True))
        value = Cast(operand=rename_axes(statement.body, at), dtype=statement.dtype, span=expr.span)
        if expr.outside is None or isinstance(expr.outside, OutsideMode):
            return value
        return Where(condition=within(asked), then=value, otherwise=expr.outside, dtype=expr.dtype, span=expr.span)

    return replace(
        program,
        statements=tuple(
            replace(
                s,
                subscripts=tuple(map_bottom_up(subscript, written_out) for subscript in s.subscripts),
                body=map_bottom_up(s.body, written_out),
            )
            if any(r.tensor == statement.target for expr in s.expressions() for r in reads(expr))
            else s
            for s in program.statements
            if s.target != statement.target
        ),
    )


def bring_back(subscript: Expr, extent: Expr, mode: OutsideMode) -> Expr:
    """The place inside that stands for a subscript, as an expression of it: what `bring_back` in `reads` computes."""
    zero, one, two = (Const(value=k, dtype=DType.i64) for k in range(3))
    last = _call("subtract", extent, one)
    match mode:
        case OutsideMode.edge:
            return _call("minimum", _call("maximum", subscript, zero), last)
        case OutsideMode.wrap:
            return _call("remainder", subscript, extent)
        case OutsideMode.reflect:
            turn = _call("remainder", subscript, _call("maximum", one, _call("multiply", two, last)))
            back = _call("subtract", _call("multiply", two, last), turn)
        case OutsideMode.symmetric:
            turn = _call("remainder", subscript, _call("multiply", two, extent))
            back = _call("subtract", _call("add", last, extent), turn)
        case _:
            assert_never(mode)
    forth = _call("less", turn, extent, DType.bool)
    return Where(condition=forth, then=turn, otherwise=back, dtype=DType.i64)


def within(subscripts: Sequence[tuple[Expr, Expr]]) -> Expr:
    """Whether all subscripts are inside, each given with the extent of its dimension."""
    zero = Const(value=0, dtype=DType.i64)
    inside: Expr = Const(value=True, dtype=DType.bool)
    for s, n in subscripts:
        for limit in (_call("greater_equal", s, zero, DType.bool), _call("less", s, n, DType.bool)):
            inside = _call("bitwise_and", inside, limit, DType.bool)
    return inside


def _call(function: str, left: Expr, right: Expr, dtype: DType = DType.i64) -> Call:
    return Call(function=function, arguments=(left, right), dtype=dtype)


def _number(extent: Extent) -> Expr:
    if extent.is_fixed:
        return Const(value=extent.value(), dtype=DType.i64)
    return ExtentValue(extent=extent)


def _nodes(expr: Expr) -> int:
    return sum(1 for _ in subexpressions(expr))


def _is_seen_through(read: Read) -> bool:
    """Whether what a read gives, and that it is no error, follows from the body of the tensor."""
    if read.outside is None:
        return all(map(_proved_inside, read.subscripts))
    return not any(True for s in read.subscripts for _ in reads(s))


def _proved_inside(subscript: Expr) -> bool:
    """Whether a subscript is of a form that is proved inside before anything runs."""
    match subscript:
        case Const() | AxisValue() | ExtentValue():
            return True
        case Call(function="negative", arguments=(operand,)):
            return _proved_inside(operand)
        case Call(function="add" | "subtract", arguments=(left, right)):
            return _proved_inside(left) and _proved_inside(right)
        case Call(function="multiply", arguments=(left, right)):
            fixed = not free_axes(left) or not free_axes(right)
            return fixed and _proved_inside(left) and _proved_inside(right)
        case Call(function="floor_divide" | "remainder", arguments=(left, Const() | ExtentValue())):
            return _proved_inside(left)
        case _:
            return False
