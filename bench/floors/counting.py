# SPDX-License-Identifier: Apache-2.0
"""Operations of a Program, by kind: each sub-expression as often as it has different values, and not more often.

- What does not depend on an axis is computed once for all its places; what reads through `y + k` alone, once for each value
  of the sum; equal sub-expressions of a statement once.
- A product that is added is one multiply-add. A sum of products of three and more factors takes the cheapest order of pairs.
- A division by what changes more slowly is a multiplication, and one division for each divisor.
- Conditions on axes (halves, residues, windows at an edge) are counted: what they leave out costs nothing. Of the branches
  that data choose between, each counts half.
- Index arithmetic, conditions on axes, and numbers made of nothing but numbers are free.
- An order statistic of n terms takes 0.4 n log2(n)^2 exchanges' operations, which is what good pruned networks have, or
  counting by bits where that is less: a convention, no lower bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from bench.floors.contraction import factors_of, pairwise
from bench.floors.demand import wanted_shares
from bench.floors.kinds import Work, combining, is_product, multiply_add, one, selection, times, work_of
from bench.floors.places import axes_of, conjuncts
from bench.floors.scope import Scope, reductions_in
from unrut.program.fold_nodes import Fold, Local
from unrut.program.nodes import (
    ORDER_STATISTICS,
    Along,
    AlongKind,
    AxisValue,
    Call,
    Cast,
    Const,
    Expr,
    Program,
    Read,
    Reduce,
    ReduceKind,
    Role,
    Statement,
    Where,
)  # fmt: skip
from unrut.program.types import DType
from unrut.program.walk import children, contributing, free_axes, outside_of, subexpressions

Array = np.ndarray[Any, Any]
_COMBINE = {
    ReduceKind.sum: "add", ReduceKind.prod: "mul", ReduceKind.max: "max", ReduceKind.min: "max", ReduceKind.any: "max",
    ReduceKind.all: "max", ReduceKind.count: "max",
}  # fmt: skip


def operations(program: Program, sizes: Mapping[str, int], arrays: Mapping[str, Array]) -> Work:
    """All operations that the results need."""
    program = contributing(program)
    whole = Scope(extents={}, sizes=sizes, arrays=arrays)
    wanted = wanted_shares(program, whole)
    return sum(
        (_Statement(s).count(replace(whole, part=wanted.get(s.target, 1.0))) for s in program.statements), Work()
    )


class _Statement:
    """One statement's operations; equal parts are counted once."""

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self.work = Work()
        self.seen: set[tuple[object, ...]] = set()

    def count(self, outside: Scope) -> Work:
        statement = self.statement
        scope = outside.inside(statement.axes)
        body = statement.body
        if statement.role is Role.adds:
            fused = is_product(body)
            places = scope.count(body, *statement.axes)
            self._add(multiply_add(body) if fused else combining("add", body.dtype), places)
            self._walk(body, scope, fused=fused)
            for subscript in statement.subscripts:
                self._index(subscript, scope)
        else:
            self._walk(body, scope)
        return self.work

    def _add(self, work: Work, places: float) -> None:
        self.work += times(work, places)

    def _walk(self, expr: Expr, scope: Scope, *, fused: bool = False) -> None:
        if not isinstance(expr, Const | AxisValue | Local):
            key = (
                expr,
                fused,
                tuple(sorted((n, scope.extents.get(n)) for n in free_axes(expr))),
                scope.guards,
                scope.part,
            )
            if key in self.seen:
                return
            self.seen.add(key)
        match expr:
            case Read():
                for subscript in expr.subscripts:
                    if axes_of(subscript) is None:
                        self._index(subscript, scope)
                for part in children(expr)[len(expr.subscripts) :]:
                    self._walk(part, scope)
            case Call():
                self._call(expr, scope, fused)
            case Where():
                self._where(expr, scope)
            case Cast():
                self._cast(expr, scope)
            case Reduce():
                self._reduce(expr, scope)
            case Fold():
                self._fold(expr, scope)
            case Along():
                self._along(expr, scope)
            case _:
                pass

    def _cast(self, cast: Cast, scope: Scope) -> None:
        given = cast.operand.dtype
        if _has_data(cast.operand) and given != cast.dtype and not cast.dtype.is_complex:
            self._add(one("convert", given if given.size > cast.dtype.size else cast.dtype), scope.count(cast))
        self._walk(cast.operand, scope)

    def _fold(self, fold: Fold, scope: Scope) -> None:
        inner = scope.inside(fold.axes, fold.where)
        places = max(inner.count(lift, *fold.axes) for lift in fold.lift)
        for lift in fold.lift:
            self._walk(lift, inner)
        self._conditions(fold.where, inner)
        for part in fold.combine:
            self._walk(part, replace(inner, fold=places, guards=()))
        self._walk(fold.finish, replace(scope, fold=scope.count(fold)))

    def _index(self, expr: Expr, scope: Scope) -> None:
        """A subscript: its arithmetic is free, reductions in it are not."""
        for part in reductions_in(expr):
            self._walk(part, scope)

    def _call(self, call: Call, scope: Scope, fused: bool) -> None:
        places = scope.count(call)
        products = [part for part in call.arguments if is_product(part) and scope.count(part) == places]
        if not (_has_data(call) or free_axes(call) or _has_local(call)):
            return
        if call.function in ("add", "subtract") and products:
            self._add(multiply_add(products[0]), places)
            for part in call.arguments:
                self._walk(part, scope, fused=part is products[0])
            return
        slower = scope.count(call.arguments[-1]) if call.function == "divide" else places
        if slower < places and call.dtype.is_float:
            self._add(one("mul", call.dtype), places)
            self._add(one("divide", call.dtype), slower)
        elif not fused:
            self._add(work_of(call), places)
        for part in call.arguments:
            self._walk(part, scope)

    def _conditions(self, condition: Expr | None, scope: Scope) -> None:
        for part in conjuncts(condition) if condition is not None else ():
            if axes_of(part) is None:
                self._walk(part, scope)

    def _where(self, expr: Where, scope: Scope) -> None:
        parts = conjuncts(expr.condition)
        on_axes = [part for part in parts if axes_of(part) is not None]
        share = 1.0 if len(on_axes) == len(parts) else 0.5
        self._conditions(expr.condition, scope)
        if share < 1:
            self._add(combining("max", expr.dtype), scope.count(expr))
        self._walk(expr.then, replace(scope, guards=(*scope.guards, *on_axes), part=scope.part * share))
        whole = Call(function="invert", arguments=(expr.condition,), dtype=DType.bool)
        other = (whole,) if share == 1 else ()
        self._walk(expr.otherwise, replace(scope, guards=(*scope.guards, *other), part=scope.part * share))

    def _reduce(self, expr: Reduce, scope: Scope) -> None:
        body, where = expr.body, expr.where
        if expr.kind is ReduceKind.sum and isinstance(body, Where) and _is_zero(body.otherwise) and _on_axes(body):
            both = (body.condition, *((where,) if where is not None else ()))
            where = both[0] if len(both) == 1 else Call(function="bitwise_and", arguments=both, dtype=DType.bool)
            body = body.then
        inner = scope.inside(expr.axes, where)
        used = free_axes(body) | (free_axes(where) if where is not None else frozenset())
        reduced = tuple(axis for axis in expr.axes if axis.name in used)
        outer = tuple(a for a in _axes(scope, expr) if a.name in used)
        places = inner.count(body, *reduced, *outer)
        results = scope.count(expr)
        self._conditions(where, inner)
        for part in outside_of(expr):
            self._walk(part, scope)
        if expr.kind is ReduceKind.sum:
            factors = factors_of(body)
            if len(factors) > 2 and where is None and not inner.ragged:
                self._add(times(multiply_add(body), 1.0), pairwise(factors, expr, inner.extents))
                for factor in factors:
                    self._walk(factor, inner)
                return
            fused = is_product(body) and inner.count(body) == places
            self._add(multiply_add(body) if fused else combining("add", body.dtype), places)
            self._walk(body, inner, fused=fused)
            return
        self._walk(body, inner)
        if expr.kind in ORDER_STATISTICS:
            self._add(selection(places / max(results, 1), body.dtype, several=_ranks(expr, scope)), _lines(expr, scope))
        elif expr.kind is ReduceKind.logsumexp:
            self._add(combining("max", body.dtype) + one("add", body.dtype, 2) + one("exp", body.dtype), places)
            self._add(one("log", body.dtype) + one("add", body.dtype), results)
        elif expr.kind in (ReduceKind.argmax, ReduceKind.argmin):
            self._add(one("max", body.dtype, 2), places)
        else:
            self._add(combining(_COMBINE[expr.kind], body.dtype), places)

    def _along(self, expr: Along, scope: Scope) -> None:
        places = scope.count(expr)
        self._walk(expr.body, scope)
        if expr.kind is AlongKind.softmax:
            lines = places / max(1, scope.extents[expr.axis.name])
            self._add(one("max", expr.dtype) + one("add", expr.dtype, 2) + one("exp", expr.dtype), places)
            self._add(one("mul", expr.dtype), places)
            self._add(one("divide", expr.dtype), lines)
        else:
            kind = {AlongKind.cumsum: "add", AlongKind.cumprod: "mul"}.get(expr.kind, "max")
            self._add(combining(kind, expr.dtype), places)


def _axes(scope: Scope, expr: Expr) -> tuple[Any, ...]:
    from unrut.program.extents import as_extent
    from unrut.program.nodes import Axis

    return tuple(Axis(name=name, extent=as_extent(scope.extents[name])) for name in sorted(free_axes(expr)))


def _ranks(expr: Reduce, scope: Scope) -> float:
    """How many ranks of the same terms are asked for."""
    own = free_axes(expr.rank) if expr.rank is not None else frozenset()
    found = 1.0
    for name in own - free_axes(expr.body):
        found *= scope.extents[name]
    return found


def _lines(expr: Reduce, scope: Scope) -> float:
    return scope.count(expr) / _ranks(expr, scope)


def _has_data(expr: Expr) -> bool:
    return any(isinstance(part, Read) for part in subexpressions(expr))


def _has_local(expr: Expr) -> bool:
    return any(isinstance(part, Local) for part in subexpressions(expr))


def _is_zero(expr: Expr) -> bool:
    while isinstance(expr, Cast):
        expr = expr.operand
    return isinstance(expr, Const) and expr.value == 0


def _on_axes(choice: Where) -> bool:
    return all(axes_of(part) is not None for part in conjuncts(choice.condition))
