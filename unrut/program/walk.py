# SPDX-License-Identifier: Apache-2.0
"""The only generic recursion over expressions: children, rebuilding, free axes, reads, order of statements."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from itertools import islice
from typing import assert_never

from unrut.errors import InternalError
from unrut.program.cycles import Cycle, topological
from unrut.program.fold_nodes import Fold, Local
from unrut.program.nodes import (
    Along,
    Axis,
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
    Role,
    Scalar,
    Statement,
    Where,
)
from unrut.program.remembering import remembered


def children(expr: Expr) -> tuple[Expr, ...]:
    """The direct sub-expressions, in the order in which they are written."""
    match expr:
        case Const() | AxisValue() | ExtentValue() | Scalar() | Local():
            return ()
        case Read(subscripts=subscripts, outside=outside):
            return subscripts if outside is None or isinstance(outside, OutsideMode) else (*subscripts, outside)
        case Call(arguments=arguments):
            return arguments
        case Where(condition=condition, then=then, otherwise=otherwise):
            return (condition, then, otherwise)
        case Cast(operand=operand):
            return (operand,)
        case Reduce(axes=axes, body=body, where=where):
            return (body, *((where,) if where is not None else ()), *bounds_of(axes), *outside_of(expr))
        case Fold(axes=axes, identity=identity, lift=lift, combine=combine, finish=finish, where=where):
            conditions = (*((where,) if where is not None else ()), *bounds_of(axes))
            return (*lift, *conditions, *identity, *combine, finish)
        case Along(axis=axis, body=body):
            return (body, *bounds_of((axis,)))
        case _:
            assert_never(expr)


def outside_of(reduce: Reduce) -> tuple[Expr, ...]:
    """The children of a reduction that stand outside of its axes, last among its children: `initial`, `rank`."""
    return tuple(part for part in (reduce.initial, reduce.rank) if part is not None)


def bounds_of(axes: tuple[Axis, ...]) -> Iterator[Expr]:
    """The bounds of ranges that have some, in order."""
    return (bound for axis in axes for bound in (axis.start, axis.stop) if bound is not None)


def rebound(axes: tuple[Axis, ...], bounds: Iterator[Expr]) -> tuple[Axis, ...]:
    """The axes with other bounds, as many as `bounds_of` gives."""
    return tuple(
        axis
        if axis.start is None and axis.stop is None
        else replace(
            axis,
            start=None if axis.start is None else next(bounds),
            stop=None if axis.stop is None else next(bounds),
        )
        for axis in axes
    )


def rebuild(expr: Expr, parts: tuple[Expr, ...]) -> Expr:
    """The same node over other children (as many as `children` gives); dtype and span stay."""
    if all(new is old for new, old in zip(parts, children(expr), strict=True)):
        return expr
    match expr:
        case Const() | AxisValue() | ExtentValue() | Scalar() | Local():
            return expr
        case Read(outside=outside):
            if outside is None or isinstance(outside, OutsideMode):
                return Read(tensor=expr.tensor, subscripts=parts, dtype=expr.dtype, outside=outside, span=expr.span)
            return replace(expr, subscripts=parts[:-1], outside=parts[-1])
        case Call():
            return Call(function=expr.function, arguments=parts, dtype=expr.dtype, span=expr.span)
        case Where():
            return replace(expr, condition=parts[0], then=parts[1], otherwise=parts[2])
        case Cast():
            return replace(expr, operand=parts[0])
        case Reduce(axes=axes):
            rest = iter(parts[1:])
            where = next(rest) if expr.where is not None else None
            axes = rebound(axes, rest)
            initial, rank = (next(rest) if part is not None else None for part in (expr.initial, expr.rank))
            return replace(expr, body=parts[0], where=where, axes=axes, initial=initial, rank=rank)
        case Fold():
            return _refolded(expr, parts)
        case Along(axis=axis):
            return replace(expr, body=parts[0], axis=rebound((axis,), iter(parts[1:]))[0])
        case _:
            assert_never(expr)


def _refolded(fold: Fold, parts: tuple[Expr, ...]) -> Fold:
    rest, n = iter(parts), len(fold.states)
    lift = tuple(islice(rest, n))
    where = next(rest) if fold.where is not None else None
    axes = rebound(fold.axes, rest)
    identity, combine = tuple(islice(rest, n)), tuple(islice(rest, n))
    return replace(fold, lift=lift, where=where, axes=axes, identity=identity, combine=combine, finish=next(rest))


def map_bottom_up(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """Rebuild an expression from the leaves, `change` being applied to every node after its children."""
    parts = children(expr)
    return change(rebuild(expr, tuple(map_bottom_up(part, change) for part in parts)) if parts else expr)


def subexpressions(expr: Expr) -> Iterator[Expr]:
    """The expression and everything in it, parents first."""
    waiting = [expr]
    while waiting:
        part = waiting.pop()
        yield part
        waiting += reversed(children(part))


def reads(expr: Expr) -> Iterator[Read]:
    """Every Read in an expression, also those in subscripts and reductions."""
    return iter(_reads(expr))


@remembered
def _reads(expr: Expr) -> tuple[Read, ...]:
    inside = tuple(read for part in children(expr) for read in _reads(part))
    return (expr, *inside) if isinstance(expr, Read) else inside


@remembered
def free_axes(expr: Expr) -> frozenset[str]:
    """Names of the axes that an expression mentions and does not bind itself. `Along` keeps its axis free."""
    match expr:
        case AxisValue(axis=axis):
            return frozenset({axis})
        case Reduce(axes=axes, body=body, where=where):
            bound = frozenset(axis.name for axis in axes)
            inside = free_axes(body) | (free_axes(where) if where is not None else frozenset())
            inside = inside.union(*map(free_axes, bounds_of(axes)))
            return (inside - bound).union(*map(free_axes, outside_of(expr)))
        case Fold(axes=axes):
            inside = frozenset[str]().union(*(free_axes(part) for part in children(expr)))
            return inside - {axis.name for axis in axes}
        case Along(axis=axis, body=body):
            return free_axes(body).union({axis.name}, *map(free_axes, bounds_of((axis,))))
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
        case Fold(axes=axes):
            inner = {k: v for k, v in names.items() if k not in {axis.name for axis in axes}}
            return rebuild(expr, tuple(rename_axes(part, inner) for part in children(expr)))
        case Along(axis=axis) if axis.name in names:
            target = names[axis.name]
            if not isinstance(target, AxisValue):
                raise InternalError(f"axis `{axis.name}` of {expr.kind.value} cannot be replaced by an expression")
            renamed = rebuild(expr, tuple(rename_axes(part, names) for part in children(expr)))
            assert isinstance(renamed, Along)
            return replace(renamed, axis=replace(renamed.axis, name=target.axis))
        case _:
            return rebuild(expr, tuple(rename_axes(part, names) for part in children(expr)))


def needs_of(program: Program) -> dict[str, set[str]]:
    """For each tensor that is defined, the names that its statements read, in the order of the text."""
    found: dict[str, set[str]] = {s.target: set() for s in program.defining()}
    for statement in program.statements:
        found[statement.target] |= {r.tensor for expr in statement.expressions() for r in reads(expr)}
    return found


def in_order(program: Program) -> tuple[Statement, ...]:
    """The statements so that each comes after those it reads; ties keep the text's order.

    The statements of one tensor follow each other, the one that defines it first; the members of a cycle follow each
    other in the order of one step. A circle that is no Cycle is an InternalError.
    """
    names = [n for part in parts_of(program) for n in (part.tensors() if isinstance(part, Cycle) else (part,))]
    return tuple(s for name in names for s in (program.statement(name), *program.changing(name)))


def parts_of(program: Program) -> tuple[str | Cycle, ...]:
    """The tensors that a program defines and its cycles, each after what it reads; ties keep the text's order."""
    needs = needs_of(program)
    cycles = {name: cycle for cycle in program.cycles for name in cycle.tensors()}
    found = {name: cycles[name].tensors()[0] if name in cycles else name for name in needs}
    joined: dict[str, set[str]] = {}
    for name, read in needs.items():
        wanted = {found[other] for other in read if other in found}
        inside = wanted - {found[name]} if name in cycles else wanted
        joined.setdefault(found[name], set()).update(inside)
    ordered = topological(joined)
    if len(ordered) < len(joined):
        left = [name for name in joined if name not in ordered]
        raise InternalError(f"statements {', '.join(left)} depend on each other in a circle")
    return tuple(cycles.get(name, name) for name in ordered)


def cycle_of(program: Program, tensor: str) -> Cycle | None:
    """The outermost cycle that a tensor is in."""
    return next((cycle for cycle in program.cycles if tensor in cycle.tensors()), None)


def before(program: Program, tensor: str) -> tuple[int, ...]:
    """How many places before its range a tensor has in each dimension, by the statements that start it."""
    found = [0] * len(program.shape_of(tensor))
    for statement in program.statements:
        if statement.target == tensor and statement.role is Role.starts:
            for d, subscript in enumerate(statement.subscripts):
                if isinstance(subscript, Const):
                    found[d] = max(found[d], -int(subscript.value))
    return tuple(found)


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
    bound |= {a.name for part in parts if isinstance(part, Reduce | Fold) for a in part.axes}
    given_axes = tuple(axis for axis in program.given if axis.name in bound)
    cycles = tuple(cycle for cycle in program.cycles if cycle.tensors()[0] in needed)
    return replace(program, statements=kept, given=given_axes, cycles=cycles)
