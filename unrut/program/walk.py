# SPDX-License-Identifier: Apache-2.0
"""The only generic recursion over expressions: children, rebuilding, free axes, reads, order of statements."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from heapq import heappop, heappush
from typing import assert_never

from unrut.errors import InternalError
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
    Scalar,
    Statement,
    Where,
)


def children(expr: Expr) -> tuple[Expr, ...]:
    """The direct sub-expressions, in the order in which they are written."""
    match expr:
        case Const() | AxisValue() | ExtentValue() | Scalar():
            return ()
        case Read(subscripts=subscripts, outside=outside):
            return subscripts if outside is None or isinstance(outside, OutsideMode) else (*subscripts, outside)
        case Call(arguments=arguments):
            return arguments
        case Where(condition=condition, then=then, otherwise=otherwise):
            return (condition, then, otherwise)
        case Cast(operand=operand):
            return (operand,)
        case Reduce(body=body, where=where):
            return (body, *((where,) if where is not None else ()), *outside_of(expr))
        case Along(body=body):
            return (body,)
        case _:
            assert_never(expr)


def outside_of(reduce: Reduce) -> tuple[Expr, ...]:
    """The children of a reduction that stand outside of its axes, last among its children: `initial`, `rank`."""
    return tuple(part for part in (reduce.initial, reduce.rank) if part is not None)


def rebuild(expr: Expr, parts: tuple[Expr, ...]) -> Expr:
    """The same node over other children (as many as `children` gives); dtype and span stay."""
    match expr:
        case Const() | AxisValue() | ExtentValue() | Scalar():
            return expr
        case Read(outside=outside):
            if outside is None or isinstance(outside, OutsideMode):
                return replace(expr, subscripts=parts)
            return replace(expr, subscripts=parts[:-1], outside=parts[-1])
        case Call():
            return replace(expr, arguments=parts)
        case Where():
            return replace(expr, condition=parts[0], then=parts[1], otherwise=parts[2])
        case Cast():
            return replace(expr, operand=parts[0])
        case Reduce():
            rest = list(parts[1:])
            old = (expr.where, expr.initial, expr.rank)
            where, initial, rank = (rest.pop(0) if part is not None else None for part in old)
            return replace(expr, body=parts[0], where=where, initial=initial, rank=rank)
        case Along():
            return replace(expr, body=parts[0])
        case _:
            assert_never(expr)


def map_bottom_up(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """Rebuild an expression from the leaves, `change` being applied to every node after its children."""
    parts = children(expr)
    return change(rebuild(expr, tuple(map_bottom_up(part, change) for part in parts)) if parts else expr)


def subexpressions(expr: Expr) -> Iterator[Expr]:
    """The expression and everything in it, parents first."""
    yield expr
    for part in children(expr):
        yield from subexpressions(part)


def reads(expr: Expr) -> Iterator[Read]:
    """Every Read in an expression, also those in subscripts and reductions."""
    return (e for e in subexpressions(expr) if isinstance(e, Read))


def free_axes(expr: Expr) -> frozenset[str]:
    """Names of the axes that an expression mentions and does not bind itself. `Along` keeps its axis free."""
    match expr:
        case AxisValue(axis=axis):
            return frozenset({axis})
        case Reduce(axes=axes, body=body, where=where):
            bound = frozenset(axis.name for axis in axes)
            inside = free_axes(body) | (free_axes(where) if where is not None else frozenset())
            return (inside - bound).union(*map(free_axes, outside_of(expr)))
        case Along(axis=axis, body=body):
            return free_axes(body) | {axis.name}
        case _:
            return frozenset().union(*(free_axes(part) for part in children(expr)))


def rename_axes(expr: Expr, names: dict[str, Expr]) -> Expr:
    """Replace free axis values by expressions. The caller sees to it that nothing is captured by an inner reduction."""
    match expr:
        case AxisValue(axis=axis):
            return names.get(axis, expr)
        case Reduce(axes=axes):
            inner = {k: v for k, v in names.items() if k not in {axis.name for axis in axes}}
            parts = children(expr)
            last = len(parts) - len(outside_of(expr))
            return rebuild(expr, tuple(rename_axes(p, inner if k < last else names) for k, p in enumerate(parts)))
        case Along(axis=axis) if axis.name in names:
            target = names[axis.name]
            if not isinstance(target, AxisValue):
                raise InternalError(f"axis `{axis.name}` of {expr.kind.value} cannot be replaced by an expression")
            return replace(expr, axis=replace(axis, name=target.axis), body=rename_axes(expr.body, names))
        case _:
            return rebuild(expr, tuple(rename_axes(part, names) for part in children(expr)))


def needs_of(program: Program) -> dict[str, set[str]]:
    """For each tensor that is defined, the names that its statements read, in the order of the text."""
    found: dict[str, set[str]] = {s.target: set() for s in program.defining()}
    for statement in program.statements:
        found[statement.target] |= {r.tensor for expr in statement.expressions() for r in reads(expr)}
    return found


def in_order(program: Program) -> tuple[Statement, ...]:
    """The statements so that each comes after those it reads; ties keep the text's order. Cycles are an InternalError.

    The statements of one tensor follow each other, the one that defines it first.
    """
    ordered = topological(needs_of(program))
    if len(ordered) < len(program.defining()):
        left = [s.target for s in program.defining() if s.target not in ordered]
        raise InternalError(f"statements {', '.join(left)} depend on each other in a circle")
    return tuple(s for name in ordered for s in (program.statement(name), *program.changing(name)))


def contributing(program: Program, tensors: Collection[str] | None = None) -> Program:
    """The program without the statements that no result, or none of these tensors, needs: those are for looking at.

    A statement whose extents alone are asked for, as numbers, stays too: it gives them their name.
    """
    statements: dict[str, list[Expr]] = {s.target: [] for s in program.statements}
    for statement in program.statements:
        statements[statement.target] += statement.expressions()
    waiting = list(program.results if tensors is None else tensors)
    given = {extent for operand in program.operands for extent in operand.shape}
    needed: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in needed or name not in statements:
            continue
        needed.add(name)
        for part in (part for expr in statements[name] for part in subexpressions(expr)):
            if isinstance(part, Read):
                waiting.append(part.tensor)
            elif isinstance(part, ExtentValue) and part.extent not in given:
                waiting.append(next(s.target for s in program.defining() if part.extent in s.shape))
    if len(needed) == len(statements):
        return program
    kept = tuple(s for s in program.statements if s.target in needed)
    parts = [part for s in kept for expr in s.expressions() for part in subexpressions(expr)]
    bound = {axis.name for s in kept for axis in s.axes}
    bound |= {a.name for part in parts if isinstance(part, Reduce) for a in part.axes}
    return replace(program, statements=kept, given=tuple(axis for axis in program.given if axis.name in bound))


def topological(needs: Mapping[str, Collection[str]]) -> list[str]:
    """Names so that each comes after those that it needs, the first possible one first; none of a circle or behind one."""
    place = {name: k for k, name in enumerate(needs)}
    missing = {name: {other for other in needed if other in needs} for name, needed in needs.items()}
    needed_by: dict[str, list[str]] = {}
    for name, others in missing.items():
        for other in others:
            needed_by.setdefault(other, []).append(name)
    ready = [(place[name], name) for name, others in missing.items() if not others]
    ordered = []
    while ready:
        name = heappop(ready)[1]
        ordered.append(name)
        for waiting in needed_by.get(name, ()):
            missing[waiting].discard(name)
            if not missing[waiting]:
                heappush(ready, (place[waiting], waiting))
    return ordered
