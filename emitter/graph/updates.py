# SPDX-License-Identifier: Apache-2.0
"""Additions of a Program as updates: every place that is not proved is a condition, and what fails it is left out.

Before:  out[seg[e], f] += x[e, f]
After:   for e, f:  where 0 <= seg[e] < n:  out[seg[e], f] = out[seg[e], f] + x[e, f]
Because: nothing may be written outside; a check says that it was wanted.
"""

from __future__ import annotations

from collections.abc import Sequence

from unrut.emitter.graph.computation import Computation, Update
from unrut.emitter.graph.linear import call, extent_expr, number
from unrut.program.extents import Extent
from unrut.program.nodes import Axis, Expr, Role, Statement
from unrut.program.types import DType


def inside_conditions(
    subscripts: Sequence[Expr], shape: Sequence[Extent], dimensions: Sequence[int]
) -> tuple[Expr, ...]:
    """That some of the subscripts are inside."""
    found: list[Expr] = []
    for d in dimensions:
        found.append(call("greater_equal", subscripts[d], number(0), dtype=DType.bool))
        found.append(call("less", subscripts[d], extent_expr(shape[d]), dtype=DType.bool))
    return tuple(found)


def update_of(
    statement: Statement,
    name: str,
    axes: tuple[Axis, ...],
    body: Expr,
    places: tuple[Expr, ...],
    where: tuple[Expr, ...],
) -> Computation:
    """A statement that adds or covers, its parts flat, as a computation."""
    covers = statement.role is Role.covers
    apart = tuple(axis.name for axis in axes) if covers else ()
    function = "store" if covers else "add"
    return Computation(
        name=name,
        axes=axes,
        dtype=statement.dtype,
        body=body,
        reduction=None,
        update=Update(target=statement.target, places=places, function=function, where=where, apart=apart),
        statement=statement.target,
    )
