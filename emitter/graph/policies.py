# SPDX-License-Identifier: Apache-2.0
"""Reads that may leave their operand, as index arithmetic on reads that never do.

    edge        min(max(s, 0), n - 1)
    wrap        s mod n
    reflect     r = s mod max(2n - 2, 1);  min(r, 2n - 2 - r), 0 for n = 1
    symmetric   r = s mod 2n;              min(r, 2n - 1 - r)
    a value     where(0 <= s < n, tensor[s], value), lazily

for subscript s of a dimension of extent n; subscripts that are proved inside stay as they are. `mod` floors. Source: the
modes of NumPy's `pad`, which these formulas reproduce for any distance from the operand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from unrut.emitter.graph.linear import call, expression, extent_expr, linear, number
from unrut.emitter.graph.ranges import Known, inside
from unrut.program.extents import Extent
from unrut.program.nodes import Expr, OutsideMode, Read, Where
from unrut.program.types import DType


def settle(read: Read, shape: tuple[Extent, ...], known: Known) -> Expr:
    """A read without a policy that gives the same value wherever `known` holds."""
    if read.outside is None:
        return read
    plain = replace(read, outside=None)
    leaving = [not inside(s, n, known) for s, n in zip(read.subscripts, shape, strict=True)]
    if not any(leaving):
        return plain
    if isinstance(read.outside, OutsideMode):
        mode = read.outside
        ends = zip(read.subscripts, shape, leaving, strict=True)
        return replace(plain, subscripts=tuple(moved(s, n, mode) if out else s for s, n, out in ends))
    tests = [
        test
        for s, n, out in zip(read.subscripts, shape, leaving, strict=True)
        if out
        for test in (
            call("greater_equal", s, number(0), dtype=DType.bool),
            call("less", s, extent_expr(n), dtype=DType.bool),
        )
    ]
    return Where(condition=all_of(tests), then=plain, otherwise=read.outside, dtype=read.dtype, span=read.span)


def all_of(tests: Sequence[Expr]) -> Expr:
    """The conjunction of one or more conditions."""
    total = tests[0]
    for test in tests[1:]:
        total = call("bitwise_and", total, test, dtype=DType.bool)
    return total


def moved(subscript: Expr, extent: Extent, mode: OutsideMode) -> Expr:
    """The place inside that stands for a subscript under a mode."""
    size = extent_expr(extent)
    match mode:
        case OutsideMode.edge:
            return call("maximum", call("minimum", subscript, extent_expr(extent - 1)), number(0))
        case OutsideMode.wrap:
            return call("remainder", subscript, size)
        case OutsideMode.symmetric:
            rest = call("remainder", subscript, extent_expr(extent * 2))
            return call("minimum", rest, _less(extent_expr(extent * 2 - 1), rest))
        case OutsideMode.reflect:
            period = extent_expr(extent * 2 - 2)
            if extent.is_fixed and extent.value() <= 1:
                return number(0)
            if not extent.is_fixed:
                period = call("maximum", period, number(1))
            rest = call("remainder", subscript, period)
            return call("maximum", call("minimum", rest, _less(extent_expr(extent * 2 - 2), rest)), number(0))
        case _:
            assert_never(mode)


def _less(left: Expr, right: Expr) -> Expr:
    return expression(linear(left) - linear(right))
