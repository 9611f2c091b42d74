# SPDX-License-Identifier: Apache-2.0
"""What is written and has no part in the result: axes, tensors, operands, scalars, empty ranges."""

from __future__ import annotations

from collections.abc import Iterator

from unrut.debugging.finding import LOOK, MISTAKE, Finding, place_of
from unrut.debugging.sites import bound_axes, plain, sites
from unrut.program.nodes import Axis, Const, Expr, Program, Read, Reduce, ReduceKind, Role, Scalar, Statement
from unrut.program.show import Printer
from unrut.program.walk import children, contributing, free_axes, subexpressions


def unused(program: Program) -> Iterator[Finding]:
    """Everything of this kind in a program."""
    printer = Printer(program)
    for statement in program.statements:
        yield from _unused_axes(statement, printer)
        yield from _empty(statement, printer)
    yield from _unused_names(program)


def _unused_axes(statement: Statement, printer: Printer) -> Iterator[Finding]:
    for site in sites(statement):
        for axis in bound_axes(site.expr):
            mentioned = frozenset().union(*map(free_axes, children(site.expr)))
            if axis.name not in mentioned and not _is_empty(axis) and not _counts(site.expr):
                certain = axis.extent.is_fixed and axis.start is None and axis.stop is None and not _chooses(site.expr)
                times = f"takes every term {axis.extent} times" if certain else "repeats every term"
                yield Finding(
                    kind="index never used",
                    level=MISTAKE,
                    message=f"`{axis.name}` is reduced over and stands in no subscript, which {times}",
                    places=place_of((site.expr, f"no `{axis.name}` in here")),
                    remedy=f"a subscript with `{axis.name}`, or take it out of the reduction",
                    statement=statement.target,
                )
    mentioned = frozenset().union(*map(free_axes, statement.expressions()))
    for axis in statement.axes if statement.role is Role.defines else ():
        if axis.name not in mentioned and not _is_empty(axis) and not _is_one(axis) and _has_reads(statement):
            yield Finding(
                kind="repeated along an index",
                level=LOOK,
                message=f"`{statement.target}` is the same for every `{axis.name}`: nothing on the right mentions it",
                places=place_of((statement, f"no `{axis.name}` in here")),
                remedy=f"a subscript with `{axis.name}`, or leave it out of `{statement.target}[...]`",
                statement=statement.target,
            )


def _counts(expr: Expr) -> bool:
    """Whether a reduction gives the number of its places: a sum of a number, or `count`."""
    if not isinstance(expr, Reduce):
        return False
    return expr.kind is ReduceKind.count or (expr.kind is ReduceKind.sum and isinstance(plain(expr.body), Const))


def _chooses(expr: Expr) -> bool:
    """Whether a condition decides which places take part."""
    return getattr(expr, "where", None) is not None


def _has_reads(statement: Statement) -> bool:
    return any(isinstance(part, Read) for part in subexpressions(statement.body))


def _empty(statement: Statement, printer: Printer) -> Iterator[Finding]:
    for axis in statement.axes if statement.role is Role.defines else ():
        if _is_empty(axis):
            yield Finding(
                kind="empty result",
                level=MISTAKE,
                message=f"`{statement.target}` has no elements: `{axis.name}` runs over nothing",
                places=place_of((statement, f"{axis.name} < {max(0, axis.extent.value())}")),
                remedy="a window that fits into its operand, or `.outside(...)` where it may leave it",
                statement=statement.target,
            )
            return
    for site in sites(statement):
        for axis in bound_axes(site.expr):
            if _is_empty(axis):
                yield Finding(
                    kind="empty reduction",
                    level=MISTAKE,
                    message=f"`{printer.expr(site.expr)}` has no terms: `{axis.name}` runs over nothing",
                    places=place_of((site.expr, f"{axis.name} < {max(0, axis.extent.value())}")),
                    remedy=f"an operand of which `{axis.name}` indexes at least one place",
                    statement=statement.target,
                )


def _unused_names(program: Program) -> Iterator[Finding]:
    needed = contributing(program)
    kept = {s.target for s in needed.statements}
    for statement in program.defining():
        if statement.target not in kept:
            yield Finding(
                kind="tensor never used",
                level=MISTAKE,
                message=f"`{statement.target}` is computed, and no result needs it",
                places=place_of((statement, "")),
                remedy=f"read `{statement.target}` where it is meant, or leave the statement out",
                statement=statement.target,
            )
    parts = [part for s in needed.statements for expr in s.expressions() for part in subexpressions(expr)]
    read = {part.tensor for part in parts if isinstance(part, Read)}
    for operand in program.operands:
        if operand.name not in read:
            yield Finding(
                kind="operand never read",
                level=MISTAKE,
                message=f"no result reads an element of `{operand.name}`",
                places=place_of((operand, "")),
                remedy=f"read `{operand.name}` where it is meant, or take it out of the parameters",
            )
    scalars = {part.name for part in parts if isinstance(part, Scalar)}
    for name in program.scalars:
        if name not in scalars:
            yield Finding(
                kind="scalar never used",
                level=MISTAKE,
                message=f"no result depends on `{name}`",
                remedy=f"use `{name}` where it is meant, or take it out of the parameters",
            )


def _is_empty(axis: Axis) -> bool:
    return axis.extent.is_fixed and axis.extent.value() <= 0


def _is_one(axis: Axis) -> bool:
    return axis.extent.is_fixed and axis.extent.value() == 1
