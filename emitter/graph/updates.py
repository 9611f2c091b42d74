# SPDX-License-Identifier: Apache-2.0
"""Additions of a Program as updates: every place that is not proved is a condition, and what fails it is left out.

Before:  out[seg[e], f] += x[e, f]
After:   for e, f:  where 0 <= seg[e] < n:  out[seg[e], f] = out[seg[e], f] + x[e, f]
Because: nothing may be written outside; a check says that it was wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from unrut.emitter.graph.computation import Computation, Update
from unrut.emitter.graph.linear import call, extent_expr, number
from unrut.emitter.graph.names import Names
from unrut.program.extents import Extent
from unrut.program.nodes import Axis, Cast, Expr, Program, Read, Role, Statement
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


def with_wide_sums(program: Program, names: Names) -> Program:
    """The program in which nothing is added up in a type of 16 bits: in f32 beside it, rounded once at the end.

    Before:  y[k] = b[k]    y[p[e]] += x[e]                                                   in f16
    After:   y_total[k] = f32(b[k])    y_total[p[e]] += f32(x[e])    y[k] = f16(y_total[k])
    """
    wide = {s.target for s in program.statements if s.role is Role.adds and s.dtype.is_half}
    if not wide:
        return program
    totals = {target: names.fresh(f"{target}_total") for target in sorted(wide)}
    statements: list[Statement] = []
    for statement in program.statements:
        if statement.target not in totals:
            statements.append(statement)
            continue
        total = totals[statement.target]
        body = Cast(operand=statement.body, dtype=DType.f32, span=statement.span)
        statements.append(replace(statement, target=total, body=body, dtype=DType.f32))
        if statement.role is Role.defines:
            whole = Read(tensor=total, subscripts=statement.subscripts, dtype=DType.f32, span=statement.span)
            statements.append(replace(statement, body=Cast(operand=whole, dtype=statement.dtype, span=statement.span)))
    return replace(program, statements=tuple(statements))
